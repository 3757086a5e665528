"""One run in its thread: ports made from the policy, the pipeline, and its end in the run's status.

Nothing that happens in a run may end this process, leave a registry read-only unnoticed, or be lost: what cannot be
ended now (a window that is open, a Kubernetes API that is away) is gone on with later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.api.run import RegistryCleanupRun, ReportStatus, RunStep
from regsweep.clients.finalizers import MAINTENANCE, put_finalizer
from regsweep.clients.kinds import POLICY
from regsweep.controller import endings
from regsweep.controller.conditions import RUNNING, SUCCESSES, is_true
from regsweep.controller.documents import Documents
from regsweep.controller.environment import Environment
from regsweep.controller.events import News
from regsweep.controller.journal import StatusJournal, window_open
from regsweep.controller.ownership import claim_run
from regsweep.controller.progress import StatusProgress
from regsweep.controller.status import RunStatusWriter
from regsweep.controller.stop import StopSignal
from regsweep.core.outcome import RunRecord
from regsweep.core.ports import Detached
from regsweep.core.report.document import to_report
from regsweep.core.report.stored import with_grounds
from regsweep.core.restoration import Image, parse_image
from regsweep.errors import ApprovalRequired, ClusterUnreachable, LiftFailed, RegsweepError
from regsweep.pipeline import Ports, Request

_log = logging.getLogger(__name__)

LATER = frozenset({endings.reason_of(ClusterUnreachable("")), endings.reason_of(LiftFailed(""))})
"""Reasons that do not end a run: it goes on where it was when the cause is gone."""


MakePorts = Callable[["Execution", ExitStack, StatusJournal, StatusProgress], Ports]
Pipeline = Callable[[Request, Ports], RunRecord]


@dataclass(frozen=True, slots=True)
class Execution:
    """What to execute. `postpone` is called where the run is to go on later."""

    environment: Environment
    run: RegistryCleanupRun
    policy: RegistryCleanupPolicy
    status: RunStatusWriter
    stop: StopSignal
    postpone: Callable[[], None]

    @property
    def images(self) -> tuple[Image, ...] | None:
        """What a restore puts back, all where it is empty; None for another run. Raises InvalidInput."""
        wanted = self.run.spec.restore_from
        return None if wanted is None else tuple(parse_image(text) for text in wanted.images)

    @property
    def mode(self) -> Mode:
        """As it was when the run began: a change of the policy's mode is for the next run."""
        return self.status.status.mode or self.run.spec.mode or self.policy.spec.mode


def execute(execution: Execution, pipeline: Pipeline, make_ports: MakePorts) -> None:
    """Begin the run, or go on with it, and write how it ended. Raises nothing but what is a bug of this function."""
    try:
        record = _run(execution, pipeline, make_ports)
    except Detached:
        _leave(execution, "the operator is shutting down; the run goes on after its restart")
    except ApprovalRequired as waits:
        _end(execution, partial(_await, execution, waits))
    except RegsweepError as error:
        finish(execution, endings.reason_of(error), str(error), None)
    except Exception as error:  # noqa: BLE001  (whatever it is, the run has to end and the operator to live)
        _log.exception("run %s/%s: unexpected", execution.run.metadata.namespace, execution.run.metadata.name)
        finish(execution, "InternalError", f"{type(error).__name__}: see the operator's log", None)
    else:
        finish(execution, record.reason, record.message, record)


def _run(execution: Execution, pipeline: Pipeline, make_ports: MakePorts) -> RunRecord:
    environment, run, policy, status = execution.environment, execution.run, execution.policy, execution.status
    claim_run(environment.cluster, run.metadata, policy.metadata)
    now = environment.clock()
    resumed = is_true(status.status.conditions, RUNNING)
    status.change(
        endings.beginning(status.status.step.value),
        started_at=status.status.started_at or now,
        mode=execution.mode if run.spec.restore_from is None else None,
    )
    begun = next(c.last_transition_time for c in status.status.conditions if c.type == RUNNING) if resumed else now
    execution.stop.set_deadline(begun + policy.spec.limits.run_timeout.timedelta)
    documents = Documents(environment.cluster, run.metadata)
    journal = StatusJournal(status, documents, lambda: _before_window(execution, documents))
    progress = StatusProgress(status, f"{run.metadata.namespace}/{run.metadata.name}")
    with ExitStack() as stack:
        ports = make_ports(execution, stack, journal, progress)
        approved = run.spec.approved_plan
        request = Request(policy, execution.mode, run.spec.collect, approved, restore=execution.images)
        return pipeline(request, ports)


def _before_window(execution: Execution, documents: Documents) -> None:
    """Write ahead what is needed to leave the window even if the policy is changed or deleted meanwhile."""
    documents.save_policy(execution.policy)
    put_finalizer(execution.environment.cluster, POLICY, execution.policy.metadata, MAINTENANCE)
    _tell(execution, News("MaintenanceStarted", f"run {execution.run.metadata.name} collects garbage", "Collect"))


