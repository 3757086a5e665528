"""Nothing goes that is not kept, what went comes back, and a collection ends it (S12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from regsweep.api.run import RunStep
from regsweep.clients.registry import Putter
from regsweep.core.keepsake import Heading, Saved
from regsweep.core.oci import Digest, digest_of
from regsweep.core.outcome import RunRecord
from regsweep.core.restoration import Image, Put
from regsweep.errors import (
    AlreadyCollected,
    Cancelled,
    CollectFailed,
    InvalidInput,
    KeepsakeTooLarge,
    NothingToRestore,
    RegistryReadOnly,
)
from regsweep.pipeline import Request, run
from regsweep.pipeline.memory import MemoryKeepsakes
from tests.model_registry import image
from tests.unit.pipeline.test_run import ALL, LAST, Collector, Journal, World


@dataclass
class Undo:
    """A world whose keepsakes outlive a run."""

    world: World = field(default_factory=World)
    keepsakes: MemoryKeepsakes = field(default_factory=MemoryKeepsakes)

    def run(self, **asked: Any) -> RunRecord:
        ports = replace(self.world.ports(), keepsakes=self.keepsakes, putter=lambda: cast(Putter, self.world.registry))
        return run(Request(self.world.policy(), self.world.mode, self.world.collect, **asked), ports)

    def restore(self, *images: Image) -> RunRecord:
        self.world.journal = Journal()
        return self.run(restore=images)


def test_everything_comes_back() -> None:
    undo = Undo()
    before = dict(undo.world.registry.bodies)
    undo.run()
    assert undo.world.left == LAST
    record = undo.restore()
    assert (record.reason, record.mode, undo.world.left) == ("Restored", "Restore", ALL)
    assert undo.world.registry.bodies == before
    assert [outcome.result for outcome in record.restored] == [Put.RESTORED] * 8
    assert record.verification is not None
    assert (record.verification.images, record.verification.blobs) == (4, 4)
    assert undo.world.journal.steps == [RunStep.RESTORING, RunStep.VERIFYING]


def test_only_what_is_asked_for_comes_back() -> None:
    undo = Undo()
    undo.run()
    assert undo.restore(Image("a", "2")).reason == "Restored"
    assert undo.world.left == {"a": ["2", "3"], "b": ["3"]}


def test_what_was_never_kept_is_refused() -> None:
    undo = Undo()
    undo.run()
    with pytest.raises(NothingToRestore, match="holds nothing of a:9"):
        undo.restore(Image("a", "9"))


def test_nothing_is_deleted_before_it_lies_safe() -> None:
    class Full(MemoryKeepsakes):
        def keep(self, heading: Heading, manifests: Iterable[Saved]) -> None:
            raise KeepsakeTooLarge("too much")

    undo = Undo(keepsakes=Full())
    record = undo.run()
    assert (record.reason, undo.world.left, undo.world.registry.deletes) == ("KeepsakeTooLarge", ALL, [])


def test_what_was_not_kept_stays() -> None:
    class Half(MemoryKeepsakes):
        def keep(self, heading: Heading, manifests: Iterable[Saved]) -> None:
            super().keep(heading, [one for one in manifests if one.repository == "b"])

    undo = Undo(keepsakes=Half())
    record = undo.run()
    assert undo.world.left == {"a": ["1", "2", "3"], "b": ["3"]}
    assert {o.message for o in record.outcomes if o.action.repository == "a"} == {"it is not kept for an undo"}


def test_without_an_undo_nothing_is_kept() -> None:
    undo = Undo(World(spec={"undo": {"enabled": False}}))
    undo.run()
    assert undo.world.left == LAST
    assert RunStep.KEEPING not in undo.world.journal.steps
    with pytest.raises(NothingToRestore):
        undo.restore()


def test_a_sweep_that_goes_on_can_be_undone_whole() -> None:
    """What was deleted before the interruption is not there any more to be kept."""
    undo = Undo()
    registry, count = undo.world.registry, iter(range(100))

    def interrupt(repository: str, digest: Digest) -> None:
        if next(count) == 2:
            raise Cancelled("the operator was killed")

    registry.before_delete = interrupt
    undo.run()
    assert len(registry.deletes) == 2
    undo.world.journal.enter(RunStep.SWEEPING)
    undo.run()
    assert undo.world.left == LAST
    undo.restore()
    assert undo.world.left == ALL


def test_what_was_kept_for_another_plan_does_not_count() -> None:
    undo = Undo()
    undo.keepsakes.keep(Heading("http://r", "p", "sha256:" + 64 * "0"), [])
    undo.run()
    assert undo.world.left == LAST


def test_a_collection_ends_the_undo() -> None:
    undo = Undo(World(collector=Collector()))
    assert undo.run().reason == "Collected"
    with pytest.raises(NothingToRestore):
        undo.restore()


def test_a_collection_that_failed_does_not() -> None:
    undo = Undo(World(collector=Collector(error=CollectFailed("the disk is full"))))
    assert undo.run().reason == "CollectFailed"
    assert undo.restore().reason == "Restored"
    assert undo.world.left == ALL


def test_a_collection_by_somebody_else_is_found_out_before_anything_is_put() -> None:
    undo = Undo()
    undo.run()
    undo.world.registry.swept = {digest_of(b"b1")}
    with pytest.raises(AlreadyCollected) as refused:
        undo.restore()
    assert "1 of 4 manifests" in str(refused.value)
    assert str(digest_of(b"b1")) in str(refused.value)
    assert "of b:1," in str(refused.value)
    assert undo.world.registry.puts == []
    undo.restore(Image("a"))
    assert undo.world.left == {"a": ["1", "2", "3"], "b": ["3"]}


def test_a_tag_that_moved_on_is_told() -> None:
    undo = Undo()
    undo.run()
    newer = undo.world.registry.push("a", "1", image("newer"))
    record = undo.restore()
    assert record.reason == "Restored"
    assert undo.world.registry.tagged["a"]["1"] == newer
    assert [(o.tag, o.result) for o in record.restored if o.result is Put.SKIPPED] == [("1", Put.SKIPPED)]


def test_what_could_not_be_put_back_is_the_reason_after_all_the_rest() -> None:
    undo = Undo()
    undo.run()
    put = undo.world.registry.put_manifest
    lost = digest_of(image("a1"))

    def refusing(repository: str, reference: str, body: bytes, media_type: str) -> tuple[Digest, ...] | None:
        return (digest_of(b"x"),) if reference == lost else put(repository, reference, body, media_type)

    undo.world.registry.put_manifest = refusing  # type: ignore[method-assign]
    record = undo.restore()
    assert record.reason == "RestoreIncomplete"
    assert "2 of 8 manifests and tags" in record.message
    assert undo.world.left == {"a": ["2", "3"], "b": ["1", "2", "3"]}


def test_what_is_not_whole_afterwards_is_said() -> None:
    undo = Undo()
    undo.run()
    undo.world.registry.has_blob = lambda repository, digest: digest != digest_of(b"a1")  # type: ignore[method-assign]
    record = undo.restore()
    assert record.reason == "RestoreIncomplete"
    assert [finding.reference for finding in record.findings] == [digest_of(b"a1")]


def test_a_read_only_registry_is_left_alone() -> None:
    undo = Undo()
    undo.run()
    undo.world.registry.read_only = True
    with pytest.raises(RegistryReadOnly):
        undo.restore()
    assert RunStep.RESTORING not in undo.world.journal.steps


def test_a_door_that_cannot_put_says_so() -> None:
    undo = Undo()
    undo.run()
    with pytest.raises(InvalidInput):
        run(
            Request(undo.world.policy(), undo.world.mode, restore=()),
            replace(undo.world.ports(), keepsakes=undo.keepsakes),
        )


def test_an_unreadable_keepsake_stops_a_sweep_that_goes_on() -> None:
    class Broken(MemoryKeepsakes):
        def kept(self, plan: Digest) -> Iterator[Saved] | None:
            raise InvalidInput("the keepsake is damaged")

    undo = Undo(keepsakes=Broken())
    assert (undo.run().reason, undo.world.left) == ("InvalidInput", ALL)
