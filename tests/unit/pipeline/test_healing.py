"""What is lost to the retag race comes back at the end of the sweep, or is said; and then nothing is collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from regsweep.core.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_MANIFEST, Digest
from regsweep.core.outcome import Result, RunRecord
from regsweep.core.registry_log import ManifestRequest, Method
from regsweep.errors import ClusterDenied, ClusterUnreachable, RegistryDenied, RegsweepError
from regsweep.pipeline import Ports
from tests.model_registry import ModelRegistry, image, index
from tests.unit.pipeline.test_run import NOW, Collector, World


@dataclass
class Listener:
    """Hears what is done to a model: a second passes with each request, and a request takes half of one."""

    registry: ModelRegistry
    deaf: RegsweepError | None = None
    gap: bool = False
    lines: list[ManifestRequest] = field(default_factory=list)

    def push(self, tag: str, body: bytes, media_type: str = DOCKER_MANIFEST, status: int = 201) -> Digest:
        self._log(Method.PUT, tag, status)
        return self.registry.push("a", tag, body, media_type)

    def deleted(self, repository: str, digest: str) -> None:
        if not self.gap:
            self._log(Method.DELETE, digest, 202, repository)

    @contextmanager
    def listen(self, repositories: AbstractSet[str]) -> Iterator[Listener]:
        assert repositories == {"a", "b"}
        if self.deaf:
            raise self.deaf
        yield self

    def requests(self, deleted: AbstractSet[tuple[str, Digest]]) -> list[ManifestRequest]:
        return self.lines

    def _log(self, method: Method, reference: str, status: int, repository: str = "a") -> None:
        began = NOW + timedelta(seconds=len(self.lines))
        ended = began + timedelta(seconds=0.5)
        self.lines.append(ManifestRequest(method, repository, reference, began, ended, status, "node"))


@dataclass
class Race:
    """A run over the world of `test_run`, with a client that acts when the image of a:1 is deleted."""

    act: Callable[[Listener], object]
    collector: Collector = field(default_factory=Collector)
    spec: dict[str, Any] = field(default_factory=dict)
    world: World = field(init=False)
    listener: Listener = field(init=False)
    ports: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = World(collector=self.collector, spec=self.spec)
        self.listener = Listener(self.world.registry)
        self.first = self.world.registry.tagged["a"]["1"]
        self.world.registry.before_delete = self._before

    def _before(self, repository: str, digest: Digest) -> None:
        if digest == self.first:
            self.act(self.listener)
        self.listener.deleted(repository, digest)

    def run(self) -> RunRecord:
        plain = self.world.ports

        def ports() -> Ports:
            lent = {"listen": self.listener.listen, "putter": lambda: self.world.registry, **self.ports}
            return replace(plain(), **lent)

        self.world.ports = ports  # type: ignore[method-assign]
        return self.world.run()

    @property
    def tags(self) -> dict[str, Digest]:
        return self.world.registry.tagged["a"]


def codes(record: RunRecord) -> list[tuple[str, str]]:
    return [(finding.code, finding.reference) for finding in record.findings]


def test_a_lost_tag_comes_back_before_the_collection() -> None:
    race = Race(lambda client: client.push("new", image("a1")))
    record = race.run()
    assert (record.reason, codes(record)) == ("Collected", [("sweep.healed-tag", "new")])
    assert race.tags["new"] == race.first
    assert race.world.registry.puts == [("a", race.first), ("a", "new")]
    assert "1" not in race.tags


def test_a_tag_that_is_pushed_again_as_it_was_comes_back() -> None:
    race = Race(lambda client: client.push("1", image("a1")))
    assert codes(race.run()) == [("sweep.healed-tag", "1")]
    assert race.tags["1"] == race.first


def test_an_index_comes_back_with_its_children_and_its_signature() -> None:
    """The plan deleted all of them; the tags that they had stay gone, but for the one that makes a signature."""
    race = Race(lambda client: client.push("new", parent, DOCKER_LIST))
    registry = race.world.registry
    child = registry.push("a", "0", image("child"))
    parent = index(child)
    race.first = registry.push("a", "1", parent, DOCKER_LIST)
    signature = f"sha256-{race.first[7:]}.sig"
    registry.push("a", signature, image("signature"), OCI_MANIFEST)
    record = race.run()
    assert codes(record) == [("sweep.healed-tag", "new")]
    assert sorted(race.tags) == sorted(["3", "new", signature])
    assert ("a", child) in registry.bodies


def test_a_tag_without_its_manifest_gets_it_back_without_any_log() -> None:
    race = Race(lambda client: None, ports={"listen": None, "listen_missing": "there is no pod"})
    registry = race.world.registry
    delete = registry.delete_manifest

    def late(repository: str, digest: Digest) -> bool:
        done = delete(repository, digest)
        if digest == race.first:
            race.tags["late"] = digest
        return done

    registry.delete_manifest = late  # type: ignore[method-assign]
    record = race.run()
    assert codes(record) == [("sweep.unheard", ""), ("sweep.healed-tag", "late")]
    assert ("a", race.first) in registry.bodies
    assert "there is no pod" in record.findings[0].message


def moved_in_the_midst(race: Race) -> None:
    """The push and the deletion are at the same time: without the files nobody knows what the tag named."""
    delete = race.world.registry.delete_manifest

    def deleting(repository: str, digest: Digest) -> bool:
        done = delete(repository, digest)
        if digest == race.first:
            race.listener.push("1", image("moved"))
            del race.tags["1"]
            *before, deletion, put = race.listener.lines
            race.listener.lines[:] = [*before, put, replace(deletion, ended=put.ended)]
        return done

    race.world.registry.delete_manifest = deleting  # type: ignore[method-assign]


def test_what_cannot_be_told_is_said_and_is_not_collected() -> None:
    race = Race(lambda client: None)
    moved_in_the_midst(race)
    record = race.run()
    assert (record.reason, codes(record)) == ("Deleted", [("sweep.lost-tag", "1")])
    assert "1 tags were pushed and lost while this run deleted" in record.collect_skipped
    assert race.collector.calls == ["preflight"]
    assert [outcome.result for outcome in record.outcomes] == [Result.DELETED] * 4


def test_what_is_not_kept_cannot_come_back() -> None:
    race = Race(lambda client: client.push("new", image("a1")), spec={"undo": {"enabled": False}})
    record = race.run()
    assert (record.reason, codes(record)) == ("Deleted", [("sweep.lost-tag", "new")])
    assert f"it named {race.first}, which is gone and was not kept" in record.findings[0].message


def deny() -> Any:
    raise RegistryDenied("no right to push")


@pytest.mark.parametrize(("putter", "words"), [(deny, "no right to push"), (None, "nothing can be put back from here")])
def test_who_may_not_push_says_what_was_lost(putter: Any, words: str) -> None:
    race = Race(lambda client: client.push("new", image("a1")), ports={"putter": putter})
    record = race.run()
    assert (record.reason, codes(record)) == ("Deleted", [("sweep.lost-tag", "new")])
    assert words in record.findings[0].message


@pytest.mark.parametrize("error", [ClusterDenied("may not read pods/log"), ClusterUnreachable("no pod")])
def test_a_log_that_cannot_be_read_is_said_and_stops_nothing(error: RegsweepError) -> None:
    race = Race(lambda client: client.push("new", image("a1")))
    race.listener.deaf = error
    record = race.run()
    assert (record.reason, codes(record)) == ("Collected", [("sweep.unheard", "")])
    assert str(error) in record.findings[0].message


def test_a_log_that_shows_no_deletions_proves_nothing() -> None:
    race = Race(lambda client: None)
    race.listener.gap = True
    record = race.run()
    assert codes(record) == [("sweep.unheard", "")]
    assert "shows 0 of 4 deletions. Set log.level to info" in record.findings[0].message


def test_a_tag_that_the_client_has_pushed_once_more_is_left_alone() -> None:
    race = Race(lambda client: client.push("new", image("a1")))
    registry = race.world.registry
    put = registry.put_manifest

    def overtaken(repository: str, reference: str, body: bytes, media_type: str) -> Any:
        if reference.startswith("sha256:"):
            registry.push("a", "new", image("newer"))
        return put(repository, reference, body, media_type)

    registry.put_manifest = overtaken  # type: ignore[method-assign]
    record = race.run()
    assert codes(record) == []
    assert race.tags["new"] == registry.push("a", None, image("newer"))


def test_a_tag_that_was_not_to_go_and_is_gone_is_said() -> None:
    race = Race(lambda client: client.registry.tagged["a"].pop("3"))
    assert codes(race.run()) == [("sweep.lost-tag", "3")]
