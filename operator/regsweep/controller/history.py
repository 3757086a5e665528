"""The finished runs of a policy: the newest one, the last good one, and those that may go. Values only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from regsweep.api.policy import LastRun, PolicySpec
from regsweep.api.run import RegistryCleanupRun
from regsweep.controller.conditions import COMPLETE, FAILED, fact, is_true
from regsweep.controller.lookup import finished

UNDO_CONFIG_MAPS = 64
"""ConfigMaps of keepsakes that a policy's runs are held for, beyond its history limits."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def last_run(runs: Sequence[RegistryCleanupRun]) -> LastRun | None:
    """The finished run that ended last; None where none is left."""
    ended = sorted((run for run in runs if finished(run)), key=_ended_at)
    if not ended:
        return None
    run = ended[-1]
    deletion, collection = run.status.deletion, run.status.garbage_collection
    return LastRun(
        name=run.metadata.name,
        result=fact(run.status.conditions, COMPLETE if succeeded(run) else FAILED).reason,
        deleted=deletion.deleted if deletion else 0,
        reclaimed_bytes=collection.reclaimed_bytes if collection else None,
    )


def last_end(runs: Sequence[RegistryCleanupRun]) -> datetime | None:
    return max((_ended_at(run) for run in runs if finished(run)), default=None)


def last_success(runs: Sequence[RegistryCleanupRun]) -> datetime | None:
    """Of a run that did the policy's work: a restore undoes it."""
    done = (run for run in runs if succeeded(run) and run.spec.restore_from is None)
    return max(map(_ended_at, done), default=None)


def last_plan(runs: Sequence[RegistryCleanupRun]) -> RegistryCleanupRun | None:
    """The run that made the newest plan."""
    planned = [run for run in runs if run.status.plan is not None]
    return max(planned, key=lambda run: run.status.plan.created_at if run.status.plan else _EPOCH, default=None)


def excess(runs: Sequence[RegistryCleanupRun], policy_uid: str, spec: PolicySpec) -> list[RegistryCleanupRun]:
    """Finished runs that the policy owns, beyond its history limits, the oldest first. A run whose deletions can still
    be undone stays until its registry is collected, as long as the keepsakes of the policy are not too many.
    """
    owned = [run for run in runs if any(owner.uid == policy_uid for owner in run.metadata.owner_references)]
    going: list[RegistryCleanupRun] = []
    for good, limit in ((True, spec.successful_runs_history_limit), (False, spec.failed_runs_history_limit)):
        ended = sorted((run for run in owned if finished(run) and succeeded(run) is good), key=_ended_at)
        going.extend(ended[: max(len(ended) - limit, 0)])
    undoable = _undoable(owned)
    return [run for run in going if run.metadata.uid not in undoable]


def _undoable(runs: Sequence[RegistryCleanupRun]) -> set[str]:
    """The UIDs of the newest runs with a keepsake, as many as have UNDO_CONFIG_MAPS in all."""
    found, room = set(), UNDO_CONFIG_MAPS
    for run in sorted(runs, key=_ended_at, reverse=True):
        room -= len(run.status.undo.config_maps) if run.status.undo else 0
        if run.status.undo and run.status.undo.config_maps and room >= 0:
            found.add(run.metadata.uid)
    return found


def succeeded(run: RegistryCleanupRun) -> bool:
    return is_true(run.status.conditions, COMPLETE)


def _ended_at(run: RegistryCleanupRun) -> datetime:
    return run.status.finished_at or _EPOCH
