"""The order of the hops, and every way in which a run waits, goes on, stops short or fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regsweep.api.load import load_policy
from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.api.run import Collect, RunStep
from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry import DeleteState
from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.core.outcome import Collection, RunRecord
from regsweep.errors import (
    ApprovalRequired,
    CollectFailed,
    InUseUnknown,
    InvalidInput,
    PlanUnreadable,
    RegistryMisbehaved,
    RegistryUnreachable,
    WorkloadUnfit,
)
from regsweep.pipeline import Ports, Request, run
from regsweep.pipeline.memory import MemoryJournal
from tests.model_registry import ModelRegistry, image
from tests.quiet import Quiet

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Journal(MemoryJournal):
    """Remembers the order of the steps."""

    def __init__(self, step: RunStep = RunStep.PENDING) -> None:
        super().__init__()
        self._step = step
        self.steps: list[RunStep] = []

    def enter(self, step: RunStep) -> None:
        self.steps.append(step)
        super().enter(step)


class Collector:
    """Counts what is asked of it. `swept` is what a collection takes."""

    def __init__(self, error: Exception | None = None, swept: frozenset[Digest] = frozenset()) -> None:
        self.calls: list[str] = []
        self.error, self.swept = error, swept
        self.unfit = False

    def preflight(self) -> None:
        self.calls.append("preflight")
        if self.unfit:
            raise WorkloadUnfit("the workload is paused")

    def collect(self, census: Callable[[], Census]) -> Collection:
        self.calls.append("collect")
        census()
        if self.error:
            raise self.error
        return Collection(NOW, NOW, 1, 1, 1, 0, 100, 50, 1.0, self.swept)

    def resume(self, census: Callable[[], Census]) -> Collection | None:
        self.calls.append("resume")
        return Collection(NOW, NOW, 1, 1, 1, 0, 100, 50, 1.0, self.swept)


@dataclass
class World:
    """A registry of two repositories with three tags each, and a policy that keeps the last tag by name."""

    spec: dict[str, Any] = field(default_factory=dict)
    mode: Mode = Mode.DELETE
    collect: Collect = Collect.AUTO
    journal: Journal = field(default_factory=Journal)
    collector: Collector | None = None
    state: DeleteState = DeleteState.ENABLED
    registry: ModelRegistry = field(default_factory=ModelRegistry)
    now: datetime = NOW
    enabled: int = 0

    def __post_init__(self) -> None:
        for repository in ("a", "b"):
            for tag in ("1", "2", "3"):
                self.registry.push(repository, tag, image(repository + tag))

    def policy(self) -> RegistryCleanupPolicy:
        spec: dict[str, Any] = {
            "registry": {"url": "http://r", "workloadRef": {"name": "registry"}},
            "rules": [{"name": "last", "keep": {"latest": 1, "orderBy": "Alphabetical"}}],
            "limits": {"maxDeletionPercent": 100, "minimumAge": "0s"},
            **self.spec,
        }
        kind = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy"}
        return load_policy({**kind, "metadata": {"name": "p", "namespace": "n"}, "spec": spec})

    def run(self, **asked: Any) -> RunRecord:
        request = Request(self.policy(), self.mode, self.collect, **asked)
        return run(request, self.ports())

    def ports(self) -> Ports:
        quiet = Quiet()
        return Ports(
            reader=self.registry,  # type: ignore[arg-type]
            deleter=self._deleter,
            probe=lambda _: self.state,
            cache=MemoryCache(),
            clock=lambda: self.now,
            stop=quiet,
            progress=quiet,
            journal=self.journal,
            collector=self.collector,
            enable_delete=self._enable,
        )

    def _deleter(self) -> Any:
        assert self.mode is Mode.DELETE, "a dry run asked for a client that can delete"
        return self.registry

    def _enable(self) -> None:
        self.enabled += 1
        self.state = DeleteState.ENABLED

    @property
    def left(self) -> dict[str, list[str]]:
        return {name: sorted(tags) for name, tags in self.registry.tagged.items()}


ALL = {"a": ["1", "2", "3"], "b": ["1", "2", "3"]}
LAST = {"a": ["3"], "b": ["3"]}


def test_a_dry_run_stops_after_the_plan() -> None:
    world = World(mode=Mode.DRY_RUN)
    record = world.run()
    assert (record.reason, len(record.plan.actions if record.plan else ()), world.left) == ("DryRun", 4, ALL)
    assert world.journal.steps == [RunStep.SCANNING, RunStep.PLANNED]


def test_a_run_deletes_and_proves() -> None:
    world = World()
    record = world.run()
    assert (record.reason, world.left) == ("Deleted", LAST)
    assert record.collect_skipped.startswith("garbage collection is switched off: no space comes back")
    assert world.journal.steps == [
        RunStep.SCANNING,
        RunStep.PLANNED,
        RunStep.KEEPING,
        RunStep.SWEEPING,
        RunStep.VERIFYING,
    ]


def test_a_run_collects_where_it_can() -> None:
    world = World(collector=Collector())
    record = world.run()
    assert (record.reason, world.left) == ("Collected", LAST)
    assert world.collector is not None
    assert world.collector.calls == ["preflight", "collect"]
    assert world.journal.steps[-3:] == [RunStep.SWEEPING, RunStep.COLLECTING, RunStep.VERIFYING]


def test_a_second_run_finds_nothing() -> None:
    world = World()
    world.run()
    world.journal = Journal()
    assert world.run().reason == "NothingToDelete"


def test_a_workload_that_cannot_be_collected_is_said_before_anything_is_deleted() -> None:
    world = World(collector=Collector())
    assert world.collector is not None
    world.collector.unfit = True
    assert (world.run().reason, world.left) == ("WorkloadUnfit", ALL)


@pytest.mark.parametrize(
    ("asked", "spec", "words"),
    [
        pytest.param(Collect.SKIP, {}, "this run was asked not to collect", id="asked"),
        pytest.param(
            Collect.SKIP,
            {"garbageCollection": {"mode": "ReadOnly", "schedule": "0 4 * * 0"}},
            "garbage collection has a schedule of its own",
            id="schedule",
        ),
        pytest.param(
            Collect.AUTO,
            {"garbageCollection": {"mode": "ReadOnly", "minimumReclaim": "1Gi"}},
            "bytes would come back, less than minimumReclaim 1Gi",
            id="too little",
        ),
    ],
)
def test_why_a_run_does_not_collect(asked: Collect, spec: dict[str, Any], words: str) -> None:
    world = World(collector=Collector(), collect=asked, spec=spec)
    record = world.run()
    assert record.reason == "Deleted"
    assert words in record.collect_skipped


def test_a_plan_over_a_limit_waits_and_the_approved_one_is_done() -> None:
    world = World(spec={"limits": {"maxDeletions": 3, "maxDeletionPercent": 100, "minimumAge": "0s"}})
    with pytest.raises(ApprovalRequired) as waiting:
        world.run()
    plan = world.journal.plan()
    assert plan is not None
    assert (waiting.value.reason, world.left) == ("LimitExceeded", ALL)
    assert world.journal.step() is RunStep.AWAITING_APPROVAL
    with pytest.raises(ApprovalRequired):
        world.run(approved="sha256:" + "0" * 64)
    assert world.left == ALL
    assert (world.run(approved=plan.digest).reason, world.left) == ("Deleted", LAST)


def test_manual_approval_waits_for_every_plan() -> None:
    world = World(spec={"approval": "Manual"})
    with pytest.raises(ApprovalRequired) as waiting:
        world.run()
    assert (waiting.value.reason, world.left) == ("ManualApproval", ALL)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"now": NOW + timedelta(days=2)}, "PlanExpired", id="expired"),
        pytest.param(
            {"spec": {"rules": [{"name": "last", "keep": {"latest": 2, "orderBy": "Alphabetical"}}]}},
            "PolicyChanged",
            id="another policy",
        ),
    ],
)
def test_an_approved_plan_that_is_not_true_any_more_is_refused(change: dict[str, Any], reason: str) -> None:
    world = World(spec={"approval": "Manual"})
    with pytest.raises(ApprovalRequired):
        world.run()
    plan = world.journal.plan()
    assert plan is not None
    changed = replace(world, **change)
    assert (changed.run(approved=plan.digest).reason, changed.left) == (reason, ALL)


@pytest.mark.parametrize(("answer", "left"), [(True, LAST), (False, ALL)], ids=["yes", "no"])
def test_a_person_at_the_terminal_is_asked(answer: bool, left: dict[str, list[str]]) -> None:
    world = World()
    if answer:
        world.run(confirm=lambda _: True)
    else:
        with pytest.raises(ApprovalRequired):
            world.run(confirm=lambda _: False)
    assert world.left == left


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (DeleteState.DISABLED, "DeleteDisabled", "REGISTRY_STORAGE_DELETE_ENABLED=true"),
        (DeleteState.READ_ONLY, "DeleteDisabled", "read-only"),
        (DeleteState.DENIED, "Unauthorized", "right to delete"),
    ],
)
def test_a_registry_that_does_not_delete_is_said(state: DeleteState, reason: str, words: str) -> None:
    world = World(state=state)
    record = world.run()
    assert (record.reason, world.left) == (reason, ALL)
    assert words in record.message


def test_deletes_are_switched_on_where_the_policy_says_so() -> None:
    registry = {"url": "http://r", "workloadRef": {"name": "registry"}, "enableDelete": True}
    world = World(state=DeleteState.DISABLED, spec={"registry": registry})
    assert (world.run().reason, world.enabled, world.left) == ("Deleted", 1, LAST)
    assert world.journal.steps.index(RunStep.ENABLING_DELETE) < world.journal.steps.index(RunStep.SWEEPING)


def test_a_repository_that_cannot_be_read_is_left_alone_and_nothing_is_collected() -> None:
    world = World(collector=Collector())
    whole = world.registry.tags

    def half(repository: str) -> tuple[str, ...]:
        if repository == "a":
            raise RegistryMisbehaved("half a page")
        return whole(repository)

    world.registry.tags = half  # type: ignore[method-assign]
    record = world.run()
    assert (record.reason, world.left) == ("PartialInventory", {"a": ALL["a"], "b": LAST["b"]})
    assert world.collector is not None
    assert "collect" not in world.collector.calls


def test_a_failed_collection_is_the_reason_and_what_was_deleted_is_told() -> None:
    record = World(collector=Collector(error=CollectFailed("the disk is full"))).run()
    assert (record.reason, record.message, len(record.outcomes)) == ("CollectFailed", "the disk is full", 4)


def test_an_image_that_the_collection_took_is_damaged() -> None:
    world = World(collector=Collector())
    kept = world.registry.tagged["a"]["3"]
    assert world.collector is not None
    world.collector.swept = frozenset({kept})
    look = world.registry.head

    def head(repository: str, reference: str) -> Any:
        return None if reference == kept else look(repository, reference)

    world.registry.head = head  # type: ignore[method-assign]
    record = world.run()
    assert record.reason == "ImagesDamaged"
    assert record.verification is not None
    assert [(finding.repository, finding.reference) for finding in record.verification.damaged] == [("a", kept)]


def test_an_interrupted_sweep_goes_on_from_its_plan() -> None:
    world = World(mode=Mode.DRY_RUN)
    world.run()
    world.mode = Mode.DELETE
    world.registry.delete_manifest("a", world.registry.tagged["a"]["1"])
    world.journal.enter(RunStep.SWEEPING)
    record = world.run()
    assert (record.reason, world.left) == ("Deleted", LAST)
    assert sorted(outcome.result.value for outcome in record.outcomes) == ["deleted", "deleted", "deleted", "gone"]


def test_a_run_that_was_interrupted_in_its_window_goes_on_there() -> None:
    world = World(mode=Mode.DRY_RUN, collector=Collector())
    world.run()
    world.mode = Mode.DELETE
    world.journal.enter(RunStep.COLLECTING)
    assert world.collector is not None
    assert (world.run().reason, world.collector.calls) == ("Collected", ["resume"])


def deaf(world: World, calls: int) -> None:
    """The registry's address leads nowhere so many times."""
    left = [calls]

    def ping() -> None:
        if left[0]:
            left[0] -= 1
            raise RegistryUnreachable("no route")

    world.registry.ping = ping  # type: ignore[method-assign]


