"""One policy: is it valid and its registry well, which slot is due, which runs does it have. Writes its status."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from regsweep.api.load import load_policy, policy_digest
from regsweep.api.meta import Condition, ObjectMeta
from regsweep.api.policy import PolicyStatus, RegistryCleanupPolicy
from regsweep.api.run import RegistryCleanupRun, RunStep
from regsweep.clients import kinds
from regsweep.clients.finalizers import MAINTENANCE, take_finalizer
from regsweep.controller.checks import FRESH, Checks
from regsweep.controller.conditions import (
    MAINTENANCE_ACTIVE,
    POLICY_CONDITIONS,
    READY,
    RUNNING,
    Fact,
    at_first_sight,
    fact,
    false,
    is_true,
    with_facts,
)
from regsweep.controller.environment import Environment
from regsweep.controller.events import News
from regsweep.controller.history import excess, last_end, last_plan, last_run, last_success
from regsweep.controller.journal import window_open
from regsweep.controller.lookup import holds_registry, runs_of
from regsweep.controller.policy_facts import facts, maintenance
from regsweep.controller.scheduler import Key
from regsweep.controller.slots import Agenda, agenda, make_run
from regsweep.errors import ClusterNotFound, PolicyInvalid


class ActiveRuns(Protocol):
    """What a policy asks of the runs that are executed now."""

    def policy_is_now(self, policy: Key, digest: str | None) -> None: ...

    def cancel_all(self, policy: Key, why: str) -> None: ...


class PolicyReconciler:
    def __init__(self, environment: Environment, active: ActiveRuns, checks: Checks) -> None:
        self._environment, self._active, self._checks = environment, active, checks

    def reconcile(self, key: Key) -> datetime | None:
        """Look at one policy. Raises ClusterError where the API does not answer."""
        cluster = self._environment.cluster
        try:
            found = cluster.get(kinds.POLICY, key.namespace, key.name)
        except ClusterNotFound:
            self._active.cancel_all(key, "the policy was deleted")
            self._environment.metrics.forget(key.namespace, key.name)
            return None
        meta = ObjectMeta.model_validate(found["metadata"])
        runs = list(runs_of(cluster, key.namespace, key.name))
        if not any(holds_registry(run) for run in runs):
            take_finalizer(cluster, kinds.POLICY, meta, MAINTENANCE)
        if meta.deletion_timestamp is not None:
            self._active.cancel_all(key, "the policy was deleted: nothing more is done")
            self._checks.forget(meta.uid)
            return None
        status = PolicyStatus.model_validate(found.get("status") or {})
        try:
            policy = load_policy(found, f"policy {key}")
        except PolicyInvalid as refused:
            self._active.policy_is_now(key, None)
            self._refuse(meta, status, runs, refused)
            return None
        self._active.policy_is_now(key, policy_digest(policy.spec))
        return self._schedule(policy, runs)

    def _schedule(self, policy: RegistryCleanupPolicy, runs: list[RegistryCleanupRun]) -> datetime | None:
        """Make the run that is due, write the status, and only then let old runs go: a slot whose run is gone before
        the slot is written down would be due again.
        """
        cluster, meta, now = self._environment.cluster, policy.metadata, self._environment.clock()
        asked = agenda(policy, runs, now)
        for slot in asked.due:
            if name := make_run(cluster, policy, slot):
                news = News("RunCreated", f"made run {name} for {slot.time:%Y-%m-%d %H:%M} UTC", "Schedule")
                self._environment.events.tell("RegistryCleanupPolicy", meta, news)
        self._write(meta, policy.status, self._status(policy, runs, asked))
        for run in excess(runs, meta.uid, policy.spec):
            cluster.delete(kinds.RUN, meta.namespace, run.metadata.name, uid=run.metadata.uid)
        return min(filter(None, (asked.look_at, now + FRESH)))

    def _status(self, policy: RegistryCleanupPolicy, runs: list[RegistryCleanupRun], asked: Agenda) -> PolicyStatus:
        old = policy.status
        last = last_run(runs) or old.last_run
        window = next((run for run in runs if window_open(run.status.garbage_collection)), None)
        idle = not any(is_true(run.status.conditions, RUNNING) for run in runs)
        check = self._checks.of(policy, again=idle, since=last_end(runs))
        self._measure(policy, runs, window)
        said = facts(policy.spec, check, last, window)
        return old.model_copy(
            update={
                "observed_generation": policy.metadata.generation,
                "conditions": self._conditions(policy.metadata, old, said),
                "next_schedule_time": _text(asked.run),
                "next_collect_time": _text(asked.collect),
                "last_schedule_time": asked.last(collect_only=False) or old.last_schedule_time,
                "last_collect_schedule_time": asked.last(collect_only=True) or old.last_collect_schedule_time,
                "last_successful_time": last_success(runs) or old.last_successful_time,
                "last_run": last,
            }
        )

    def _refuse(
        self, meta: ObjectMeta, old: PolicyStatus, runs: list[RegistryCleanupRun], refused: PolicyInvalid
    ) -> None:
        """Nothing is scheduled. The condition names each field and its fix."""
        window = next((run for run in runs if window_open(run.status.garbage_collection)), None)
        said = {**at_first_sight(old.conditions, POLICY_CONDITIONS), MAINTENANCE_ACTIVE: maintenance(window)}
        said[READY] = false("InvalidSpec", str(refused))
        update = {
            "observed_generation": meta.generation,
            "conditions": self._conditions(meta, old, said),
            "next_schedule_time": None,
            "next_collect_time": None,
        }
        if fact(old.conditions, READY) != said[READY]:
            news = News("InvalidSpec", str(refused), "Validate", "Warning")
            self._environment.events.tell("RegistryCleanupPolicy", meta, news)
        self._write(meta, old, old.model_copy(update=update))

    def _conditions(self, meta: ObjectMeta, old: PolicyStatus, said: dict[str, Fact]) -> tuple[Condition, ...]:
        return with_facts(old.conditions, said, generation=meta.generation, now=self._environment.clock())

    def _write(self, meta: ObjectMeta, old: PolicyStatus, new: PolicyStatus) -> None:
        """Nothing is written where nothing changed."""
        if new == old:
            return
        body = {"metadata": {"uid": meta.uid}, "status": new.model_dump(mode="json", by_alias=True, exclude_none=True)}
        self._environment.cluster.patch_status(kinds.POLICY, meta.namespace, meta.name, body)

    def _measure(
        self, policy: RegistryCleanupPolicy, runs: list[RegistryCleanupRun], window: RegistryCleanupRun | None
    ) -> None:
        metrics, labels = self._environment.metrics, (policy.metadata.namespace, policy.metadata.name)
        collection = window.status.garbage_collection if window else None
        since = (collection.started_at or self._environment.clock()) if collection else None
        metrics.window(*labels, since, collection.deadline if collection else None)
        metrics.awaiting.labels(*labels).set(sum(run.status.step is RunStep.AWAITING_APPROVAL for run in runs))
        if (success := last_success(runs) or policy.status.last_successful_time) is not None:
            metrics.last_success.labels(*labels).set(success.timestamp())
        planned = last_plan(runs)
        if planned is not None and planned.status.plan is not None:
            done = planned.status.deletion.deleted if planned.status.deletion else 0
            metrics.pending_deletions.labels(*labels).set(max(planned.status.plan.deletions - done, 0))
            metrics.pending_bytes.labels(*labels).set(planned.status.plan.bytes)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
