"""How a run ends, in its status and in words. Values only; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from regsweep.api.run import CollectionStatus, RestorationStatus, RunStatus, VerificationStatus
from regsweep.controller.conditions import AWAITING_APPROVAL, COMPLETE, FAILED, RUNNING, SUCCESSES, Fact, false, true
from regsweep.controller.events import News
from regsweep.core.inventory import Finding
from regsweep.core.lost import HEALED, LOST
from regsweep.core.outcome import RunRecord
from regsweep.core.report.text import human_bytes
from regsweep.errors import RegsweepError, door

_OF_TAGS: tuple[tuple[str, str, Literal["Normal", "Warning"], str], ...] = (
    (LOST, "TagsLost", "Warning", "tags vanished while it deleted, and were not to: push them again"),
    (HEALED, "TagsPutBack", "Normal", "tags were pushed while it deleted, lost by the registry, and put back"),
)
_NAMED = 5
_DAMAGED = 100
_NAME = 512


def ending(reason: str, message: str) -> dict[str, Fact]:
    """The conditions of a run that is over: exactly one of Complete and Failed is True."""
    complete = reason in SUCCESSES
    over = false("Finished")
    return {
        RUNNING: over,
        AWAITING_APPROVAL: over,
        COMPLETE: true(reason, message) if complete else false(reason),
        FAILED: false(reason) if complete else true(reason, message),
    }


def beginning(step: str) -> dict[str, Fact]:
    """The conditions of a run that is executed."""
    going = false("InProgress")
    return {RUNNING: true(step), AWAITING_APPROVAL: going, COMPLETE: going, FAILED: going}


def waiting(reason: str, message: str) -> dict[str, Fact]:
    """The conditions of a run whose plan waits for a person."""
    over = false("AwaitingApproval")
    return {RUNNING: over, AWAITING_APPROVAL: true(reason, message), COMPLETE: over, FAILED: over}


def going_on(step: str, message: str) -> Fact:
    """`Running` of a run that was interrupted and is gone on with."""
    return true(step, message)


def reason_of(error: RegsweepError) -> str:
    return door(error).reason


def results(record: RunRecord, status: RunStatus) -> dict[str, Any]:
    """The fields of the status that a record fills. What was written on the way (deletions, window) stays."""
    fields: dict[str, Any] = {}
    if record.verification is not None:
        damaged = record.verification.damaged
        fields["verification"] = VerificationStatus(
            images=record.verification.images,
            blobs=record.verification.blobs,
            damaged=len(damaged),
            damaged_images=tuple(f"{found.repository}@{found.reference}"[:_NAME] for found in damaged[:_DAMAGED]),
        )
    if record.collect_skipped and status.garbage_collection is None:
        fields["garbage_collection"] = CollectionStatus(outcome="Skipped", message=record.collect_skipped)
    return fields


def of_tags(run: str, findings: Iterable[Finding]) -> Iterator[News]:
    """What whoever pushed meanwhile has to know: an event for the tags that stay lost, and one for those put back."""
    found = list(findings)
    for code, reason, kind, words in _OF_TAGS:
        tags = [f"{finding.repository}:{finding.reference}" for finding in found if finding.code == code]
        if tags:
            more = f" and {len(tags) - _NAMED} more" if len(tags) > _NAMED else ""
            yield News(reason, f"run {run}: {words}: {', '.join(tags[:_NAMED])}{more}", "Sweep", kind)


def summary(reason: str, status: RunStatus) -> str:
    """What a complete run did, in one sentence."""
    plan, deletion, collection = status.plan, status.deletion, status.garbage_collection
    would = f"{plan.deletions} manifests ({plan.deleted_tags} tags)" if plan else "nothing"
    did = f"deleted {deletion.deleted} manifests ({deletion.tags} tags)" if deletion else "deleted nothing"
    match reason:
        case "DryRun":
            return f"would delete {would}, which frees {human_bytes(plan.bytes)}" if plan else "would only collect"
        case "Restored":
            return _restored(status)
        case "NothingToDelete":
            return "no image is to go"
        case "Collected":
            return f"{did}{_freed(collection)}" if collection else did
        case _:
            skipped = collection.message if collection and collection.outcome == "Skipped" else ""
            return f"{did}; not collected: {skipped}" if skipped else did


def _freed(collection: CollectionStatus) -> str:
    if collection.reclaimed_bytes is None:
        return f", collected {collection.blobs_deleted} blobs, whose bytes could not be measured"
    return f", freed {human_bytes(collection.reclaimed_bytes)}"


def _restored(status: RunStatus) -> str:
    found = status.restoration or RestorationStatus()
    moved = f"; {found.skipped} tags name something else by now and were left alone" if found.skipped else ""
    return (
        f"put back {found.manifests} manifests and {found.tags} tags, {found.present} were there{moved}. The policy "
        "lets them go again at its next run: suspend it, or change its rules"
    )
