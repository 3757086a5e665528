"""The report of a run that stands in a cluster: from its object and its plan. What they do not hold is left out."""

from __future__ import annotations

from datetime import datetime

from regsweep.api.run import CollectionStatus, DeletionStatus, RegistryCleanupRun, RestorationStatus, VerificationStatus
from regsweep.core.maintenance import Why
from regsweep.core.outcome import RESTORE, Result
from regsweep.core.plan import Plan
from regsweep.core.report.document import (
    ActionPart,
    CollectionPart,
    FindingPart,
    Report,
    VerificationPart,
    action_part,
    plan_part,
)

_ENDS = ("Complete", "Failed", "AwaitingApproval")


def report_of_run(run: RegistryCleanupRun, plan: Plan | None) -> Report:
    """`plan` is the one that the run's ConfigMaps hold; None for a run that has none (yet)."""
    status = run.status
    reason, message = _end(run)
    return Report(
        policy=f"{run.metadata.namespace}/{run.spec.policy_ref.name}",
        registry=plan.registry if plan else "",
        mode=RESTORE if run.spec.restore_from else status.mode.value if status.mode else "",
        started_at=_time(status.started_at),
        finished_at=_time(status.finished_at),
        reason=reason,
        message=message,
        inventory=status.plan.inventory if status.plan else "",
        inventory_reason=status.plan.inventory_reason if status.plan else "",
        plan=plan_part(plan) if plan else None,
        actions=_actions(plan, status.deletion),
        kept_by_reason={},
        repositories=(),
        collection=_collection(status.garbage_collection),
        collect_skipped="",
        verification=_verification(status.verification),
        findings=(*_mixed(plan, status.deletion), *_counted(status.restoration)),
    )


def with_grounds(report: Report, planned: Report) -> Report:
    """The report of a run that went on from its plan, with what `planned`, its record at that time, found beside it."""
    found = {*planned.findings}
    return report.model_copy(
        update={
            "kept_by_reason": report.kept_by_reason or planned.kept_by_reason,
            "repositories": report.repositories or planned.repositories,
            "in_use": report.in_use or planned.in_use,
            "findings": (*planned.findings, *(finding for finding in report.findings if finding not in found)),
        }
    )


def _end(run: RegistryCleanupRun) -> tuple[str, str]:
    """Reason and message of the condition that says how it ended or what it waits for; a run that goes on: its step."""
    for kind in _ENDS:
        for condition in run.status.conditions:
            if condition.type == kind and condition.status == "True":
                return condition.reason, condition.message if kind != "Complete" else ""
    return run.status.step.value, "the run has not ended"


def _time(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _whole(plan: Plan, deletion: DeletionStatus | None) -> bool:
    return deletion is not None and deletion.deleted + deletion.gone == len(plan.actions)


def _actions(plan: Plan | None, deletion: DeletionStatus | None) -> tuple[ActionPart, ...]:
    """A status counts what became of the actions: where all went, each did."""
    if plan is None:
        return ()
    result = Result.DELETED.value if _whole(plan, deletion) else "planned"
    return tuple(action_part(action, result) for action in plan.actions)


def _mixed(plan: Plan | None, deletion: DeletionStatus | None) -> tuple[FindingPart, ...]:
    if plan is None or deletion is None or _whole(plan, deletion):
        return ()
    words = (
        f"of {len(plan.actions)} planned deletions {deletion.deleted} were done, {deletion.gone} were gone before, "
        f"{deletion.skipped} were skipped, {deletion.failed} failed; the run's object does not say which"
    )
    return (FindingPart(code="run.deletions", repository="", reference="", message=words),)


def _counted(status: RestorationStatus | None) -> tuple[FindingPart, ...]:
    if status is None:
        return ()
    words = (
        f"{status.manifests} manifests and {status.tags} tags were put back, {status.present} were there, "
        f"{status.skipped} tags were left alone, {status.failed} failed; the run's object does not say which"
    )
    return (FindingPart(code="run.restoration", repository="", reference="", message=words),)


def _collection(status: CollectionStatus | None) -> CollectionPart | None:
    if status is None or status.started_at is None or status.finished_at is None or status.outcome != Why.COLLECTED:
        return None
    return CollectionPart(
        started_at=_time(status.started_at),
        finished_at=_time(status.finished_at),
        blobs_marked=status.blobs_marked,
        blobs_expected=status.blobs_expected,
        blobs_deleted=status.blobs_deleted,
        bytes_before=status.bytes_before,
        bytes_after=status.bytes_after,
        write_blocked_seconds=float(status.write_blocked_seconds),
        repositories_removed=status.repositories_removed,
        collector_seconds=float(status.collector_seconds),
    )


def _verification(status: VerificationStatus | None) -> VerificationPart | None:
    if status is None:
        return None
    damaged = tuple(
        FindingPart(
            code="damaged.by-run",
            repository="",
            reference=image,
            message="a part of an image that was to be kept is gone",
        )
        for image in status.damaged_images
    )
    return VerificationPart(images=status.images, blobs=status.blobs, damaged=damaged)
