"""The storage inventory by exec in a registry's pod, whose image has a busybox and nothing else."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.api.policy import WorkloadRef
from regsweep.core.oci import Digest
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, index, layer
from regsweep.demo.push import Pusher
from regsweep.steps.storage.manifests import Blobs
from regsweep.steps.storage.pod import Workload, pod_store
from tests.cluster.access import Cluster
from tests.cluster.collecting import Ports
from tests.cluster.registries import DeployRegistry, RunningRegistry
from tests.command_line import CommandLine
from tests.registry.test_storage import agree, by_api, by_storage


@pytest.fixture
def regsweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> CommandLine:
    return CommandLine(monkeypatch, capsys, tmp_path)


def fill(running: RunningRegistry) -> tuple[Artifact, Artifact, Artifact]:
    """An image that loses its tag to another, and one for two platforms."""
    base, now = layer("base", 2000), datetime.now(UTC)
    old, new = (Artifact("team/app", ("latest",), image_on((base,), seed, now)) for seed in ("old", "new"))
    platforms = tuple(image_on((base,), f"platform {number}", now) for number in range(2))
    fleet = Artifact("team/app", ("multi", "_layers", "index"), index(platforms))
    with Pusher(running.url) as pusher:
        for artifact in (old, new, fleet):
            pusher.push(artifact)
    return old, new, fleet


def workload(cluster: Cluster, running: RunningRegistry) -> Workload:
    ref = WorkloadRef(kind=running.options.kind, name=running.options.name)
    return Workload(cluster.api, running.namespace, ref)


def policy(regsweep: CommandLine, running: RunningRegistry, **spec: Any) -> list[Any]:
    """The words that name it, and the cluster."""
    path = regsweep.policy(
        running.url,
        registry={"workloadRef": {"kind": running.options.kind, "name": running.options.name}},
        rules=[],
        untagged={"olderThan": "1s"},
        limits={"minimumAge": "0s", "maxDeletionPercent": 100},
        **spec,
    )
    path.write_text(path.read_text().replace('"name": "test"', f'"name": "test", "namespace": "{running.namespace}"'))
    return ["-f", path, "--kubeconfig", running.cluster.kubeconfig, "-o", "json"]


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_untagged_manifests_go_and_the_run_says_how_it_knew(
    cluster: Cluster, registry: DeployRegistry, regsweep: CommandLine, version: str
) -> None:
    running = registry(version, volume="claim")
    (pod,) = running.pods()
    old, new, fleet = fill(running)
    time.sleep(2)  # untagged.olderThan is a second
    ended = regsweep("apply", *policy(regsweep, running), "--yes")
    assert ended.code == 0, ended.err
    report = ended.report()
    assert (report["reason"], report["inventory"]) == ("Deleted", "Storage")
    assert report["inventoryReason"] == f"/var/lib/registry in pod {running.namespace}/{pod}"
    assert [(action["digest"], action["reason"]) for action in report["actions"]] == [(old.digest, "expired.untagged")]
    with Pusher(running.url) as pusher:
        kept = pusher.pull_all([("team/app", tag) for tag in ("latest", "multi", "_layers", "index")])
    assert {new.digest, fleet.digest} <= kept.digests


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_both_inventories_agree(cluster: Cluster, registry: DeployRegistry, version: str) -> None:
    running = registry(version, kind="StatefulSet")
    old, _, _ = fill(running)
    store = pod_store(workload(cluster, running))
    stored = by_storage(running, store)
    agree(stored, by_api(running))
    assert old.digest in stored["team/app"].manifests  # type: ignore[union-attr]


@pytest.mark.long
def test_many_questions_at_once_wait_for_nobody(cluster: Cluster, registry: DeployRegistry) -> None:
    running = registry("3")
    fill(running)
    store = pod_store(workload(cluster, running))
    asked = [Digest(f"sha256:{number:064x}") for number in range(10_000)]
    assert Blobs(store, Ports()).sizes(asked) == {}


REFUSALS: list[Any] = [
    pytest.param("3-distroless", {}, "its image has no shell to read the store with", id="no shell"),
    pytest.param("3", {"replicas": 2}, "is an emptyDir volume: each has its own", id="a store each"),
]


@pytest.mark.parametrize(("version", "options", "reason"), REFUSALS)
def test_what_cannot_be_read_from_its_storage_is_read_over_its_api(
    registry: DeployRegistry, regsweep: CommandLine, version: str, options: Any, reason: str
) -> None:
    running = registry(version, **options)
    ended = regsweep("plan", *policy(regsweep, running))
    assert ended.code == 0, ended.err
    report = ended.report()
    assert report["inventory"] == "API"
    assert reason in report["inventoryReason"]
    assert "inventory.no-untagged" in {finding["code"] for finding in report["findings"]}
