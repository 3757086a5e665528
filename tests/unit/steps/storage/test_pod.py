"""The store of a registry in a cluster: found with its root, or refused with the reason; and asked within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from regsweep.api.policy import WorkloadRef
from regsweep.clients.kinds import DEPLOYMENT, POD
from regsweep.clients.kube import Cluster
from regsweep.clients.podexec import Command, ContainerRef, ExecResult
from regsweep.errors import ClusterDenied, ClusterUnreachable, ExecFailed, NoSuchProgram, StorageUnavailable
from regsweep.steps.storage import scripts
from regsweep.steps.storage.listing import read_listing
from regsweep.steps.storage.pod import PodStore, Workload, pod_store
from tests.unit.controller.fake_cluster import FakeCluster
from tests.unit.steps.storage.tree import Tree, by_shell

CONFIG = "storage: {filesystem: {rootdirectory: /data}}\n"
FACTS = "binary /bin/registry\nconfig /etc/config.yml\n---\n"


class Site:
    """A workload with one ready pod, whose container answers the look with `told`."""

    def __init__(self, told: str = FACTS + CONFIG) -> None:
        self.cluster = FakeCluster()
        self.told: str | Exception = told
        self.commands: list[Command] = []
        container = {"name": "registry", "volumeMounts": [{"name": "d", "mountPath": "/data"}]}
        volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]
        spec = {"containers": [container], "volumes": volumes}
        self.put(DEPLOYMENT, "web", {"spec": {"replicas": 1, "selector": {}, "template": {"spec": spec}}})
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        self.put(POD, "web-1", {"spec": spec, "status": status})

    def put(self, kind: Any, name: str, body: dict[str, Any]) -> None:
        self.cluster.objects[kind.name, "n", name] = {"metadata": {"name": name, "namespace": "n"}, **body}

    def pod(self, name: str = "web-1") -> dict[str, Any]:
        return self.cluster.objects[POD.name, "n", name]

    def execute(self, _: Cluster, pod: ContainerRef, command: Command) -> ExecResult:
        assert str(pod) == "n/web-1 (container registry)"
        if isinstance(self.told, Exception):
            raise self.told
        return ExecResult(0, self.told.encode(), b"")

    def stream(self, _: Cluster, pod: ContainerRef, command: Command) -> Iterator[bytes]:
        self.commands.append(command)
        yield b"something"

    def find(self, container: str = "registry") -> PodStore:
        ref = WorkloadRef(kind="Deployment", name="web", container=container)
        return pod_store(Workload(cast("Cluster", self.cluster), "n", ref, self.execute, self.stream))


def test_the_root_is_that_of_the_configuration() -> None:
    store = Site().find()
    assert (store.root, store.name) == ("/data", "/data in pod n/web-1")


def test_a_variable_overrides_the_configuration() -> None:
    variable = "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"
    site = Site(f"binary x\nname {variable}\nvalue {variable}=/data/x\nconfig /c.yml\n---\n{CONFIG}")
    assert site.find().root == "/data/x"


REFUSALS = [
    pytest.param(FACTS + "storage: {s3: {bucket: x}}\n", "the storage driver is s3", id="s3"),
    pytest.param(FACTS + "storage: {}\n", "the storage driver is not named", id="none"),
    pytest.param("missing xargs\nmissing stat\n" + FACTS + CONFIG, "its image has no xargs, stat", id="no tools"),
    pytest.param("binary x\nconfig \n", "configuration file was not found", id="no configuration"),
    pytest.param(FACTS + "a: [", "not valid YAML", id="no YAML"),
    pytest.param(FACTS + "- a\n", "not a mapping", id="a list"),
    pytest.param(NoSuchProgram("cannot run 'sh'"), "its image has no shell.*cannot run 'sh'", id="distroless"),
    pytest.param(ClusterDenied("may not exec"), "cannot be looked into: may not exec", id="no right"),
    pytest.param(ClusterUnreachable("gone"), "cannot be looked into: gone", id="no cluster"),
]


@pytest.mark.parametrize(("told", "words"), REFUSALS)
def test_a_pod_that_cannot_be_read_is_refused_with_the_reason(told: str | Exception, words: str) -> None:
    site = Site()
    site.told = told
    with pytest.raises(StorageUnavailable, match=words):
        site.find()


def test_a_look_whose_end_is_not_known_is_no_look() -> None:
    site = Site()
    cut = ExecResult(None, (FACTS + CONFIG).encode(), b"", why="cut")
    site.execute = lambda *_: cut  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable, match="its end is unknown: cut"):
        site.find()


def test_no_pod_that_is_ready() -> None:
    site = Site()
    site.pod()["status"]["conditions"] = []
    with pytest.raises(StorageUnavailable, match="no pod of Deployment n/web with a container 'registry' is ready"):
        site.find()
    with pytest.raises(StorageUnavailable, match="a container 'other' is ready"):
        Site().find("other")


def test_no_workload() -> None:
    site = Site()
    del site.cluster.objects[DEPLOYMENT.name, "n", "web"]
    with pytest.raises(StorageUnavailable, match="there is no Deployment n/web"):
        site.find()


def test_replicas_with_a_store_each() -> None:
    site = Site()
    deployment = site.cluster.objects[DEPLOYMENT.name, "n", "web"]
    deployment["spec"]["template"]["spec"]["volumes"] = [{"name": "d", "emptyDir": {}}]
    site.put(POD, "web-2", {"status": {"phase": "Running"}})
    with pytest.raises(StorageUnavailable, match="each has its own"):
        site.find()


def test_every_question_has_a_limit_and_a_time(tmp_path: Path) -> None:
    site = Site()
    store = site.find()
    digest = Tree(tmp_path).blob(b"x")
    for pieces in (store.listing(), store.look(["./a"]), store.sizes([digest]), store.contents([digest], 5)):
        assert list(pieces) == [b"something"]
    listing, look, sizes, contents = site.commands
    assert listing.argv[4:] == ("/data", scripts.REPOSITORIES)
    assert (listing.stdin, listing.timeout, listing.limit) == (None, 1800, 4 << 30)
    assert (look.stdin, look.timeout, look.limit) == (b"./a\nended 0\nend\n", 600, 2048)
    assert sizes.stdin == f"{digest[7:9]}/{digest[7:]}/data\nended 0\nend\n".encode()
    assert (sizes.argv[4:], sizes.limit) == (("/data", scripts.BLOBS), 2048)
    assert contents.limit == 2048 + 5
    assert all(command.knows_its_end for command in (look, sizes, contents))


def test_a_command_that_fails_halfway_is_no_answer(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.tag("r", "v1", "sha256:" + "a" * 64)
    store = by_shell(tmp_path)
    broken = PodStore(store.cluster, store.pod, f"{tmp_path}/nowhere", store.stream)
    with pytest.raises(ExecFailed, match="exit code"):
        read_listing(broken.listing())


@pytest.mark.parametrize("tool", ["stat", "grep", "xargs", "find"])
def test_a_tool_that_fails_makes_no_shorter_listing(tmp_path: Path, tool: str) -> None:
    """Killed, as for lack of memory: what it did not say is not taken for nothing."""
    tree = Tree(tmp_path / "store")
    tree.tag("r", "v1", "sha256:" + "a" * 64)
    tree.revision("r", "sha256:" + "a" * 64)
    tools = tmp_path / "tools"
    tools.mkdir()
    killed = tools / tool
    killed.write_text("#!/bin/sh\nkill -KILL $$\n")
    killed.chmod(0o755)
    import os

    store = by_shell(tree.root, f"{tools}:{os.environ['PATH']}")
    try:
        listing = read_listing(store.listing())
    except ValueError:
        return
    assert tool == "grep"
    assert list(listing.shelves["r"].broken) == ["./r/_manifests/tags/v1/current/link"]
