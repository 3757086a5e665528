"""What is used is read for the plan, and again before and while things are deleted. What is not known stops the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from regsweep.api.policy import Mode
from regsweep.api.run import RunStep
from regsweep.core.inuse import Usage, Use, User
from regsweep.core.oci import DOCKER_LIST
from regsweep.core.outcome import RunRecord
from regsweep.errors import ApprovalRequired, InUseUnknown
from regsweep.pipeline import Request, run
from tests.model_registry import index
from tests.unit.pipeline.test_run import ALL, LAST, Collector, World

POD = User("Pod", "shop", "web-1", "web")
IN_USE: dict[str, Any] = {"protect": {"inUse": {}}}


def using(*texts: str, hosts: frozenset[str] = frozenset()) -> Callable[[], Usage]:
    return lambda: Usage(iter([Use(text, POD) for text in texts]), hosts)


def do(world: World, usage: Callable[[], Usage] | None, **asked: Any) -> RunRecord:
    request = Request(world.policy(), world.mode, world.collect, **asked)
    return run(request, replace(world.ports(), usage=usage))


def in_turn(*readings: Callable[[], Usage]) -> Callable[[], Usage]:
    left = iter(readings)

    def usage() -> Usage:
        return next(left)()

    return usage


def lost() -> Usage:
    raise InUseUnknown("the operator may not list pods")


def half() -> Usage:
    def uses() -> Iterator[Use]:
        yield Use("r/a:1", POD)
        raise InUseUnknown("the list of pods broke off")

    return Usage(uses())


def test_what_is_used_stays_and_is_told() -> None:
    world = World(spec=IN_USE)
    record = do(world, using("r:80/a:1", "r:80/gone:1"))
    assert (record.reason, world.left) == ("Deleted", {"a": ["1", "3"], "b": ["3"]})
    assert record.kept.by_reason["protected.in-use"] == 1
    assert [(used.repository, used.references, bool(used.digest)) for used in record.used] == [
        ("a", ("1",), True),
        ("gone", ("1",), False),
    ]
    assert [finding.code for finding in record.findings] == ["in-use.missing", "sweep.unheard"]


def test_a_name_that_only_the_cluster_knows_protects() -> None:
    world = World(spec=IN_USE)
    do(world, using("10.96.0.10:5000/a:1", hosts=frozenset({"10.96.0.10:5000"})))
    assert world.left == {"a": ["1", "3"], "b": ["3"]}


def test_an_index_that_lost_its_tag_is_whole_while_it_is_used() -> None:
    world = World(spec={**IN_USE, "rules": [{"name": "all", "keep": {"youngerThan": "1s"}}]})
    child = world.registry.tagged["a"]["1"]
    untagged = world.registry.push("a", None, index(child), DOCKER_LIST)
    world.journal.enter(RunStep.PENDING)
    record = do(world, using(f"r/a@{untagged}"))
    assert [used.digest for used in record.used] == [untagged]
    assert [finding.code for finding in record.findings if finding.code.startswith("in-use")] == []
    assert ("a", child) in world.registry.bodies


def test_what_the_policy_lists_is_used_by_it() -> None:
    world = World(spec={"protect": {"inUse": {"images": ["r/b:1"]}}})
    record = do(world, using())
    assert world.left == {"a": ["3"], "b": ["1", "3"]}
    assert [str(user) for used in record.used for user in used.users] == ["RegistryCleanupPolicy n/p"]


def test_nobody_is_asked_where_the_policy_does_not_say_so() -> None:
    world = World()
    assert (do(world, lost).reason, world.left) == ("Deleted", LAST)


@pytest.mark.parametrize("usage", [lost, half, None], ids=["no right", "half a list", "no way to learn it"])
def test_what_cannot_be_learnt_stops_the_run_before_its_plan(usage: Callable[[], Usage] | None) -> None:
    world = World(spec=IN_USE)
    with pytest.raises(InUseUnknown):
        do(world, usage)
    assert (world.left, world.journal.plan()) == (ALL, None)


def test_a_repository_that_a_broken_text_could_mean_is_left_alone() -> None:
    world = World(spec=IN_USE)
    record = do(world, using("r:80/a:${TAG}"))
    assert world.left == {"a": ALL["a"], "b": LAST["b"]}
    assert [(finding.code, finding.reference) for finding in record.findings] == [
        ("in-use.malformed", "r:80/a:${TAG}"),
        ("sweep.unheard", ""),
    ]


def test_it_is_asked_again_before_anything_is_deleted() -> None:
    world, answers = World(spec=IN_USE, collector=Collector()), in_turn(using(), using("r/a:1"))
    record = do(world, answers)
    assert (record.reason, world.left) == ("Collected", {"a": ["1", "3"], "b": ["3"]})
    assert [outcome.message for outcome in record.outcomes if outcome.message] == [f"in use: {POD}"]


def test_what_cannot_be_asked_again_deletes_nothing() -> None:
    world, answers = World(spec=IN_USE, collector=Collector()), in_turn(using(), lost)
    record = do(world, answers)
    assert (record.reason, world.left, record.outcomes) == ("InUseUnknown", ALL, ())
    assert "may not list pods" in record.message


def test_a_long_sweep_asks_again_and_stops_where_it_gets_no_answer() -> None:
    world, answers = World(spec=IN_USE, collector=Collector()), in_turn(using(), using(), lost)

    def slow(repository: str, digest: object) -> None:
        world.now += timedelta(minutes=2)

    world.registry.before_delete = slow
    record = do(world, answers)
    assert record.reason == "InUseUnknown"
    assert len(record.outcomes) == 4
    assert 1 <= len(world.registry.deletes) < 4
    assert world.collector is not None
    assert "collect" not in world.collector.calls


def test_an_approved_plan_asks_too() -> None:
    world = World(spec={**IN_USE, "approval": "Manual"})
    with pytest.raises(ApprovalRequired):
        do(world, using())
    plan = world.journal.plan()
    assert plan is not None
    for usage in (lost, None):
        world.journal.enter(RunStep.AWAITING_APPROVAL)
        assert do(world, usage, approved=plan.digest).reason == "InUseUnknown"
    world.journal.enter(RunStep.AWAITING_APPROVAL)
    do(world, using("r/a:1"), approved=plan.digest)
    assert world.left == {"a": ["1", "3"], "b": ["3"]}


def test_an_interrupted_sweep_asks_before_it_goes_on() -> None:
    world = World(spec=IN_USE, mode=Mode.DRY_RUN)
    do(world, using())
    world.mode = Mode.DELETE
    world.journal.enter(RunStep.SWEEPING)
    do(world, using("r/b:2"))
    assert world.left == {"a": ["3"], "b": ["2", "3"]}
