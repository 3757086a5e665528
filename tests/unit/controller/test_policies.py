"""Policies: their conditions, their slots, their runs' history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regsweep.api.run import CollectionStatus, RunStep
from regsweep.clients.kinds import POLICY, RUN
from regsweep.controller.conditions import UNKNOWN, Fact, false
from regsweep.core.maintenance import Step
from regsweep.core.outcome import RunRecord
from regsweep.errors import RegistryUnreachable
from regsweep.pipeline import Ports, Request
from tests.unit.controller.world import NAMESPACE, WELL, World, conditions, message, plan_of, record

GOOD = {
    "Ready": "True/Ready",
    "Suspended": "False/Active",
    "RegistryReachable": "True/Reachable",
    "DeleteEnabled": "True/Enabled",
    "MaintenanceActive": "False/NoMaintenance",
}


def world_with_policy(answer: tuple[Fact, Fact] = WELL, **spec: Any) -> World:
    world = World()
    world.answer = answer
    world.policy(**spec)
    world.settle()
    return world


def test_all_conditions_from_the_first_look() -> None:
    world = World()
    world.policy()
    world.operator.scheduler.run_one()
    assert conditions(world.policy_status()) == GOOD | {
        "Ready": "Unknown/NotKnownYet",
        "RegistryReachable": "Unknown/NotKnownYet",
        "DeleteEnabled": "Unknown/NotKnownYet",
    }


def test_a_good_policy_is_ready() -> None:
    world = world_with_policy()
    assert conditions(world.policy_status()) == GOOD
    assert world.policy_status()["observedGeneration"] == 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"mode": "Delete", "garbageCollection": {"mode": "Disabled"}},
            "what is deleted frees no space before the registry is collected by its own means",
        ),
        (
            {
                "mode": "Delete",
                "registry": {"url": "http://registry:5000", "workloadRef": {"name": "registry"}},
                "garbageCollection": {"mode": "Unprotected"},
            },
            "an image that is pushed meanwhile can be lost",
        ),
    ],
)
def test_a_mode_that_is_not_the_safe_one_says_what_it_means(spec: dict[str, Any], words: str) -> None:
    assert message(world_with_policy(**spec).policy_status(), "Ready").endswith(words)


def test_a_dry_run_says_nothing_of_collecting() -> None:
    assert message(world_with_policy(mode="DryRun").policy_status(), "Ready").endswith("its registry answers")


OFF = "deletes are switched off. Set REGISTRY_STORAGE_DELETE_ENABLED=true"
ANSWERS: dict[str, tuple[tuple[Fact, Fact], dict[str, Any], dict[str, str]]] = {
    "unreachable": (
        (false("RegistryUnreachable", "no answer"), UNKNOWN), {},
        {"Ready": "False/RegistryUnreachable", "RegistryReachable": "False/RegistryUnreachable",
         "DeleteEnabled": "Unknown/NotKnownYet"},
    ),
    "wrong password": (
        (false("Unauthorized", "refused"), UNKNOWN), {},
        {"Ready": "False/Unauthorized", "RegistryReachable": "False/Unauthorized",
         "DeleteEnabled": "Unknown/NotKnownYet"},
    ),
    "no Secret": (
        (false("NotFound", "Secret"), UNKNOWN), {},
        {"Ready": "False/NotFound", "RegistryReachable": "False/NotFound", "DeleteEnabled": "Unknown/NotKnownYet"},
    ),
    "deletes off": (
        (WELL[0], false("Disabled", OFF)), {}, {"Ready": "False/DeleteDisabled", "DeleteEnabled": "False/Disabled"},
    ),
    "deletes off, dry run": (
        (WELL[0], false("Disabled", OFF)), {"mode": "DryRun"}, {"DeleteEnabled": "False/Disabled"},
    ),
    "deletes off, to be switched on": (
        (WELL[0], false("Disabled", OFF)),
        {"registry": {"url": "http://r:5000", "workloadRef": {"name": "r"}, "enableDelete": True}},
        {"DeleteEnabled": "False/Disabled"},
    ),
    "no right to delete": (
        (WELL[0], false("Denied", "denied")), {}, {"Ready": "False/DeleteDenied", "DeleteEnabled": "False/Denied"},
    ),
    "suspended": (WELL, {"suspend": True}, {"Suspended": "True/Suspended"}),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "spec", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_wrong_is_said(answer: tuple[Fact, Fact], spec: dict[str, Any], expected: dict[str, str]) -> None:
    assert conditions(world_with_policy(answer, **spec).policy_status()) == GOOD | expected


def test_the_setting_is_named_where_deletes_are_off() -> None:
    status = world_with_policy((WELL[0], false("Disabled", OFF))).policy_status()
    assert message(status, "DeleteEnabled") == message(status, "Ready") == OFF


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "cron": ({"schedule": "0 3 * *"}, "spec.schedule"),
    "zone": ({"timeZone": "Europe/Atlantis"}, "spec.timeZone"),
    "regex": (
        {"rules": [{"name": "a", "tags": {"include": ["/(/"]}, "keep": {"latest": 1}}]},
        "spec.rules[0].tags.include[0]",
    ),
    "unknown field": ({"scedule": "0 3 * * *"}, "spec.scedule"),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "field"), REFUSED.values(), ids=REFUSED)
def test_a_refused_policy_names_the_field(spec: dict[str, Any], field: str) -> None:
    world = world_with_policy(**spec)
    status = world.policy_status()
    assert conditions(status)["Ready"] == "False/InvalidSpec"
    assert f"{field}: " in message(status, "Ready")
    assert status["observedGeneration"] == 1
    assert set(conditions(status)) == set(GOOD)
    assert world.news() == ["InvalidSpec"]


def test_a_policy_that_was_corrected_is_ready() -> None:
    world = world_with_policy(schedule="0 3 * *")
    world.edit_policy(schedule="0 3 * * *")
    world.settle()
    assert conditions(world.policy_status()) == GOOD
    assert world.policy_status()["observedGeneration"] == 2


def test_nothing_is_written_where_nothing_changed() -> None:
    world = world_with_policy(schedule="0 3 * * *")
    world.cluster.writes.clear()
    world.later(minutes=11)
    assert world.cluster.writes == []


def test_a_policy_never_gets_its_spec_written() -> None:
    world = world_with_policy(schedule="*/5 * * * *")
    for _ in range(3):
        world.later(minutes=5)
    written = {(verb, kind) for verb, kind, _ in world.cluster.writes if kind == "RegistryCleanupPolicy"}
    assert written == {("create", "RegistryCleanupPolicy"), ("status", "RegistryCleanupPolicy")}


def test_a_slot_makes_one_run_that_the_policy_owns() -> None:
    world = world_with_policy(schedule="0 13 * * *", timeZone="Etc/UTC")
    assert world.policy_status()["nextScheduleTime"] == "2026-11-23T13:00:00Z"
    world.later(hours=1)
    assert world.runs() == ["nightly-29923980"]
    meta = world.meta("RegistryCleanupRun", "nightly-29923980")
    assert meta["ownerReferences"][0]["name"] == "nightly"
    assert meta["labels"] == {"regsweep.dev/policy": "nightly"}
    status = world.policy_status()
    assert status["lastScheduleTime"] == "2026-11-23T13:00:00Z"
    assert status["nextScheduleTime"] == "2026-11-24T13:00:00Z"
    assert status["lastSuccessfulTime"] == "2026-11-23T13:00:00Z"
    assert status["lastRun"] == {"name": "nightly-29923980", "result": "Deleted", "deleted": 0}
    assert world.news() == ["RunCreated", "Deleted", "Deleted"]


def test_a_slot_whose_run_was_made_but_not_written_down_makes_no_second_one() -> None:
    world = world_with_policy(schedule="0 13 * * *")
    world.cluster.fails = failing("status", "RegistryCleanupPolicy")
    world.later(hours=1)
    world.cluster.fails = lambda verb, kind, name: None
    world.later(minutes=5)
    assert world.runs() == ["nightly-29923980"]
    assert world.policy_status()["lastScheduleTime"] == "2026-11-23T13:00:00Z"


@pytest.mark.parametrize(("late", "runs"), [(59, 1), (61, 0)], ids=["within the deadline", "too late"])
def test_a_missed_slot_is_made_up_for_within_its_deadline(late: int, runs: int) -> None:
    world = world_with_policy(schedule="0 13 * * *")
    world.now = world.now.replace(hour=13) + timedelta(minutes=late)
    world.restart()
    world.resync()
    assert len(world.runs()) == runs


@pytest.mark.parametrize("before", [{}, {"schedule": "0 13 * * *", "suspend": True}, {"schedule": "0 23 * * *"}])
def test_writing_a_schedule_starts_no_run(before: dict[str, Any]) -> None:
    world = world_with_policy(startingDeadlineSeconds=86400, **before)
    world.later(hours=1, minutes=30)
    world.edit_policy(schedule="0 13 * * *", suspend=False)
    world.settle()
    assert world.runs() == []
    world.later(days=1)
    assert world.runs() == ["nightly-29925420"]


def test_a_slot_between_the_making_of_a_policy_and_the_first_look_counts() -> None:
    world = World()
    world.policy(schedule="30 11 * * *")
    world.settle()
    assert world.runs() == ["nightly-29923890"]


def test_a_suspended_policy_makes_no_run() -> None:
    world = world_with_policy(schedule="0 13 * * *", suspend=True)
    assert "nextScheduleTime" not in world.policy_status()
    world.later(hours=1)
    assert world.runs() == []


def test_a_slot_waits_while_a_run_is_not_over_and_comes_after_it() -> None:
    world = world_with_policy(schedule="0 13 * * *")
    world.pipeline = raising_unreachable
    world.run("by-hand")
    world.settle()
    assert conditions(world.status("by-hand"))["Failed"] == "True/RegistryUnreachable"
    world.pipeline = waiting(world)
    world.run("waits")
    world.settle()
    world.later(hours=1)
    assert world.runs() == ["by-hand", "waits"]
    assert world.policy_status()["nextScheduleTime"] == "2026-11-23T13:00:00Z"
    world.cluster.delete(RUN, NAMESPACE, "waits")
    world.later(minutes=1)
    assert world.runs() == ["by-hand", "nightly-29923980"]


def test_with_a_schedule_of_its_own_collecting_is_a_run_of_its_own() -> None:
    collection = {"mode": "ReadOnly", "schedule": "30 13 * * *"}
    world = world_with_policy(schedule="0 13 * * *", garbageCollection=collection)
    assert world.policy_status()["nextCollectTime"] == "2026-11-23T13:30:00Z"
    world.later(hours=1)
    world.later(minutes=30)
    assert world.runs() == ["nightly-29923980", "nightly-29924010-collect"]
    assert [request.collect.value for request in world.requests] == ["Skip", "Only"]
    assert world.policy_status()["lastCollectScheduleTime"] == "2026-11-23T13:30:00Z"


@pytest.mark.parametrize(
    "spec", [{"mode": "DryRun"}, {"garbageCollection": {"mode": "Disabled", "schedule": "0 13 * * *"}}]
)
def test_what_deletes_or_collects_nothing_has_no_collect_slots(spec: dict[str, Any]) -> None:
    world = world_with_policy(**({"garbageCollection": {"mode": "ReadOnly", "schedule": "0 13 * * *"}} | spec))
    world.later(hours=1)
    assert world.runs() == []


def test_old_runs_go_by_how_they_ended() -> None:
    world = world_with_policy(successfulRunsHistoryLimit=2, failedRunsHistoryLimit=1)
    for number in range(4):
        world.pipeline = lambda request, ports: record(request)
        world.run(f"good-{number}")
        world.later(minutes=1)
        world.pipeline = raising_unreachable
        world.run(f"bad-{number}")
        world.later(minutes=1)
    assert world.runs() == ["bad-3", "good-2", "good-3"]


def test_a_limit_of_none_keeps_none_and_remembers_the_last() -> None:
    world = world_with_policy(successfulRunsHistoryLimit=0)
    world.run()
    world.settle()
    assert world.runs() == []
    assert world.policy_status()["lastRun"]["name"] == "now"
    assert world.policy_status()["lastSuccessfulTime"] == "2026-11-23T12:00:00Z"


def test_a_cancelled_run_says_nothing_about_the_policy() -> None:
    world = world_with_policy()
    world.pipeline = lambda request, ports: record(request, "Cancelled")
    world.run()
    world.settle()
    assert conditions(world.policy_status())["Ready"] == "True/Ready"


def test_an_idle_policy_goes_at_once() -> None:
    world = world_with_policy()
    world.run()
    world.settle()
    world.cluster.delete(POLICY, NAMESPACE, "nightly")
    assert ("RegistryCleanupPolicy", NAMESPACE, "nightly") not in world.cluster.objects


def test_the_registry_is_not_asked_while_it_is_in_maintenance() -> None:
    world = world_with_policy()

    def script(request: Request, ports: Ports) -> RunRecord:
        ports.journal.enter(RunStep.COLLECTING)
        ports.journal.window.save(CollectionStatus(step=Step.COLLECTING))
        raise RegistryUnreachable("rolling out")

    world.pipeline = script
    world.run()
    world.settle()
    world.answer = (false("RegistryUnreachable", "rolling out"), UNKNOWN)
    world.now = world.now.replace(hour=20)
    world.resync()
    assert conditions(world.policy_status())["RegistryReachable"] == "True/Reachable"


def test_metrics_of_a_run() -> None:
    world = world_with_policy()
    world.pipeline = planned(world)
    world.run()
    world.settle()
    numbers = world.metrics.text().decode()
    assert 'regsweep_runs_total{namespace="team",policy="nightly",result="DryRun"} 1.0' in numbers
    assert 'regsweep_pending_deletions{namespace="team",policy="nightly"} 3.0' in numbers
    assert 'regsweep_pending_bytes{namespace="team",policy="nightly"} 1000.0' in numbers
    assert 'regsweep_last_success_timestamp_seconds{namespace="team",policy="nightly"} 1.7954352e+09' in numbers
    assert 'regsweep_maintenance_active{namespace="team",policy="nightly"} 0.0' in numbers
    world.cluster.delete(POLICY, NAMESPACE, "nightly")
    world.settle()
    assert "regsweep_pending_deletions{" not in world.metrics.text().decode()


def planned(world: World) -> Any:
    def script(request: Request, ports: Ports) -> RunRecord:
        ports.journal.planned(plan_of(world))
        return record(request, "DryRun")

    return script


def waiting(world: World) -> Any:
    from tests.unit.controller.test_runs import waits

    return waits(world)


def raising_unreachable(request: Request, ports: Ports) -> RunRecord:
    raise RegistryUnreachable("no answer")


def failing(on: str, what: str) -> Any:
    from regsweep.errors import ClusterUnreachable

    def fail(verb: str, kind: str, name: str) -> None:
        if (verb, kind) == (on, what):
            raise ClusterUnreachable("the API is away")

    return fail
