"""After the sweep: the garbage collection where it is wanted, and the proof that every kept image is whole."""

from __future__ import annotations

from regsweep.api.policy import CollectMode
from regsweep.api.run import Collect, RunStep
from regsweep.core.inventory import Census
from regsweep.core.outcome import Result
from regsweep.core.ports import Collector
from regsweep.errors import ImagesDamaged, RegistryUnreachable, WorkloadUnfit
from regsweep.pipeline.state import RunState
from regsweep.steps.verify import Verifier, verify

_CALLS = 20
_PAUSE_SECONDS = 3.0
"""Between two calls at a registry that was collected."""


def why_not_collect(state: RunState) -> str:
    """Empty where the registry is to be collected after this run, else the reason in words. Reads the plan, not the
    outcomes.
    """
    request, plan = state.request, state.plan
    collection = request.policy.spec.garbage_collection
    if request.collect is Collect.ONLY:
        return ""
    if state.ports.collector is None:
        off = collection.mode is CollectMode.DISABLED
        return (
            "garbage collection is switched off: no space comes back before the registry is collected"
            if off
            else "nothing here can collect: the operator can"
        )
    if request.collect is Collect.SKIP:
        return (
            "garbage collection has a schedule of its own"
            if collection.schedule
            else "this run was asked not to collect"
        )
    if state.unhealed:
        return (
            f"{state.unhealed} tags were pushed and lost while this run deleted, and a collection could take what they "
            "named (sweep.lost-tag): push them again, then collect by a run with `collect: Only` (`--collect Only`)"
        )
    if plan is not None and plan.unread:
        return f"{len(plan.unread)} repositories could not be read: what the collector must keep is not known"
    if (
        plan is not None
        and collection.mode is not CollectMode.DISABLED
        and plan.bytes < collection.minimum_reclaim.bytes
    ):
        return f"{plan.bytes} bytes would come back, less than minimumReclaim {collection.minimum_reclaim}"
    return ""


def preflight(state: RunState) -> None:
    """Raises WorkloadUnfit while nothing is changed yet, where a collection is wanted and could not be done."""
    if not why_not_collect(state):
        _collector(state).preflight()


def collect(state: RunState, step: RunStep) -> None:
    """Collect, or say why not. `step` is where the run began: one that was interrupted in its window goes on there."""
    state.collect_skipped = why_not_collect(state)
    interrupted = step in (RunStep.COLLECTING, RunStep.VERIFYING)
    only = state.request.collect is Collect.ONLY
    if not state.collect_skipped and not only and not interrupted and not state.count(Result.DELETED, Result.GONE):
        state.collect_skipped = "nothing was deleted"
    if state.collect_skipped:
        return
    if interrupted:
        state.collection = _collector(state).resume(lambda: _look(state))
    if state.collection is None and step is not RunStep.VERIFYING:
        state.take_census()  # fills the cache while pushes still go on: inside the window only tags are read again
        state.ports.journal.enter(RunStep.COLLECTING)
        state.collection = _collector(state).collect(lambda: _look(state))
    if state.collection is not None:
        state.ports.keepsakes.collected()


def prove(state: RunState) -> None:
    """Every kept root answers whole, or ImagesDamaged. Blobs are looked at where a collection could have taken them."""
    ports, plan = state.ports, state.plan
    ports.journal.enter(RunStep.VERIFYING)
    collected = state.collection is not None
    if collected:
        _wait_for_registry(state)
    if collected or plan is None:
        fresh = state.census or state.take_census()
    else:
        fresh = state.take_census(sorted({action.repository for action in plan.actions}))
    lost = {outcome.action.digest for outcome in state.outcomes if outcome.result is Result.DELETED}
    lost |= state.collection.swept if state.collection else set()
    work = Verifier(ports.reader, state.request.policy.spec.limits.concurrency, ports.stop, ports.progress)
    state.verification = verify(fresh, work, blobs=collected, lost=lost)
    state.findings.extend(state.verification.findings)
    if damaged := state.verification.damaged:
        first = ", ".join(f"{finding.repository}@{finding.reference}" for finding in damaged[:3])
        raise ImagesDamaged(f"{len(damaged)} parts of images that were to be kept are gone: {first}")


def _wait_for_registry(state: RunState) -> None:
    """Its pods are new, and a Service or a proxy before them may learn that late. Raises RegistryUnreachable in the
    end.
    """
    ports = state.ports
    for _ in range(_CALLS - 1):
        try:
            ports.reader.ping()
        except RegistryUnreachable as error:
            ports.progress.say(f"the registry was collected, and is not reached yet: {error}")
            ports.stop.wait(_PAUSE_SECONDS)
        else:
            return
    ports.reader.ping()


def _look(state: RunState) -> Census:
    state.census = state.take_census()
    return state.census


def _collector(state: RunState) -> Collector:
    if state.ports.collector is None:
        raise WorkloadUnfit(
            "a collection was asked for, and nothing here can do it: "
            "set spec.garbageCollection.mode and spec.registry.workloadRef"
        )
    return state.ports.collector
