"""Whether all replicas of a registry have the same files."""

from __future__ import annotations

from typing import Any

import pytest

from regsweep.core.shared_store import apart

ROOT = "/var/lib/registry"


def workload(volume: dict[str, Any] | None, *, replicas: int = 2, claims: tuple[str, ...] = (), at: str = ROOT) -> Any:
    mounts = [{"name": "store", "mountPath": at}] if volume is not None or claims else []
    pod = {
        "containers": [{"name": "registry", "volumeMounts": mounts}],
        "volumes": [{"name": "store", **volume}] if volume is not None else [],
    }
    templates = [{"metadata": {"name": name}} for name in claims]
    return {"spec": {"replicas": replicas, "template": {"spec": pod}, "volumeClaimTemplates": templates}}


def pods(*nodes: str) -> list[dict[str, Any]]:
    return [{"spec": {"nodeName": node}} for node in nodes]


CLAIM = {"persistentVolumeClaim": {"claimName": "store"}}

CASES = [
    pytest.param(workload(CLAIM), pods("a", "b"), "", id="one volume for all"),
    pytest.param(workload({"nfs": {}}, at="/var/lib"), pods("a", "b"), "", id="mounted above"),
    pytest.param(workload({"emptyDir": {}}, replicas=1), pods("a"), "", id="one pod"),
    pytest.param(workload({"emptyDir": {}}, replicas=1), pods("a", "a"), "emptyDir", id="a rollout has two pods"),
    pytest.param(workload({"emptyDir": {}}), pods("a", "b"), "emptyDir", id="a folder each"),
    pytest.param(workload({"ephemeral": {}}), pods("a"), "ephemeral", id="a volume each"),
    pytest.param(workload(None), pods("a", "b"), "is on no volume", id="no volume"),
    pytest.param(workload(CLAIM, at="/else"), pods("a", "b"), "is on no volume", id="mounted elsewhere"),
    pytest.param(workload(None, claims=("store",)), pods("a", "b"), "volumeClaimTemplates", id="a claim each"),
    pytest.param(workload({"hostPath": {}}), pods("a", "b"), "hostPath on 2 nodes", id="two hosts"),
    pytest.param(workload({"hostPath": {}}), pods("a", "a"), "", id="one host"),
]


@pytest.mark.parametrize(("found", "living", "words"), CASES)
def test_several_pods_need_one_store(found: Any, living: Any, words: str) -> None:
    why = apart(found, living, "registry", ROOT)
    assert (words in why) if words else why == ""
