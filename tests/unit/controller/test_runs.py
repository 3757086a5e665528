"""Runs: how they begin, wait, end, are stopped, and go on after a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from regsweep.api.run import CollectionStatus, RunStep
from regsweep.cli.stored import stored_report
from regsweep.clients.kinds import POLICY, RUN
from regsweep.clients.kube import Cluster
from regsweep.controller.lookup import read_run
from regsweep.core.inventory import Finding
from regsweep.core.maintenance import Step
from regsweep.core.outcome import Kept, Outcome, Result, RunRecord, Verification
from regsweep.core.plan_chunks import REPORT_KEY, from_chunks
from regsweep.core.report.document import Report, from_json
from regsweep.errors import (
    ApprovalRequired,
    Cancelled,
    ClusterUnreachable,
    DeleteDisabled,
    LiftFailed,
    RegistryDenied,
    RegistryUnreachable,
    RegsweepError,
)
from regsweep.pipeline import Ports, Request
from tests.unit.controller.world import NAMESPACE, SPEC, START, World, conditions, message, plan_of, record

ENDED = {"Running": "False/Finished", "AwaitingApproval": "False/Finished"}


def world_with_policy(**spec: Any) -> World:
    world = World()
    world.policy(**spec)
    world.settle()
    return world


@pytest.mark.parametrize("reason", ["DryRun", "NothingToDelete", "Deleted", "Collected"])
def test_a_good_end_is_complete(reason: str) -> None:
    world = world_with_policy()
    world.pipeline = lambda request, ports: record(request, reason)
    world.run()
    world.settle()
    assert conditions(world.status()) == ENDED | {"Complete": f"True/{reason}", "Failed": f"False/{reason}"}
    assert world.status()["step"] == "Finished"
    assert world.status()["startedAt"] == world.status()["finishedAt"] == "2026-11-23T12:00:00Z"
    assert world.policy_status()["lastRun"]["result"] == reason


def test_the_whole_record_is_kept_beside_the_run() -> None:
    world = world_with_policy()
    kept = Kept({"kept.latest": 4, "protected.tag": 1}, {"app": (5, 3)})
    world.pipeline = lambda request, ports: record(request, "DryRun", plan=plan_of(world), kept=kept)
    world.run()
    world.settle()
    names = world.status()["report"]["configMaps"]
    found = [world.cluster.objects["ConfigMap", NAMESPACE, name] for name in names]
    report = from_json(from_chunks(item["binaryData"][REPORT_KEY] for item in found))
    assert report.kept_by_reason == kept.by_reason
    assert [action.reason for action in report.actions] == ["expired.all"] * 3
    assert found[0]["metadata"]["ownerReferences"][0]["name"] == "now"


def test_tags_that_were_lost_and_tags_that_came_back_are_news() -> None:
    world = world_with_policy()
    findings = (
        *(Finding("sweep.lost-tag", "app", f"v{number}", "was pushed") for number in range(7)),
        Finding("sweep.healed-tag", "app", "new", "was pushed"),
    )
    world.pipeline = lambda request, ports: record(request, "Deleted", findings=findings)
    world.run()
    world.settle()
    events = [found for (kind, _, _), found in world.cluster.objects.items() if kind == "Event"]
    told = {
        event["reason"]: (event["type"], event["note"]) for event in events if event["regarding"]["kind"] == RUN.name
    }
    kind, note = told["TagsLost"]
    assert (kind, note.endswith("app:v0, app:v1, app:v2, app:v3, app:v4 and 2 more")) == ("Warning", True)
    assert told["TagsPutBack"][0] == "Normal"
    assert "app:new" in told["TagsPutBack"][1]


@pytest.mark.parametrize("reason", ["PartialInventory", "SweepIncomplete", "ImagesDamaged", "CollectFailed"])
def test_a_record_of_a_failure_is_failed(reason: str) -> None:
    world = world_with_policy()
    world.pipeline = lambda request, ports: record(request, reason, message="so it is")
    world.run()
    world.settle()
    assert conditions(world.status()) == ENDED | {"Complete": f"False/{reason}", "Failed": f"True/{reason}"}
    assert message(world.status(), "Failed") == "so it is"
    assert conditions(world.policy_status())["Ready"] == f"False/{reason}"


ERRORS: dict[str, Exception] = {
    "RegistryUnreachable": RegistryUnreachable("no answer"),
    "Unauthorized": RegistryDenied("wrong password"),
    "DeleteDisabled": DeleteDisabled("switched off"),
    "InternalError": ZeroDivisionError("secret"),
}


@pytest.mark.parametrize(("reason", "error"), ERRORS.items(), ids=ERRORS)
def test_an_error_is_failed_with_its_reason(reason: str, error: Exception) -> None:
    world = world_with_policy()
    world.pipeline = raising(error)
    world.run()
    world.settle()
    assert conditions(world.status())["Failed"] == f"True/{reason}"
    assert "secret" not in message(world.status(), "Failed")
    world.run("second")
    world.settle()
    assert conditions(world.status("second"))["Failed"] == f"True/{reason}"


def test_a_run_of_no_policy_is_invalid() -> None:
    world = World()
    world.run(policy="nightlly")
    world.settle()
    assert conditions(world.status())["Failed"] == "True/InvalidSpec"
    assert message(world.status(), "Failed") == (
        "spec.policyRef.name: there is no RegistryCleanupPolicy nightlly in namespace team"
    )


def test_a_run_of_a_refused_policy_is_invalid() -> None:
    world = world_with_policy(schedule="0 3 31 2 *")
    world.run()
    world.settle()
    assert conditions(world.status())["Failed"] == "True/InvalidSpec"
    assert "spec.schedule: " in message(world.status(), "Failed")


def test_a_run_is_claimed_while_it_is_executed_and_let_go_after() -> None:
    world, seen = world_with_policy(), {}

    def look(request: Request, ports: Ports) -> RunRecord:
        seen.update(world.meta("RegistryCleanupRun", "now"))
        return record(request)

    world.pipeline = look
    world.run()
    world.settle()
    assert seen["finalizers"] == ["regsweep.dev/executing"]
    meta = world.meta("RegistryCleanupRun", "now")
    assert meta["finalizers"] == []
    assert meta["labels"] == {"regsweep.dev/policy": "nightly"}
    assert [(owner["name"], owner["controller"], owner["blockOwnerDeletion"]) for owner in meta["ownerReferences"]] == [
        ("nightly", True, False)
    ]


def test_the_mode_is_the_runs_else_the_policys_and_stays() -> None:
    world = world_with_policy(mode="DryRun")
    world.run("a")
    world.run("b", mode="Delete")
    world.settle()
    assert [(r.mode.value) for r in world.requests] == ["DryRun", "Delete"]
    assert (world.status("a")["mode"], world.status("b")["mode"]) == ("DryRun", "Delete")


def waits(world: World, reason: str = "LimitExceeded") -> Callable[[Request, Ports], RunRecord]:
    def script(request: Request, ports: Ports) -> RunRecord:
        if ports.journal.step() is RunStep.PENDING:
            ports.journal.planned(plan_of(world))
        plan = ports.journal.plan()
        assert plan is not None
        if request.approved == plan.digest:
            return record(request, "Deleted", plan=plan)
        ports.journal.enter(RunStep.AWAITING_APPROVAL)
        raise ApprovalRequired("3 of 10 manifests are more than 20 percent.", reason)

    return script


@pytest.mark.parametrize("reason", ["ManualApproval", "LimitExceeded"])
def test_a_plan_waits_for_exactly_its_digest(reason: str) -> None:
    world = world_with_policy()
    world.pipeline = waits(world, reason)
    world.run()
    world.settle()
    digest = world.status()["plan"]["digest"]
    assert conditions(world.status())["AwaitingApproval"] == f"True/{reason}"
    assert conditions(world.status())["Complete"] == "False/AwaitingApproval"
    assert digest in message(world.status(), "AwaitingApproval")
    assert world.meta("RegistryCleanupRun", "now")["finalizers"] == []
    world.edit_run(approvedPlan="sha256:" + 64 * "0")
    world.settle()
    assert conditions(world.status())["AwaitingApproval"] == f"True/{reason}"
    assert "nothing is done" in message(world.status(), "AwaitingApproval")
    assert len(world.requests) == 1
    world.edit_run(approvedPlan=digest)
    world.settle()
    assert conditions(world.status())["Complete"] == "True/Deleted"
    assert conditions(world.status())["AwaitingApproval"] == "False/Finished"


def test_why_tags_stay_is_told_while_the_plan_waits_and_after_it() -> None:
    """S13: whoever approves a plan has to see what it keeps. The run that goes on does not judge again."""
    world = world_with_policy()
    kept = Kept({"kept.latest": 4, "protected.tag": 1}, {"app": (5, 3)})
    finding = Finding("broken.no-manifest", "app", "v9", "has no manifest")
    later = Finding("sweep.lost-tag", "app", "v8", "is gone")

    def script(request: Request, ports: Ports) -> RunRecord:
        if ports.journal.step() is RunStep.PENDING:
            told = record(request, RunStep.PLANNED.value, plan=plan_of(world), kept=kept, findings=(finding,))
            ports.journal.planned(plan_of(world), told)
            ports.journal.enter(RunStep.AWAITING_APPROVAL)
            raise ApprovalRequired("3 of 10 manifests are more than 20 percent.", "LimitExceeded")
        return record(request, "Deleted", plan=plan_of(world), findings=(later,))

    world.pipeline = script
    world.run()
    world.settle()
    waiting = stored(world)
    assert (waiting.reason, waiting.kept_by_reason) == ("LimitExceeded", kept.by_reason)
    assert [(each.name, each.kept, each.expired) for each in waiting.repositories] == [("app", 5, 3)]
    assert [each.code for each in waiting.findings] == [finding.code]
    assert [each.result for each in waiting.actions] == ["planned"] * 3
    world.edit_run(approvedPlan=world.status()["plan"]["digest"])
    world.settle()
    ended = stored(world)
    assert (ended.reason, ended.kept_by_reason) == ("Deleted", kept.by_reason)
    assert [each.code for each in ended.findings] == [finding.code, later.code]


def test_a_record_that_is_gone_stops_nothing() -> None:
    world = world_with_policy()

    def script(request: Request, ports: Ports) -> RunRecord:
        told = record(request, RunStep.PLANNED.value, plan=plan_of(world), kept=Kept({"kept.latest": 1}))
        ports.journal.planned(plan_of(world), told)
        for name in world.status()["report"]["configMaps"]:
            del world.cluster.objects["ConfigMap", NAMESPACE, name]
        return record(request, "Deleted")

    world.pipeline = script
    world.run()
    world.settle()
    assert conditions(world.status())["Complete"] == "True/Deleted"
    assert stored(world).reason == "Deleted"


def stored(world: World) -> Report:
    """What `regsweep report --run` shows."""
    found = read_run(world.cluster.get(RUN, NAMESPACE, "now"))
    return stored_report(cast("Cluster", world.cluster), found)


def test_a_plan_that_nobody_approved_expires() -> None:
    world = world_with_policy()
    world.pipeline = waits(world)
    world.run()
    world.settle()
    world.later(hours=23)
    assert conditions(world.status())["AwaitingApproval"] == "True/LimitExceeded"
    world.later(hours=1)
    assert conditions(world.status())["Failed"] == "True/PlanExpired"
    assert len(world.requests) == 1


def test_the_time_of_waiting_is_not_the_runs_time() -> None:
    world = world_with_policy(limits={"runTimeout": "1h"})
    world.pipeline = waits(world)
    world.run()
    world.settle()
    world.later(hours=5)
    world.pipeline = checked(world.pipeline)
    world.edit_run(approvedPlan=world.status()["plan"]["digest"])
    world.settle()
    assert conditions(world.status())["Complete"] == "True/Deleted"


def test_a_run_ends_at_its_deadline() -> None:
    world = world_with_policy(limits={"runTimeout": "1h"})

    def slow(request: Request, ports: Ports) -> RunRecord:
        world.now = START.replace(hour=13)
        ports.stop.check()
        return record(request)

    world.pipeline = slow
    world.run()
    world.settle()
    assert conditions(world.status())["Failed"] == "True/DeadlineExceeded"


def test_deleting_a_run_cancels_it_first() -> None:
    world = world_with_policy()
    begun = blocked(world)
    world.run()
    world.settle(wait=False)
    assert begun.wait(5)
    world.cluster.delete(RUN, NAMESPACE, "now")
    assert world.meta("RegistryCleanupRun", "now")["finalizers"] == ["regsweep.dev/executing"]
    world.settle()
    assert world.runs() == []
    assert "Cancelled" in world.news()


def test_deleting_the_policy_cancels_its_run() -> None:
    world = world_with_policy()
    begun = blocked(world)
    world.run()
    world.settle(wait=False)
    assert begun.wait(5)
    world.cluster.delete(POLICY, NAMESPACE, "nightly")
    world.settle()
    assert conditions(world.status())["Failed"] == "True/Cancelled"


def test_changing_the_policy_stops_what_was_decided_by_the_old_one() -> None:
    world = world_with_policy()
    begun = blocked(world)
    world.run()
    world.settle(wait=False)
    assert begun.wait(5)
    world.edit_policy(protect={"tags": ["v1"]})
    world.settle()
    assert conditions(world.status())["Failed"] == "True/PolicyChanged"


def test_changing_the_schedule_stops_nothing() -> None:
    world = world_with_policy()
    begun = blocked(world)
    world.run()
    world.settle(wait=False)
    assert begun.wait(5)
    world.edit_policy(schedule="0 4 * * *")
    world.settle(wait=False)
    assert conditions(world.status())["Running"].startswith("True/")
    world.restart()


def test_a_change_of_the_policy_does_not_stop_a_collection() -> None:
    world = world_with_policy()
    begun = blocked(world, RunStep.COLLECTING)
    world.run()
    world.settle(wait=False)
    assert begun.wait(5)
    world.edit_policy(protect={"tags": ["v1"]})
    world.settle(wait=False)
    assert world.status()["step"] == "Collecting"
    assert conditions(world.status())["Running"] == "True/Collecting"
    world.restart()


def test_the_end_of_the_process_is_not_the_end_of_the_run() -> None:
    world = world_with_policy()
    begun = blocked(world, RunStep.SWEEPING)
    world.run()
    world.settle(wait=False)
    assert begun.wait(5)
    world.pipeline = lambda request, ports: record(
        request, "Deleted" if ports.journal.step() is RunStep.SWEEPING else ""
    )
    world.restart()
    world.settle()
    assert conditions(world.status())["Complete"] == "True/Deleted"
    assert len(world.requests) == 2


def test_what_was_swept_before_a_restart_is_counted_once() -> None:
    world = world_with_policy()
    plan = plan_of(world)

    def sweep(results: list[Result], then: Callable[[Ports], None]) -> Callable[[Request, Ports], RunRecord]:
        def script(request: Request, ports: Ports) -> RunRecord:
            if ports.journal.plan() is None:
                ports.journal.planned(plan)
            ports.journal.enter(RunStep.SWEEPING)
            for action, result in zip(plan.actions, results, strict=False):
                ports.journal.swept([Outcome(action, result)])
            then(ports)
            return record(request, "Deleted")

        return script

    begun = threading.Event()

    def block(ports: Ports) -> None:
        begun.set()
        ports.stop.wait(60)

    world.pipeline = sweep([Result.DELETED, Result.DELETED], block)
    world.run()
    world.settle(wait=False)
    assert begun.wait(5)
    world.pipeline = sweep([Result.GONE, Result.GONE, Result.DELETED], lambda ports: None)
    world.restart()
    world.settle()
    assert world.status()["deletion"] == {"deleted": 3, "gone": 0, "skipped": 0, "failed": 0, "tags": 3}


def test_a_plan_is_read_back_from_its_config_maps_and_checked() -> None:
    world, read = world_with_policy(), []

    def script(request: Request, ports: Ports) -> RunRecord:
        if ports.journal.step() is RunStep.PENDING:
            ports.journal.planned(plan_of(world))
            ports.journal.enter(RunStep.SWEEPING)
            raise ClusterUnreachable("away")
        read.append(ports.journal.plan())
        return record(request)

    world.pipeline = script
    world.run()
    world.settle()
    world.later(minutes=1)
    assert read == [plan_of_status(world)]
    assert world.status()["plan"]["deletions"] == 3
    (name,) = world.status()["plan"]["configMaps"]
    owner = world.cluster.objects["ConfigMap", NAMESPACE, name]["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"]) == ("RegistryCleanupRun", "now")


def test_a_plan_whose_config_map_is_gone_is_not_gone_on_with() -> None:
    world = world_with_policy()
    world.pipeline = waits(world)
    world.run()
    world.settle()
    for place in [place for place in world.cluster.objects if place[0] == "ConfigMap"]:
        del world.cluster.objects[place]
    world.edit_run(approvedPlan=world.status()["plan"]["digest"])
    world.settle()
    assert conditions(world.status())["Failed"] == "True/PlanUnreadable"


LATER: dict[str, RegsweepError] = {"the API is away": ClusterUnreachable("away"), "not lifted": LiftFailed("read-only")}


@pytest.mark.parametrize("error", LATER.values(), ids=LATER)
def test_what_cannot_end_now_goes_on_later(error: RegsweepError) -> None:
    world = world_with_policy()
    world.pipeline = raising(error)
    world.run()
    world.settle()
    assert conditions(world.status())["Running"] == "True/Pending"
    assert len(world.requests) == 1
    world.pipeline = lambda request, ports: record(request)
    world.later(seconds=6)
    assert conditions(world.status())["Complete"] == "True/Deleted"


def test_an_open_window_is_never_the_end() -> None:
    world = world_with_policy()
    world.pipeline = window(ZeroDivisionError())
    world.run()
    world.settle()
    assert conditions(world.status())["Running"] == "True/Collecting"
    assert world.meta("RegistryCleanupPolicy", "nightly")["finalizers"] == ["regsweep.dev/maintenance"]
    assert conditions(world.policy_status())["MaintenanceActive"] == "True/Collecting"
    world.pipeline = window(None)
    world.later(seconds=6)
    assert conditions(world.status())["Complete"] == "True/Collected"
    assert world.meta("RegistryCleanupPolicy", "nightly")["finalizers"] == []
    assert conditions(world.policy_status())["MaintenanceActive"] == "False/NoMaintenance"


def test_a_window_is_left_by_the_policy_that_it_was_entered_with() -> None:
    world = world_with_policy()
    world.pipeline = window(LiftFailed("read-only"))
    world.run()
    world.settle()
    world.edit_policy(schedule="no cron", garbageCollection={"mode": "Disabled"})
    world.settle()
    world.pipeline = window(None)
    world.later(seconds=6)
    assert conditions(world.status())["Complete"] == "True/Collected"
    assert world.requests[-1].policy.spec.garbage_collection.mode.value == "ReadOnly"


@pytest.mark.parametrize("deleted", ["run", "policy"])
def test_deleted_in_its_window_it_is_lifted_first(deleted: str) -> None:
    world = world_with_policy()
    world.pipeline = window(LiftFailed("read-only"))
    world.run()
    world.settle()
    kind, name = {"run": (RUN, "now"), "policy": (POLICY, "nightly")}[deleted]
    world.cluster.delete(kind, NAMESPACE, name)
    assert (kind.name, NAMESPACE, name) in world.cluster.objects
    stopped: list[RegsweepError] = []

    def lift(request: Request, ports: Ports) -> RunRecord:
        try:
            ports.stop.check()
        except Cancelled as error:
            stopped.append(error)
        ports.journal.window.save(CollectionStatus(step=Step.FINISHED))
        return record(request, "Cancelled")

    world.pipeline = lift
    world.later(seconds=6)
    world.settle()
    assert len(stopped) == 1
    assert (kind.name, NAMESPACE, name) not in world.cluster.objects


def test_a_failed_write_ahead_prevents_the_effect() -> None:
    world = world_with_policy()
    effects: list[str] = []

    def script(request: Request, ports: Ports) -> RunRecord:
        if not effects:
            world.cluster.fails = unreachable("status")
            effects.append("before")
            ports.journal.enter(RunStep.SWEEPING)
            effects.append("deleted")
        return record(request)

    world.pipeline = script
    world.run()
    world.operator.scheduler.run_one()
    world.operator.executions.join(0.2)
    assert effects == ["before"]
    assert world.status()["step"] == "Pending"
    world.cluster.fails = lambda verb, kind, name: None
    world.settle()
    world.later(minutes=1)
    assert conditions(world.status())["Complete"] == "True/Deleted"


def test_what_was_swept_before_the_api_went_away_is_counted_once() -> None:
    world = world_with_policy()
    plan = plan_of(world)

    def script(request: Request, ports: Ports) -> RunRecord:
        if ports.journal.plan() is None:
            ports.journal.planned(plan)
            ports.journal.enter(RunStep.SWEEPING)
            ports.journal.swept([Outcome(action, Result.DELETED) for action in plan.actions])
            failures = iter([1, 2])

            def away_twice(verb: str, kind: str, name: str) -> None:
                if (verb, kind) == ("status", "RegistryCleanupRun") and next(failures, None):
                    raise ClusterUnreachable("the API is away")

            world.cluster.fails = away_twice
            ports.journal.enter(RunStep.VERIFYING)
        ports.journal.swept([Outcome(action, Result.GONE) for action in plan.actions])
        return record(request)

    world.pipeline = script
    world.run()
    world.settle()
    world.later(minutes=1)
    assert conditions(world.status())["Complete"] == "True/Deleted"
    assert world.status()["deletion"] == {"deleted": 3, "gone": 0, "skipped": 0, "failed": 0, "tags": 3}


def test_progress_is_written_every_fifteen_seconds_at_most() -> None:
    world = world_with_policy()

    def script(request: Request, ports: Ports) -> RunRecord:
        ports.journal.enter(RunStep.SCANNING)
        world.cluster.writes.clear()
        ports.progress.begin("scan", 100)
        for _ in range(100):
            ports.progress.advance(1, "app")
        world.now = START.replace(second=15)
        ports.progress.advance(1, "app")
        assert world.cluster.writes == [("status", "RegistryCleanupRun", "now")]
        assert message(world.status(), "Running") == "scan: 101 of 100 (app)"
        return record(request)

    world.pipeline = script
    world.run()
    world.settle()
    assert conditions(world.status())["Complete"] == "True/Deleted"


def test_a_run_that_ends_while_it_is_read_is_not_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_with_policy()
    begun, end = threading.Event(), threading.Event()

    def script(request: Request, ports: Ports) -> RunRecord:
        begun.set()
        end.wait(5)
        return record(request)

    world.pipeline = script
    world.run()
    world.settle(wait=False)
    assert begun.wait(5)
    real = world.cluster.get

    def read_and_end(kind: Any, namespace: str | None, name: str) -> Any:
        found = real(kind, namespace, name)
        if name == "now" and not end.is_set():
            end.set()
            world.operator.executions.join(5)
        return found

    monkeypatch.setattr(world.cluster, "get", read_and_end)
    world.edit_run(mode="Delete")
    world.settle()
    assert len(world.requests) == 1


def test_one_run_at_a_time_for_a_registry() -> None:
    world = world_with_policy()
    begun = blocked(world)
    world.run("first")
    world.settle(wait=False)
    assert begun.wait(5)
    world.policy("other", registry={"url": SPEC["registry"]["url"] + "/", "workloadRef": {"name": "elsewhere"}})
    world.run("second", policy="other")
    world.settle(wait=False)
    assert conditions(world.status("second"))["Running"] == "False/Waiting"
    assert message(world.status("second"), "Running") == (
        "waits for run team/first, which has registry http://registry.team.svc:5000"
    )
    world.pipeline = lambda request, ports: record(request)
    world.cluster.delete(RUN, NAMESPACE, "first")
    world.settle()
    assert conditions(world.status("second"))["Complete"] == "True/Deleted"


def test_no_more_runs_than_allowed_at_once() -> None:
    world = World(limit=1)
    world.policy()
    world.policy("other", registry={"url": "http://other:5000", "workloadRef": {"name": "other"}})
    world.settle()
    begun = blocked(world)
    world.run("first")
    world.settle(wait=False)
    assert begun.wait(5)
    world.run("second", policy="other")
    world.settle(wait=False)
    assert message(world.status("second"), "Running") == "waits for a free place: 1 runs are executed at once"
    world.restart()


def test_verification_is_written_with_the_damaged_images_named() -> None:
    from regsweep.core.inventory import Finding

    world = world_with_policy()
    lost = Finding("damaged.by-run", "app", "sha256:1", "gone")
    world.pipeline = lambda request, ports: record(request, "ImagesDamaged", verification=Verification(5, 9, (lost,)))
    world.run()
    world.settle()
    assert world.status()["verification"] == {
        "images": 5, "blobs": 9, "damaged": 1, "damagedImages": ["app@sha256:1"],
    }  # fmt: skip


def test_a_collection_that_was_not_made_says_why() -> None:
    world = world_with_policy()
    world.pipeline = lambda request, ports: record(request, "Deleted", collect_skipped="nothing was deleted")
    world.run()
    world.settle()
    assert world.status()["garbageCollection"]["outcome"] == "Skipped"
    assert message(world.status(), "Complete") == "deleted nothing; not collected: nothing was deleted"


def raising(error: Exception) -> Callable[[Request, Ports], RunRecord]:
    def script(request: Request, ports: Ports) -> RunRecord:
        raise error

    return script


def checked(script: Callable[[Request, Ports], RunRecord]) -> Callable[[Request, Ports], RunRecord]:
    def with_check(request: Request, ports: Ports) -> RunRecord:
        ports.stop.check()
        return script(request, ports)

    return with_check


def blocked(world: World, step: RunStep = RunStep.SCANNING) -> threading.Event:
    """From now on a run enters `step` and waits until it is stopped."""
    begun = threading.Event()

    def script(request: Request, ports: Ports) -> RunRecord:
        ports.journal.enter(step)
        begun.set()
        ports.stop.wait(60)
        return record(request)

    world.pipeline = script
    return begun


def window(error: Exception | None) -> Callable[[Request, Ports], RunRecord]:
    """A run in its window: it fails there, or it finishes."""

    def script(request: Request, ports: Ports) -> RunRecord:
        if ports.journal.step() is not RunStep.COLLECTING:
            ports.journal.enter(RunStep.COLLECTING)
        ports.journal.window.save(CollectionStatus(step=Step.COLLECTING))
        if error is not None:
            raise error
        ports.journal.window.save(CollectionStatus(step=Step.FINISHED, outcome="Collected"))
        return record(request, "Collected")

    return script


def unreachable(on: str) -> Callable[[str, str, str], None]:
    def fail(verb: str, kind: str, name: str) -> None:
        if verb == on and kind == "RegistryCleanupRun":
            raise ClusterUnreachable("the API is away")

    return fail


def plan_of_status(world: World) -> Any:
    world.now = START
    return plan_of(world)