def finish(execution: Execution, reason: str, message: str, record: RunRecord | None) -> None:
    """Write the end, unless the run is one that goes on later."""
    status = execution.status
    if reason in LATER or window_open(status.status.garbage_collection):
        _end(execution, partial(_go_on, execution, message))  # what was done so far is counted, however long that takes
        execution.postpone()
        return
    _end(execution, partial(_write_end, execution, reason, message, record))


def close_run(environment: Environment, run: RegistryCleanupRun, status: RunStatusWriter, error: RegsweepError) -> None:
    """End a run that cannot be executed. Raises ClusterError where that cannot be written."""
    reason, now = endings.reason_of(error), environment.clock()
    status.change(endings.ending(reason, str(error)), step=RunStep.FINISHED, finished_at=now)
    environment.metrics.finished(run.metadata.namespace, run.spec.policy_ref.name, reason, 0.0)
    environment.events.tell("RegistryCleanupRun", run.metadata, News(reason, str(error), "Run", "Warning"))


def _write_end(execution: Execution, reason: str, message: str, record: RunRecord | None) -> None:
    status, now = execution.status, execution.environment.clock()
    fields = endings.results(record, status.status) if record else {}
    fields |= _kept_report(execution, record) if record else {}
    text = message or endings.summary(reason, status.status.model_copy(update=fields))
    status.change(endings.ending(reason, text), step=RunStep.FINISHED, finished_at=now, **fields)
    _count(execution, reason, now)
    note = f"run {execution.run.metadata.name}: {text}"
    _tell(execution, News(reason, note, "Run", "Normal" if reason in SUCCESSES else "Warning"))
    for news in endings.of_tags(execution.run.metadata.name, record.findings if record else ()):
        _tell(execution, news)


def _kept_report(execution: Execution, record: RunRecord) -> dict[str, ReportStatus]:
    """Why each thing went or stayed is kept beside the run (S13). A run has ended even where that cannot be written."""
    documents = Documents(execution.environment.cluster, execution.run.metadata)
    before, report = execution.status.status.report, to_report(record)
    try:
        planned = documents.load_report(before.config_maps) if before else None
        if planned is not None:
            report = with_grounds(report, planned)
        return {"report": ReportStatus(config_maps=documents.save_report(report))}
    except ClusterUnreachable:
        raise
    except RegsweepError as error:
        _log.warning("run %s: its record is not kept: %s", execution.run.metadata.name, error)
        return {}


def _await(execution: Execution, waits: ApprovalRequired) -> None:
    digest = execution.status.status.plan.digest if execution.status.status.plan else ""
    text = f"{waits} Approve it: set spec.approvedPlan of this run to {digest}"
    execution.status.change(endings.waiting(waits.reason, text), step=RunStep.AWAITING_APPROVAL)
    _tell(execution, News(waits.reason, f"run {execution.run.metadata.name} waits: {text}", "Approve", "Warning"))


def _end(execution: Execution, write: Callable[[], None]) -> None:
    """Write the last word, as often as it takes: a run that ended must not look as if it had not."""
    seconds = 2.0
    while True:
        try:
            write()
        except ClusterUnreachable as error:
            _log.warning("run %s: its end cannot be written yet: %s", execution.run.metadata.name, error)
        except RegsweepError as error:  # the object is gone, or is another one by now
            _log.warning("run %s: its end is not written: %s", execution.run.metadata.name, error)
            return
        else:
            return
        if execution.stop.pause(seconds):
            return
        seconds = min(2 * seconds, 60.0)


def _go_on(execution: Execution, message: str) -> None:
    """Not over. Running stays True, so that the time that the run may take is counted on."""
    execution.status.change({RUNNING: endings.going_on(execution.status.status.step.value, message)})


def _leave(execution: Execution, message: str) -> None:
    """This process ends: one try."""
    try:
        _go_on(execution, message)
    except RegsweepError as error:
        _log.warning("run %s: %s (not written: %s)", execution.run.metadata.name, message, error)


def _count(execution: Execution, reason: str, now: datetime) -> None:
    status, meta = execution.status.status, execution.policy.metadata
    metrics, labels = execution.environment.metrics, (meta.namespace, meta.name)
    metrics.finished(*labels, reason, (now - (status.started_at or now)).total_seconds())
    if status.deletion:
        metrics.deletions.labels(*labels).inc(status.deletion.deleted)
    if status.restoration:
        metrics.restored.labels(*labels).inc(status.restoration.manifests)
    if status.garbage_collection:
        metrics.reclaimed.labels(*labels).inc(status.garbage_collection.reclaimed_bytes or 0)


def _tell(execution: Execution, news: News) -> None:
    for kind, meta in (
        ("RegistryCleanupRun", execution.run.metadata),
        ("RegistryCleanupPolicy", execution.policy.metadata),
    ):
        execution.environment.events.tell(kind, meta, news)
