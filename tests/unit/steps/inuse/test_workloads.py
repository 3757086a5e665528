"""What makes pods, with the history that a rollback goes back to."""

from __future__ import annotations

import pytest

from regsweep.steps.inuse.shapes import Strange
from regsweep.steps.inuse.workloads import (
    called_image,
    cron_job_images,
    job_images,
    revision_images,
    stored_template_images,
    template_images,
)
from tests.unit.steps.inuse.objects import DIGEST, SPAN, before, job, meta, owned_by, revision, template, workload

APP = [("app", "r/app:1")]


@pytest.mark.parametrize("replicas", [0, 3])
def test_a_template_counts_with_or_without_replicas(replicas):
    assert [found for found in template_images(workload("r/app:1", replicas=replicas)) if found[1]] == APP


def test_a_replication_controller_may_have_no_template():
    assert list(template_images({"metadata": meta(), "spec": {"replicas": 1, "selector": {"app": "web"}}})) == []


def test_a_pod_template_counts_whoever_uses_it():
    assert list(stored_template_images({"metadata": meta(), "template": template("r/app:1")})) == APP


@pytest.mark.parametrize("suspend", [False, True])
def test_a_cron_job_counts_suspended_or_not(suspend):
    found = {
        "metadata": meta(),
        "spec": {"suspend": suspend, "jobTemplate": {"spec": {"template": template("r/app:1")}}},
    }
    assert list(cron_job_images(found)) == APP


def ended(kind: str, **age: float) -> dict[str, object]:
    return {"conditions": [{"type": kind, "status": "True", "lastTransitionTime": before(**age)}]}


JOBS = [
    ("running", {"active": 1}, False, True),
    ("without a status", {}, False, True),
    ("complete just now", ended("Complete", hours=1) | {"completionTime": before(hours=1)}, False, True),
    ("complete long ago", ended("Complete", hours=25) | {"completionTime": before(hours=25)}, False, False),
    ("failed long ago", ended("Failed", hours=25), False, False),
    ("failed just now", ended("Failed", hours=2), False, True),
    ("about to fail", ended("FailureTarget", hours=25), False, True),
    ("not complete", {"conditions": [{"type": "Complete", "status": "False"}]}, False, True),
    ("complete, nobody knows when", {"conditions": [{"type": "Complete", "status": "True"}]}, False, True),
    ("suspended", {"conditions": [{"type": "Suspended", "status": "True"}]}, True, True),
    ("suspended and complete long ago", ended("Complete", hours=25), True, True),
]  # fmt: skip


@pytest.mark.parametrize(("state", "suspend", "counts"), [case[1:] for case in JOBS], ids=[case[0] for case in JOBS])
def test_a_job_counts_until_it_is_over_for_long(state, suspend, counts):
    found = [image for _, image in job_images(job("r/job:1", suspend=suspend, **state), SPAN)]
    assert found == (["r/job:1"] if counts else [])


@pytest.mark.parametrize("owner", ["StatefulSet", "DaemonSet"])
def test_a_revision_holds_the_template_of_its_time(owner):
    found = list(revision_images(revision("r/db:1", "r/exporter:2", owner=owner)))
    assert found == [("app", "r/db:1"), ("sidecar", "r/exporter:2")]


@pytest.mark.parametrize("data", [None, "AAEC", {}, {"spec": {}}, {"spec": {"template": {"spec": {}}}}], ids=str)
def test_a_revision_of_ours_without_a_template_is_strange(data):
    with pytest.raises(Strange, match="data holds no pod template"):
        list(revision_images({"metadata": meta(ownerReferences=owned_by("DaemonSet", "d")), "data": data}))


def test_in_a_revision_of_another_controller_whatever_is_called_an_image_counts():
    data = {
        "spec": {
            "template": {
                "spec": {"containers": [{"image": "r/app:1"}], "volumes": [{"image": {"reference": "r/v:2"}}]}
            },
            "domain": {"volumes": [{"containerDisk": {"image": f"r/disk@{DIGEST}"}}, {"image": 7}]},
        }
    }
    found = {"metadata": meta(ownerReferences=owned_by("VirtualMachine", "vm")), "data": data}
    assert {image for _, image in revision_images(found)} == {"r/app:1", "r/v:2", f"r/disk@{DIGEST}"}


def test_a_document_may_be_very_deep():
    deep: dict[str, object] = {"image": "r/app:1"}
    for _ in range(5000):
        deep = {"a": [deep]}
    assert list(called_image(deep)) == ["r/app:1"]