@pytest.mark.parametrize("step", [RunStep.SWEEPING, RunStep.COLLECTING])
@pytest.mark.parametrize(("calls", "reason"), [(5, "Collected"), (1000, "RegistryUnreachable")])
def test_a_registry_that_comes_back_late_from_its_window_is_waited_for(step: RunStep, calls: int, reason: str) -> None:
    world = World(mode=Mode.DRY_RUN, collector=Collector())
    world.run()
    world.mode = Mode.DELETE
    world.journal.enter(step)
    deaf(world, calls)
    assert world.run().reason == reason


def test_a_run_whose_plan_is_gone_cannot_go_on() -> None:
    with pytest.raises(PlanUnreadable):
        World(journal=Journal(RunStep.SWEEPING)).run()


def test_a_run_that_only_collects_deletes_nothing() -> None:
    world = World(collect=Collect.ONLY, collector=Collector())
    assert (world.run().reason, world.left) == ("Collected", ALL)
    assert world.collector is not None
    assert world.collector.calls == ["preflight", "collect"]


def test_collecting_without_a_collector_is_refused() -> None:
    with pytest.raises(WorkloadUnfit):
        World(collect=Collect.ONLY).run()


def test_protection_that_cannot_be_had_deletes_nothing() -> None:
    world = World(spec={"protect": {"inUse": {}}})
    with pytest.raises(InUseUnknown):
        world.run()
    assert world.left == ALL


def test_an_inventory_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(InvalidInput, match="inventory"):
        World(spec={"registry": {"url": "http://r", "inventory": "Storage"}}).run()
