"""Which inventory a run takes, and that it says why; and what of a plan only the storage can know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from regsweep.core.outcome import RunRecord
from regsweep.errors import ExecFailed, InvalidInput, StorageUnavailable
from regsweep.pipeline import Request, run
from regsweep.steps.storage import DirectoryStore, Store
from tests.model_registry import image, index
from tests.unit.pipeline.test_run import NOW, World
from tests.unit.steps.storage.tree import Tree

REGISTRY = {"url": "http://r", "workloadRef": {"name": "registry"}}


class Stored(World):
    """The same registry, whose files can be read."""

    root: Path
    storage: Callable[[], Store] | None = None
    missing = "nothing reaches it"

    def on(self, root: Path, days: float = 30) -> Stored:
        self.root = root
        tree = Tree(root, lambda: NOW)
        for (repository, digest), (body, _) in self.registry.bodies.items():
            assert tree.blob(body) == digest
            tree.revision(repository, digest, days)
            (tree.repositories / repository / "_layers").mkdir(exist_ok=True)
        for repository, tags in self.registry.tagged.items():
            for tag, digest in tags.items():
                tree.tag(repository, tag, digest, days)
        self.storage = lambda: DirectoryStore(root, lambda: self.now)
        return self

    def run(self, **asked: Any) -> RunRecord:
        ports = replace(self.ports(), storage=self.storage, storage_missing=self.missing)
        return run(Request(self.policy(), self.mode, self.collect, **asked), ports)


def unavailable(words: str) -> Callable[[], Store]:
    def find() -> Store:
        raise StorageUnavailable(words)

    return find


def told(record: RunRecord) -> tuple[str, str]:
    assert record.plan is not None
    assert (record.inventory, record.inventory_reason) == (record.plan.inventory, record.plan.inventory_reason)
    return record.inventory, record.inventory_reason


def test_auto_takes_the_storage(tmp_path: Path) -> None:
    world = Stored().on(tmp_path)
    record = world.run()
    assert told(record) == ("Storage", str(tmp_path))
    assert (record.reason, world.left) == ("Deleted", {"a": ["3"], "b": ["3"]})


REASONS: list[Any] = [
    pytest.param({"url": "http://r", "inventory": "API"}, None, "the policy says so", id="the policy"),
    pytest.param({"url": "http://r"}, None, "registry.workloadRef is not set", id="no workload"),
    pytest.param(REGISTRY, None, "nothing reaches it", id="no cluster"),
    pytest.param(REGISTRY, unavailable("the storage driver is s3"), "the storage driver is s3", id="s3"),
]


@pytest.mark.parametrize(("registry", "storage", "reason"), REASONS)
def test_the_api_is_taken_with_its_reason(registry: Any, storage: Any, reason: str) -> None:
    world = Stored(spec={"registry": registry})
    world.storage = storage
    record = world.run()
    assert (told(record), record.reason) == (("API", reason), "Deleted")


def test_the_policy_that_says_api_is_not_asked_twice(tmp_path: Path) -> None:
    world = Stored(spec={"registry": {**REGISTRY, "inventory": "API"}}).on(tmp_path)
    assert told(world.run()) == ("API", "the policy says so")


def test_a_storage_that_nothing_could_read_is_an_invalid_wish() -> None:
    world = Stored(spec={"registry": {"url": "http://r", "inventory": "Storage"}})
    with pytest.raises(InvalidInput, match=r"inventory: Storage cannot be had: .*workloadRef is not set\. Let"):
        world.run()


def test_a_storage_that_cannot_be_read_is_refused_where_nothing_else_is_wanted() -> None:
    world = Stored(spec={"registry": {**REGISTRY, "inventory": "Storage"}})
    world.storage = unavailable("the storage driver is s3")
    with pytest.raises(StorageUnavailable, match=r"the storage driver is s3\. Let registry.workloadRef name"):
        world.run()
    assert not world.registry.deletes


class Failing:
    """Lists well, and cannot show its blobs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.name, self.listing, self.look = store.name, store.listing, store.look

    def sizes(self, digests: Any) -> Iterator[bytes]:
        raise ExecFailed("the pod is gone")

    contents = sizes


@pytest.mark.parametrize("inventory", ["Auto", "Storage"])
def test_a_storage_that_fails_halfway_is_as_if_it_had_never_begun(tmp_path: Path, inventory: str) -> None:
    world = Stored(spec={"registry": {**REGISTRY, "inventory": inventory}}).on(tmp_path)
    assert world.storage is not None
    store = world.storage()
    world.storage = lambda: Failing(store)  # type: ignore[assignment]
    if inventory == "Storage":
        with pytest.raises(StorageUnavailable, match="the pod is gone"):
            world.run()
        assert not world.registry.deletes
    else:
        record = world.run()
        assert told(record) == ("API", f"blobs of {tmp_path} cannot be read: the pod is gone")
        assert record.plan is not None
        assert record.plan.counts.tags == 6


UNTAGGED = {"untagged": {"olderThan": "3d"}, "rules": []}


def test_manifests_without_a_tag_go_when_they_are_old(tmp_path: Path) -> None:
    world = Stored(spec=UNTAGGED)
    old = world.registry.push("a", None, image("old"))
    child = world.registry.push("a", None, image("child"))
    kept = world.registry.push("a", "multi", index(child))
    world.on(tmp_path)
    young = world.registry.push("a", None, image("young"))
    tree = Tree(tmp_path, lambda: NOW)
    tree.blob(world.registry.bodies["a", young][0])
    tree.revision("a", young, 1)
    record = world.run()
    assert world.registry.deletes == [("a", old)]
    assert ("a", child) in world.registry.bodies
    assert ("a", kept) in world.registry.bodies
    assert record.plan is not None
    assert [action.reason for action in record.plan.actions] == ["expired.untagged"]


def test_untagged_over_the_api_is_said(tmp_path: Path) -> None:
    world = Stored(spec=UNTAGGED)
    world.storage = unavailable("no shell")
    record = world.run()
    (finding,) = [finding for finding in record.findings if finding.code == "inventory.no-untagged"]
    assert "no shell" in finding.message


def test_bytes_are_those_on_disk(tmp_path: Path) -> None:
    world = Stored(spec=UNTAGGED)
    old = world.registry.push("a", None, image("old"))
    world.on(tmp_path)
    record = world.run()
    assert record.plan is not None
    assert record.plan.bytes == len(image("old"))  # its config is not there, whatever the descriptor says
    assert world.registry.deletes == [("a", old)]


def test_a_broken_repository_is_left_alone_and_the_others_go_on(tmp_path: Path) -> None:
    world = Stored().on(tmp_path)
    broken = tmp_path / "docker/registry/v2/repositories/a/_manifests/tags/1/current/link"
    broken.write_text("")
    record = world.run()
    assert (record.reason, world.left) == ("PartialInventory", {"a": ["1", "2", "3"], "b": ["3"]})
    assert {finding.code for finding in record.findings} == {"unread", "broken.link", "sweep.unheard"}


def test_order_by_push_time(tmp_path: Path) -> None:
    world = Stored(spec={"rules": [{"name": "last", "keep": {"latest": 1}}]}).on(tmp_path)
    link = tmp_path / "docker/registry/v2/repositories/a/_manifests/tags/1/current/link"
    at = NOW.timestamp() - 3600
    import os

    os.utime(link, (at, at))
    record = world.run()
    assert record.reason == "Deleted"
    assert world.left["a"] == ["1"]
