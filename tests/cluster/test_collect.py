"""The maintenance window in a real cluster: every shape of workload, both registries, crashes, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from regsweep.clients import kube
from regsweep.clients.kinds import DEPLOYMENT
from regsweep.clients.podexec import Command, ContainerRef, execute
from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.core.workload import SWITCH
from regsweep.errors import ClusterConflict, CollectFailed, ExecFailed, WorkloadUnfit
from tests.cluster.collecting import Enter, Killed, Neighbour, Ports, Scene
from tests.cluster.registries import DeployRegistry

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def enter(api: kube.Cluster, registry: DeployRegistry) -> Iterator[Enter]:
    with Neighbour() as neighbour:

        def scene(version: str = "3", **options: Any) -> Scene:
            environment = {"REGISTRY_HTTP_SECRET": "one for all replicas"} | options.pop("environment", {})
            return Scene(api, registry(version, environment=environment, **({"volume": "claim"} | options)), neighbour)

        yield scene


def assert_nothing_left(scene: Scene) -> None:
    """No switch, no marker, and no field manager of ours; it takes a push."""
    found = scene.workload()
    env = found["spec"]["template"]["spec"]["containers"][0].get("env") or ()
    assert SWITCH not in [entry["name"] for entry in env]
    assert "regsweep" not in str(found["metadata"].get("annotations")) + str(found["metadata"].get("labels"))
    assert "regsweep" not in [entry["manager"] for entry in found["metadata"]["managedFields"]]
    scene.push_one_more()


SHAPES = [
    pytest.param("2.8", {}, id="2.8, Deployment, RollingUpdate"),
    pytest.param("3", {"replicas": 2, "strategy": "Recreate"}, id="3, Deployment of two, Recreate"),
    pytest.param("3", {"kind": "StatefulSet", "replicas": 2}, id="3, StatefulSet of two"),
    pytest.param("2.8", {"kind": "StatefulSet"}, id="2.8, StatefulSet"),
    pytest.param("3", {"replicas": 3}, id="3, Deployment of three, RollingUpdate"),
]


@pytest.mark.parametrize(("version", "options"), SHAPES)
def test_the_window_frees_what_is_not_kept_and_loses_nothing(enter: Enter, version: str, options: dict[str, Any]):
    scene, ports = enter(version, **options), Ports()
    kept = scene.fill()
    before = scene.stored_bytes()
    result = scene.collector(ports).collect(scene.census)
    assert ports.steps == ["Entering", "DryRunning", "Collecting", "Stopping", "Lifting", "Finished"]
    needed = scene.needed_bytes(kept)
    assert (result.bytes_before, result.bytes_after, scene.stored_bytes()) == (before, needed, needed)
    assert result.blobs_marked == result.blobs_expected == len(scene.census().marks())
    assert result.blobs_deleted == len(result.swept) == 12
    assert_nothing_left(scene)


def test_a_read_only_root_keeps_its_logs_in_the_store(enter: Enter):
    scene = enter("2.8")
    kept = scene.fill()
    containers = [{"name": "registry", "securityContext": {"readOnlyRootFilesystem": True}}]
    patch = json.dumps({"spec": {"template": {"spec": {"containers": containers}}}})
    kubectl, names = scene.registry.cluster.kubectl, ("-n", scene.registry.namespace)
    kubectl(*names, "patch", scene.registry.workload, "-p", patch)
    kubectl(*names, "rollout", "status", scene.registry.workload, "--timeout=60s")
    result = scene.collector(Ports()).collect(scene.census)
    assert result.bytes_after == scene.needed_bytes(kept)
    assert scene.registry.exec("ls", "/var/lib/registry/.regsweep").split() == ["run-1-1-real"]
    assert_nothing_left(scene)


CONFIG = """
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/registry}, cache: {blobdescriptor: inmemory}}
http: {addr: ':5000'}
"""
JOBS = [
    pytest.param({}, id="Deployment"),
    pytest.param({"kind": "StatefulSet", "replicas": 2}, id="StatefulSet of two"),
    pytest.param({"strategy": "Recreate"}, id="Recreate"),
]


@pytest.mark.parametrize("options", JOBS)
def test_a_job_collects_where_no_shell_can(enter: Enter, options: dict[str, Any]):
    scene, ports = enter("3-distroless", config=CONFIG, **options), Ports()
    kept = scene.fill()
    needed = len(scene.census().marks())
    result = scene.collector(ports).collect(scene.census)
    assert ports.steps == ["Entering", "DryRunning", "Collecting", "Stopping", "Lifting", "Finished"]
    assert (result.bytes_before, result.bytes_after) == (None, None)
    assert (result.blobs_marked, result.blobs_expected, result.blobs_deleted) == (needed, needed, 12)
    scene.needed_bytes(kept)
    for digest in result.swept:
        assert scene.registry.request("HEAD", f"team/app/blobs/{digest}").status_code == 404
    assert {pod["status"]["phase"] for pod in scene.collectors()} == {"Succeeded"}
    assert_nothing_left(scene)


@pytest.mark.parametrize("step", ["DryRunning", "Collecting", "Stopping"])
def test_whoever_comes_after_a_crash_goes_on_with_the_job(enter: Enter, step: str):
    scene, ports = enter("3-distroless", config=CONFIG), Ports(kill_at=step)
    kept = scene.fill()
    with pytest.raises(Killed):
        scene.collector(ports).collect(scene.census)
    ports.kill_at, ports.dead = "", False
    result = scene.collector(ports).resume(scene.census)
    assert result is not None
    assert result.blobs_deleted == 12
    scene.needed_bytes(kept)
    assert_nothing_left(scene)


def test_a_job_that_cannot_begin_is_told_and_ended(enter: Enter):
    scene = enter("3-distroless", config=CONFIG, strategy="Recreate")
    scene.fill()
    limit = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}}
    spec = {"hard": {"pods": "2"}}
    kubectl, names = scene.registry.cluster.kubectl, ("-n", scene.registry.namespace)
    kubectl(*names, "apply", "-f", "-", stdin=json.dumps({**limit, "spec": spec}))
    kubectl(*names, "run", "other", "--image", scene.registry.cluster.registry_image("3"))
    with pytest.raises(CollectFailed, match=r"did not begin within rolloutTimeout: .* the Job makes no pod"):
        scene.collector(Ports(), rolloutTimeout="20s").collect(scene.census)
    assert scene.collectors() == []
    assert_nothing_left(scene)


def test_the_dead_leave_a_job_that_is_ended_before_the_lift(enter: Enter):
    """By the marker alone, as the operator, a guard or a person does it."""
    scene, ports = enter("3-distroless", config=CONFIG), Ports(kill_at="Stopping")
    scene.fill()
    with pytest.raises(Killed):
        scene.collector(ports).collect(scene.census)
    scene.lift()
    assert [pod for pod in scene.collectors() if pod["status"]["phase"] in ("Pending", "Running")] == []
    assert_nothing_left(scene)


def test_unprotected_restarts_every_replica_and_blocks_nothing(enter: Enter):
    scene = enter("3", replicas=2)
    kept = scene.fill()
    pods = set(scene.registry.pods())
    result = scene.collector(Ports(), mode="Unprotected").collect(scene.census)
    assert (result.bytes_after, result.write_blocked_seconds) == (scene.needed_bytes(kept), 0)
    assert not pods & set(scene.registry.pods())
    assert_nothing_left(scene)


@pytest.mark.parametrize("step", ["Entering", "DryRunning", "Collecting", "Stopping", "Lifting", "Finished"])
def test_whoever_comes_after_a_crash_ends_the_window(enter: Enter, step: str):
    scene, ports = enter("3"), Ports(kill_at=step)
    kept = scene.fill()
    with pytest.raises(Killed):
        scene.collector(ports).collect(scene.census)
    ports.kill_at, ports.dead = "", False
    result = scene.collector(ports).resume(scene.census)
    assert result is not None
    assert (ports.status and ports.status.outcome, result.blobs_deleted) == ("Collected", 12)
    assert scene.stored_bytes() == scene.needed_bytes(kept)
    assert_nothing_left(scene)


def test_a_census_that_the_marks_do_not_cover_stops_everything(enter: Enter):
    scene = enter("2.8")
    scene.fill()
    before = scene.stored_bytes()
    lost = Digest("sha256:" + "0" * 64)

    def census() -> Census:
        return Census((), {"team/app": frozenset({lost})}, {})

    with pytest.raises(CollectFailed, match=f"so it was not run: team/app@{lost}"):
        scene.collector(Ports()).collect(census)
    assert scene.stored_bytes() == before
    assert_nothing_left(scene)


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_a_damaged_store_is_told_with_its_fix(enter: Enter, version: str):
    scene = enter(version)
    kept = scene.fill()
    before = scene.stored_bytes()
    store = "/var/lib/registry/docker/registry/v2/repositories/team/app/_manifests/revisions/sha256"
    scene.registry.exec("sh", "-c", f"mkdir {store}/{'0' * 64} && : >{store}/{'0' * 64}/link")
    with pytest.raises(CollectFailed, match=rf"It is in repository team/app: {store}/{'0' * 64}/link"):
        scene.collector(Ports()).collect(scene.census)
    assert scene.stored_bytes() == before
    assert scene.needed_bytes(kept) < before
    assert_nothing_left(scene)


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_a_damaged_manifest_is_told_with_its_tags(enter: Enter, version: str):
    scene = enter(version)
    kept = scene.fill()
    before = scene.stored_bytes()
    hexadecimal = kept[1].digest.removeprefix("sha256:")
    file = f"/var/lib/registry/docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"
    scene.registry.exec("sh", "-c", f": >{file}")
    words = rf"its file {file} is empty.* repository team/app, tag team/app:{kept[1].tags[0]}\."
    with pytest.raises(CollectFailed, match=words):
        scene.collector(Ports()).collect(lambda: Census((), {}, {}))
    assert 0 < scene.stored_bytes() < before
    assert_nothing_left(scene)


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_empty_repositories_go_and_come_back_with_a_push(enter: Enter, version: str):
    scene = enter(version)
    scene.fill()
    gone = scene.push_one("team/app/sub")
    scene.delete(gone)
    result = scene.collector(Ports(), removeEmptyRepositories=True).collect(scene.census)
    assert result.repositories_removed == 1
    assert scene.registry.request("GET", "_catalog").json()["repositories"] == ["team/app"]
    scene.needed_bytes([scene.push_one("team/app/sub")])
    assert_nothing_left(scene)


UNFIT = [
    pytest.param("3", {"volume": "emptyDir"}, "emptyDir volume: every restart loses it", id="emptyDir"),
    pytest.param(
        "3-distroless", {}, "has no shell, so a Job .* cannot be read: mount it from a ConfigMap", id="no shell"
    ),
    pytest.param("3", {"strategy": "OnDelete", "kind": "StatefulSet"}, "OnDelete", id="OnDelete"),
    pytest.param(
        "3",
        {"environment": {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "redis", "REGISTRY_REDIS_ADDRS": "[localhost:1]"}},
        "blob cache is in Redis",
        id="redis",
    ),
    pytest.param("2.8", {"environment": {SWITCH: "{enabled: true}"}}, f"another manager owns {SWITCH}", id="conflict"),
]


@pytest.mark.parametrize(("version", "options", "words"), UNFIT)
def test_the_unfit_is_refused_and_left_as_it_is(enter: Enter, version: str, options: dict[str, Any], words: str):
    scene = enter(version, **options)
    before = scene.workload()["metadata"]["generation"]
    with pytest.raises(WorkloadUnfit, match=words):
        scene.collector(Ports()).preflight()
    assert scene.workload()["metadata"]["generation"] == before


def test_an_exec_knows_how_its_command_ended(enter: Enter):
    scene = enter("2.8")
    here = ContainerRef(scene.registry.namespace, scene.registry.pods()[0], "registry")

    def run(*argv: str, **more: Any) -> Any:
        return execute(scene.api, here, Command(argv, **more))

    ended = run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert (ended.exit_code, ended.stdout, ended.stderr) == (3, b"out\n", b"err\n")
    assert run("cat", stdin=b"x" * 100_000).stdout == b"x" * 100_000
    assert run("sh", "-c", "kill -9 $$").exit_code == 137
    assert run("sleep", "30", timeout=1).exit_code is None
    cut = run("sh", "-c", "head -c 100000 /dev/zero", limit=10)
    assert (cut.exit_code, len(cut.stdout), cut.truncated) == (0, 10, True)
    with pytest.raises(ExecFailed, match="cannot run 'no-such-program'"):
        run("no-such-program")


def test_apply_names_the_manager_that_owns_a_field(enter: Enter):
    scene = enter("2.8")
    found = scene.workload()
    meta = {"name": found["metadata"]["name"], "namespace": scene.registry.namespace, "uid": found["metadata"]["uid"]}
    with pytest.raises(ClusterConflict, match="kubectl"):
        scene.api.apply(DEPLOYMENT, {"metadata": meta, "spec": {"replicas": 5}})
