"""One run, from its journal's step to its record."""

from __future__ import annotations

from regsweep.api.policy import Mode
from regsweep.api.run import Collect, RunStep
from regsweep.core.outcome import RunRecord
from regsweep.core.plan import Plan
from regsweep.errors import ApprovalRequired, PlanUnreadable, RegsweepError, door
from regsweep.pipeline.approval import require_approval, require_deletes
from regsweep.pipeline.collecting import collect, preflight, prove
from regsweep.pipeline.healing import heal, listening
from regsweep.pipeline.keeping import kept_before
from regsweep.pipeline.planning import make_plan
from regsweep.pipeline.ports import Ports, Request
from regsweep.pipeline.restoring import put_back
from regsweep.pipeline.state import RunState
from regsweep.pipeline.usage import reader_of
from regsweep.steps.sweep import Sweeper, Watch, sweep

START_OVER = frozenset({RunStep.PENDING, RunStep.SCANNING, RunStep.PLANNED})
SWEPT = frozenset({RunStep.COLLECTING, RunStep.VERIFYING})


def run(request: Request, ports: Ports) -> RunRecord:
    """Begin a run, or go on from the step that its journal names.

    Raises ApprovalRequired while a person has to look at the plan, and any error that ended the run before there was
    a plan.
    A run that got further returns its record; a failure's reason is the error's (`errors.DOORS`).
    """
    state = RunState(request, ports, ports.clock())
    step = ports.journal.step()
    try:
        if request.restore is not None:
            return put_back(state)
        if request.collect is Collect.ONLY:
            return _collect_only(state, step)
        return _whole(state, step)
    except ApprovalRequired:
        raise
    except RegsweepError as error:
        if state.plan is None and state.collection is None and state.restored is None:
            raise
        return state.record(door(error).reason, str(error))


def _whole(state: RunState, step: RunStep) -> RunRecord:
    plan = _make_plan(state) if step in START_OVER else _kept_plan(state)
    if state.request.mode is Mode.DRY_RUN:
        return state.success("DryRun")
    if step not in SWEPT:
        if not plan.actions:
            return state.success("NothingToDelete")
        if step in START_OVER or step is RunStep.AWAITING_APPROVAL:
            require_deletes(plan, state.request, state.ports, switch_on=False)
            require_approval(plan, state.request, state.ports)
        preflight(state)
        require_deletes(plan, state.request, state.ports, switch_on=True)
        _sweep(state, plan)
    collect(state, step)
    prove(state)
    return state.success("Collected" if state.collection else "Deleted")


def _collect_only(state: RunState, step: RunStep) -> RunRecord:
    if state.request.mode is Mode.DRY_RUN:
        return state.success("DryRun")
    if step not in SWEPT:
        preflight(state)
    collect(state, step)
    prove(state)
    return state.success("Collected")


def _make_plan(state: RunState) -> Plan:
    journal = state.ports.journal
    journal.enter(RunStep.SCANNING)
    planned = make_plan(state.request, state.ports)
    state.plan, state.kept, state.used = planned.plan, planned.kept, planned.used
    state.findings.extend(planned.findings)
    journal.planned(planned.plan, state.record(RunStep.PLANNED.value))
    journal.enter(RunStep.PLANNED)
    return planned.plan


def _kept_plan(state: RunState) -> Plan:
    state.plan = state.ports.journal.plan()
    if state.plan is None:
        raise PlanUnreadable("the run's plan is gone, so it cannot go on. Make a new run: it plans anew.")
    return state.plan


def _sweep(state: RunState, plan: Plan) -> None:
    ports = state.ports
    kept = kept_before(state, plan)
    ports.journal.enter(RunStep.SWEEPING)
    watch = Watch(reader_of(state.request, ports), ports.clock)
    watch.now()  # what cannot be had now is said before anything is deleted
    work = Sweeper(
        deleter=ports.deleter(),
        cache=ports.cache,
        concurrency=state.request.policy.spec.limits.concurrency,
        clock=ports.clock,
        stop=ports.stop,
        progress=ports.progress,
        tell=ports.journal.swept,
        in_use=watch.now,
        kept=kept,
    )
    with listening(plan, ports) as ears:
        swept = sweep(plan, work)
        state.outcomes = swept.outcomes
        state.findings.extend(swept.findings)
        heal(state, plan, swept, ears)
    if watch.failure is not None:
        raise watch.failure
