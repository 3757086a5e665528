"""A run's journal in its status: what was written before a crash is what a restart goes on from."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from regsweep.api.run import (
    CollectionStatus,
    DeletionStatus,
    PlanStatus,
    ReportStatus,
    RestorationStatus,
    RunStep,
)
from regsweep.controller.conditions import RUNNING, true
from regsweep.controller.documents import Documents
from regsweep.controller.status import RunStatusWriter
from regsweep.core.maintenance import Step
from regsweep.core.outcome import Outcome, Result, RunRecord
from regsweep.core.plan import Plan
from regsweep.core.report.document import to_report
from regsweep.core.restoration import Put, PutOutcome

_CLOSED = frozenset({Step.NONE.value, Step.FINISHED.value})


def window_open(collection: CollectionStatus | None) -> bool:
    """Whether the registry may be read-only by this run."""
    return collection is not None and collection.step not in _CLOSED


class StatusWindowJournal:
    """Where the maintenance window is written ahead: `status.garbageCollection`."""

    def __init__(self, status: RunStatusWriter) -> None:
        self._status = status

    def load(self) -> CollectionStatus | None:
        return self._status.status.garbage_collection

    def save(self, status: CollectionStatus) -> None:
        self._status.change(garbage_collection=status)


class StatusJournal:
    """`core.ports.RunJournal`. `before_window` is called once before a window is entered, and may refuse by raising."""

    def __init__(self, status: RunStatusWriter, documents: Documents, before_window: Callable[[], None]) -> None:
        self._status, self._documents, self._before_window = status, documents, before_window
        self._window = StatusWindowJournal(status)
        self._lock = threading.Lock()
        self._before = status.status.deletion or DeletionStatus()
        self._counts: Counter[Result] = Counter()
        self._tags = 0
        self._restored_before = status.status.restoration or RestorationStatus()
        self._puts: Counter[tuple[Put, bool]] = Counter()

    @property
    def window(self) -> StatusWindowJournal:
        return self._window

    def step(self) -> RunStep:
        return self._status.status.step

    def enter(self, step: RunStep) -> None:
        self._status.change({RUNNING: true(step.value)}, step=step)
        if step is RunStep.COLLECTING:
            self._before_window()  # after the step is written: who sees no run in it takes the finalizer away

    def plan(self) -> Plan | None:
        """Raises PlanUnreadable where the ConfigMaps do not hold what the status says that was approved."""
        kept = self._status.status.plan
        return None if kept is None else self._documents.load_plan(kept.config_maps, kept.digest)

    def planned(self, plan: Plan, record: RunRecord | None = None) -> None:
        names = self._documents.save_plan(plan)
        told = ReportStatus(config_maps=self._documents.save_report(to_report(record))) if record else None
        counts = plan.counts
        self._status.change(
            report=told,
            plan=PlanStatus(
                digest=plan.digest,
                created_at=plan.created_at,
                expires_at=plan.expires_at,
                config_maps=names,
                inventory=plan.inventory,
                inventory_reason=plan.inventory_reason,
                repositories=counts.repositories,
                manifests=counts.manifests,
                tags=counts.tags,
                deletions=len(plan.actions),
                deleted_tags=counts.deleted_tags,
                bytes=plan.bytes,
                bytes_are_upper_bound=plan.bytes_are_upper_bound,
            ),
        )

    def swept(self, outcomes: Sequence[Outcome]) -> None:
        with self._lock:
            self._counts.update(outcome.result for outcome in outcomes)
            self._tags += sum(len(outcome.action.tags) for outcome in outcomes if outcome.result is Result.DELETED)
            self._status.progress(deletion=self._deletion())

    def restored(self, outcomes: Sequence[PutOutcome]) -> None:
        with self._lock:
            self._puts.update((outcome.result, bool(outcome.tag)) for outcome in outcomes)
            self._status.progress(restoration=self._restoration())

    def _restoration(self) -> RestorationStatus:
        """What an interrupted restore had put back is there when it goes on: it is counted once, as put back."""
        before = self._restored_before
        both = {result: self._puts[result, False] + self._puts[result, True] for result in Put}
        return RestorationStatus(
            manifests=before.manifests + self._puts[Put.RESTORED, False],
            tags=before.tags + self._puts[Put.RESTORED, True],
            present=max(both[Put.PRESENT] - before.manifests - before.tags, 0),
            skipped=both[Put.SKIPPED],
            failed=both[Put.FAILED],
        )

    def _deletion(self) -> DeletionStatus:
        """What an interrupted sweep had deleted is gone when it goes on: it is counted once, as deleted."""
        return DeletionStatus(
            deleted=self._before.deleted + self._counts[Result.DELETED],
            gone=max(self._counts[Result.GONE] - self._before.deleted, 0),
            skipped=self._counts[Result.SKIPPED],
            failed=self._counts[Result.FAILED],
            tags=self._before.tags + self._tags,
        )
