"""What a workload's and its pods' JSON say: selectors, rollouts, crashes, stores, switch and marker."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.core import marker
from regsweep.core.workload import SWITCH, crash, rolled_out, selector, unfit_storage

COUNTERS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")


def workload(**spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "registry", "env": []}]}}
    return {
        "metadata": {"name": "r", "uid": "u", "generation": 3},
        "spec": {"replicas": 1, "template": template} | spec,
        "status": {"observedGeneration": 3} | dict.fromkeys(COUNTERS, 1),
    }


def pod(**env: str) -> dict[str, Any]:
    variables = [{"name": name, "value": value} for name, value in ({"INJECTED": "x"} | env).items()]
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "registry", "env": variables}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def test_what_admission_adds_to_a_pod_does_not_make_it_old():
    assert rolled_out(workload(), [pod()], "registry")


def _changed(**path: Any) -> dict[str, Any]:
    found = workload()
    for key, value in path.items():
        found["status"][key] = value
    return found


def _terminating() -> dict[str, Any]:
    found = pod()
    found["metadata"]["deletionTimestamp"] = "now"
    return found


NOT_YET = [
    pytest.param(_changed(observedGeneration=2), [pod()], id="not seen by its controller"),
    *(pytest.param(_changed(**{counter: 0}), [pod()], id=counter) for counter in COUNTERS),
    pytest.param(_changed(updateRevision="b", currentRevision="a"), [pod()], id="revision"),
    pytest.param(workload(), [pod(), _terminating()], id="an old pod terminates"),
    pytest.param(workload(), [_terminating()], id="the only pod terminates"),
    pytest.param(workload(), [], id="no pod"),
    pytest.param(workload(), [pod(**{SWITCH: marker.READ_ONLY})], id="an old pod, counted as new"),
]


@pytest.mark.parametrize(("found", "pods"), NOT_YET)
def test_a_rollout_that_is_not_through(found, pods):
    assert not rolled_out(found, pods, "registry")


def test_an_evicted_pod_counts_for_nothing():
    evicted = pod() | {"status": {"phase": "Failed"}}
    assert rolled_out(workload(), [pod(), evicted], "registry")


def test_a_selector_in_the_words_of_a_list_request():
    expressions = [
        {"key": "a", "operator": "In", "values": ["x", "y"]},
        {"key": "b", "operator": "NotIn", "values": ["z"]},
        {"key": "c", "operator": "Exists"},
        {"key": "d", "operator": "DoesNotExist"},
    ]
    found = workload(selector={"matchLabels": {"app": "r"}, "matchExpressions": expressions})
    assert selector(found) == "app=r,a in (x,y),b notin (z),c,!d"


def test_only_a_pod_with_the_switch_is_ours_to_worry_about():
    status = {"containerStatuses": [{"name": "registry", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
    ours, foreign = (pod(**env) | {"status": status} for env in ({SWITCH: "x"}, {}))
    assert crash([foreign], "registry", SWITCH) == ""
    assert crash([foreign, ours], "registry", SWITCH) == "pod p is in CrashLoopBackOff: exit code None"


def _stored(
    volume: dict[str, Any], *, mount: str = "/var/lib/registry", replicas: int = 1, **spec: Any
) -> dict[str, Any]:
    container = {"name": "registry", "volumeMounts": [{"name": "d", "mountPath": mount}]}
    template = {"spec": {"containers": [container], "volumes": [{"name": "d"} | volume] if volume else []}}
    return workload(template=template, replicas=replicas, **spec)


CLAIM = {"persistentVolumeClaim": {"claimName": "c"}}
STORES = [
    pytest.param(_stored(CLAIM), "", id="claim"),
    pytest.param(_stored(CLAIM, replicas=3), "", id="shared claim"),
    pytest.param(_stored(CLAIM, mount="/var/lib"), "", id="mounted above"),
    pytest.param(_stored(CLAIM, mount="/var/lib/reg"), "on no volume", id="mounted beside"),
    pytest.param(_stored({"emptyDir": {}}), "emptyDir volume", id="emptyDir"),
    pytest.param(_stored({}, volumeClaimTemplates=[{"metadata": {"name": "d"}}]), "", id="own claim, one replica"),
    pytest.param(
        _stored({}, replicas=2, volumeClaimTemplates=[{"metadata": {"name": "d"}}]),
        "each of its replicas has a store of its own",
        id="own claims",
    ),
]


@pytest.mark.parametrize(("found", "words"), STORES)
def test_a_store_that_a_restart_would_lose_is_told(found, words):
    faults = list(unfit_storage(found, "registry", "/var/lib/registry"))
    assert [words in fault for fault in faults] == ([True] if words else [])


def test_switch_and_marker_come_together_and_go_together():
    target = marker.Target("n", "r", "u", "registry")
    mark = marker.Marker("run-1", "policy", datetime(2026, 1, 1, tzinfo=UTC))
    body = marker.enter_body(target, mark)
    assert body["metadata"]["uid"] == "u"
    found = copy.deepcopy(workload())
    found["metadata"]["annotations"] = body["metadata"]["annotations"]
    assert not marker.is_on(found, target, "run-1", marker.switches(True, False))
    assert marker.is_on(found, target, "run-1", {})
    found["spec"]["template"]["spec"]["containers"] = body["spec"]["template"]["spec"]["containers"]
    assert marker.is_on(found, target, "run-1", marker.switches(True, False))
    assert not marker.is_on(found, target, "run-1", marker.switches(True, True))
    assert not marker.is_on(found, target, "run-2", marker.switches(True, False))
    assert not marker.is_off(found, "run-1")
    assert marker.is_off(workload(), "run-1")
    assert marker.lift_body(target) == {"metadata": {"namespace": "n", "name": "r", "uid": "u"}}


def test_a_switch_that_our_manager_still_owns_is_not_off():
    found = workload()
    found["metadata"]["managedFields"] = [{"manager": "regsweep", "fieldsV1": {f'k:{{"name":"{SWITCH}"}}': {}}}]
    assert not marker.is_off(found, "run-1")
    found["metadata"]["managedFields"][0]["manager"] = "kubectl"
    assert marker.is_off(found, "run-1")
