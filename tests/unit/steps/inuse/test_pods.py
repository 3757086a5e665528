"""Every place of a pod that names an image, and how long a finished one counts."""

from __future__ import annotations

import pytest

from regsweep.steps.inuse.pods import pod_images, spec_images
from tests.unit.steps.inuse.objects import DIGEST, SPAN, before, pod, pod_spec, status


def test_every_kind_of_container_and_volumes_of_images_count():
    spec = pod_spec("r/app:1", "r/proxy:2") | {
        "initContainers": [
            {"name": "wait", "image": "r/wait:3"},
            {"name": "log", "image": "r/log:4", "restartPolicy": "Always"},
        ],
        "ephemeralContainers": [{"name": "debug", "image": "r/debug:5", "targetContainerName": "app"}],
        "volumes": [
            {"name": "model", "image": {"reference": "r/model:6", "pullPolicy": "Always"}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }  # fmt: skip
    assert list(spec_images(spec)) == [
        ("wait", "r/wait:3"), ("log", "r/log:4"), ("app", "r/app:1"), ("sidecar", "r/proxy:2"), ("debug", "r/debug:5"),
        ("", "r/model:6"), ("", ""),
    ]  # fmt: skip


def test_what_the_node_took_counts_beside_what_was_asked_for():
    found = pod("r/app:1")
    found["status"] |= {
        "initContainerStatuses": [status("wait", "docker.io/r/wait:3", "docker-pullable://r/wait@" + DIGEST)],
        "ephemeralContainerStatuses": [status("debug", DIGEST, DIGEST)],
    }
    found["status"]["containerStatuses"][0]["volumeMounts"] = [
        {"name": "m", "mountPath": "/m", "volumeStatus": {"image": {"imageRef": f"r/model@{DIGEST}"}}},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    assert {image for _, image in pod_images(found, SPAN)} - {""} == {
        "r/app:1", f"r/app@{DIGEST}", f"r/model@{DIGEST}", "docker.io/r/wait:3", f"docker-pullable://r/wait@{DIGEST}",
        DIGEST,
    }  # fmt: skip


def ended(*hours: float) -> dict[str, object]:
    return {
        "containerStatuses": [
            status(f"c{number}", "r/app:1", "", terminated={"exitCode": 0, "finishedAt": before(hours=age)})
            for number, age in enumerate(hours)
        ]
    }


FINISHED = [
    ("running for years", "Running", ended(9000), True),
    ("pending", "Pending", {}, True),
    ("of no phase", "", {}, True),
    ("just now", "Succeeded", ended(1), True),
    ("long ago", "Succeeded", ended(25), False),
    ("failed long ago", "Failed", ended(25), False),
    ("the last container counts", "Succeeded", ended(900, 23), True),
    ("when is not known", "Failed", {"reason": "Evicted", "startTime": before(hours=9000)}, True),
    ("evicted long ago", "Failed", {"conditions": [{"type": "Ready", "lastTransitionTime": before(hours=25)}]}, False),
    ("evicted just now", "Failed", {"conditions": [{"type": "Ready", "lastTransitionTime": before(hours=2)}]}, True),
    ("a time that is none", "Failed", {"conditions": [{"type": "Ready", "lastTransitionTime": "yesterday"}]}, True),
    ("a time without a zone", "Failed", {"conditions": [{"lastTransitionTime": "2020-01-01T00:00:00"}]}, True),
    ("in the future", "Succeeded", ended(-50), True),
]


@pytest.mark.parametrize(("phase", "state", "counts"), [case[1:] for case in FINISHED], ids=[c[0] for c in FINISHED])
def test_a_finished_pod_counts_as_long_as_the_policy_says(phase, state, counts):
    found = pod("r/app:1", phase=phase)
    found["status"] = {"phase": phase} | state
    assert (("app", "r/app:1") in list(pod_images(found, SPAN))) is counts
