"""One run: may it begin, does it wait, is it over. Every look starts from the object as it stands in the API."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from regsweep.api.load import policy_digest
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.api.run import RegistryCleanupRun, RunStep
from regsweep.clients import kinds
from regsweep.clients.finalizers import EXECUTING, take_finalizer
from regsweep.controller.conditions import (
    AWAITING_APPROVAL,
    RUN_CONDITIONS,
    RUNNING,
    at_first_sight,
    fact,
    false,
    true,
)
from regsweep.controller.environment import Environment
from regsweep.controller.execution import Execution, MakePorts, Pipeline, close_run, execute
from regsweep.controller.executions import Executions, Work
from regsweep.controller.journal import window_open
from regsweep.controller.lookup import Followed, finished, policy_of, read_run
from regsweep.controller.scheduler import POLICY, Key
from regsweep.controller.status import RunStatusWriter
from regsweep.controller.stop import StopSignal
from regsweep.controller.waiting import Postponed
from regsweep.errors import Cancelled, ClusterNotFound, PlanExpired, PolicyChanged, PolicyInvalid

_BOUND = frozenset({RunStep.COLLECTING, RunStep.VERIFYING})
"""Steps that a change of the policy does not stop: nothing is decided in them any more. Nor does one stop a restore, as
a policy is suspended or changed so that it does not delete again what comes back.
"""


@dataclass(frozen=True, slots=True)
class _Active:
    policy: Key
    digest: str
    status: RunStatusWriter
    stop: StopSignal
    restores: bool


class RunReconciler:
    """`executions` tells the scheduler when a run has ended. `pipeline` and `make_ports` are what a run is made of."""

    def __init__(
        self, environment: Environment, executions: Executions, pipeline: Pipeline, make_ports: MakePorts
    ) -> None:
        self._environment, self._executions = environment, executions
        self._pipeline, self._make_ports = pipeline, make_ports
        self._postponed = Postponed(environment.clock)
        self._lock = threading.Lock()
        self._active: dict[Key, _Active] = {}

    def reconcile(self, key: Key) -> datetime | None:
        """Look at one run. Raises ClusterError where the API does not answer."""
        executing = self._executions.executing(key)  # before the read: else a run that ends in between looks unfinished
        try:
            found = self._environment.cluster.get(kinds.RUN, key.namespace, key.name)
        except ClusterNotFound:
            self._executions.cancel(key, Cancelled("the run was deleted"))
            self._postponed.forget(key)
            return None
        run = read_run(found)
        if executing:
            if run.metadata.deletion_timestamp is not None:
                self._executions.cancel(key, Cancelled("the run was deleted: nothing more is done"))
            return None
        with self._lock:
            self._active.pop(key, None)
        return self._at_rest(key, run)

    def policy_is_now(self, policy: Key, digest: str | None) -> None:
        """Stop what is being decided by a policy that says something else by now; None: it is refused, or going."""
        with self._lock:
            active = [one for one in self._active.values() if one.policy == policy and one.digest != digest]
        for one in active:
            if one.status.status.step not in _BOUND and not one.restores:
                one.stop.cancel(
                    PolicyChanged("the policy was changed meanwhile: nothing more is deleted by the old one")
                )

    def cancel_all(self, policy: Key, why: str) -> None:
        """Cancel the runs of a policy that are executed now."""
        with self._lock:
            active = [one for one in self._active.values() if one.policy == policy]
        for one in active:
            one.stop.cancel(Cancelled(why))

    def _at_rest(self, key: Key, run: RegistryCleanupRun) -> datetime | None:
        """A run that nothing executes."""
        cluster, clock = self._environment.cluster, self._environment.clock
        deleted = run.metadata.deletion_timestamp is not None
        if finished(run) or (deleted and not window_open(run.status.garbage_collection)):
            take_finalizer(cluster, kinds.RUN, run.metadata, EXECUTING)
            self._postponed.forget(key)
            return None
        status = RunStatusWriter(cluster, run, clock)
        try:
            followed = policy_of(run, cluster)
        except PolicyInvalid as refused:
            close_run(self._environment, run, status, refused)
            return None
        if not followed.leaving and run.status.step is RunStep.AWAITING_APPROVAL and not _approved(run, status):
            take_finalizer(cluster, kinds.RUN, run.metadata, EXECUTING)
            return self._until_it_expires(run, status)
        return self._postponed.until(key) or self._begin(key, run, followed, status)

    def _until_it_expires(self, run: RegistryCleanupRun, status: RunStatusWriter) -> datetime | None:
        """A plan that nobody approved in time is not true any more."""
        assert run.status.plan is not None  # noqa: S101  (who waits for approval has a plan)
        expires = run.status.plan.expires_at
        if self._environment.clock() < expires:
            return expires
        error = PlanExpired(
            f"nobody approved the plan before it expired at {expires:%Y-%m-%d %H:%M} UTC: make a new run"
        )
        close_run(self._environment, run, status, error)
        return None

    def _begin(self, key: Key, run: RegistryCleanupRun, followed: Followed, status: RunStatusWriter) -> datetime | None:
        policy, stop = followed.policy, StopSignal(self._environment.clock, self._environment.lost)
        if followed.leaving:
            stop.cancel(Cancelled(f"{followed.leaving}: nothing more is done"))
        execution = Execution(self._environment, run, policy, status, stop, lambda: self._postponed.once_more(key))
        work = Work(
            key,
            locks_of(policy),
            stop,
            lambda: execute(execution, self._pipeline, self._make_ports),
            urgent=window_open(run.status.garbage_collection),
        )
        meta = policy.metadata
        active = _Active(
            Key(POLICY, meta.namespace, meta.name),
            policy_digest(policy.spec),
            status,
            stop,
            run.spec.restore_from is not None,
        )
        with self._lock:
            self._active[key] = active
        if obstacle := self._executions.begin(work):
            with self._lock:
                self._active.pop(key, None)
            _wait(status, obstacle)
        return None


def locks_of(policy: RegistryCleanupPolicy) -> frozenset[str]:
    """What a run needs for itself: its policy, the registry under its URL, and the workload that runs it."""
    meta, registry = policy.metadata, policy.spec.registry
    locks = {f"policy {meta.namespace}/{meta.name}", f"registry {registry.url.rstrip('/').lower()}"}
    if registry.workload_ref is not None:
        locks.add(f"{registry.workload_ref.kind} {meta.namespace}/{registry.workload_ref.name}")
    return frozenset(locks)


def _approved(run: RegistryCleanupRun, status: RunStatusWriter) -> bool:
    """Whether exactly the run's plan is approved. Where another one is, the condition says so."""
    plan, approved = run.status.plan, run.spec.approved_plan
    if plan is None or approved == plan.digest:
        return True
    if approved is not None:
        waits = fact(run.status.conditions, AWAITING_APPROVAL)
        text = f"spec.approvedPlan is {approved}, and this run's plan is {plan.digest}: nothing is done"
        if waits.message != text:
            status.change({AWAITING_APPROVAL: true(waits.reason, text)})
    return False


def _wait(status: RunStatusWriter, obstacle: str) -> None:
    if fact(status.status.conditions, RUNNING).message != obstacle:
        facts = at_first_sight(status.status.conditions, RUN_CONDITIONS)
        status.change({**facts, RUNNING: false("Waiting", obstacle)})
