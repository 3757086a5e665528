"""The two schedules of a policy: which of their slots are due, when the next ones are, and the run of a slot.

The name of a slot's run is made from the slot, so that a slot cannot have two, whoever starts twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from regsweep.api.meta import ObjectMeta
from regsweep.api.policy import CollectMode, Mode, RegistryCleanupPolicy
from regsweep.api.run import Collect, RegistryCleanupRun
from regsweep.clients.kinds import RUN
from regsweep.clients.kube import Cluster
from regsweep.controller.lookup import finished
from regsweep.controller.ownership import POLICY_LABEL, owned_by, policy_label
from regsweep.core.schedule import latest_due, next_time
from regsweep.errors import ClusterConflict

_NAME = 230


@dataclass(frozen=True, slots=True)
class Slot:
    """One time of one schedule. `collect_only`: of `garbageCollection.schedule`."""

    time: datetime
    collect_only: bool


@dataclass(frozen=True, slots=True)
class NextSlots:
    """When each schedule comes next; None for none."""

    run: datetime | None
    collect: datetime | None

    def earliest(self) -> datetime | None:
        return min((time for time in (self.run, self.collect) if time is not None), default=None)


def due_slots(policy: RegistryCleanupPolicy, runs: Iterable[RegistryCleanupRun], now: datetime) -> list[Slot]:
    """The slots that a run is to be made for, now. A slot waits (within its deadline) while a run of the same schedule
    is not over: two of them would do the same work.
    """
    spec, status = policy.spec, policy.status
    made = policy.metadata.creation_timestamp or now
    deadline = timedelta(seconds=spec.starting_deadline_seconds)
    unfinished = {run.spec.collect is Collect.ONLY for run in runs if not finished(run)}
    since = {False: status.last_schedule_time, True: status.last_collect_schedule_time}
    slots = []
    for collect_only, cron in _schedules(policy).items():
        time = latest_due(cron, spec.time_zone, since[collect_only] or made, now, deadline)
        if time is not None and collect_only not in unfinished:
            slots.append(Slot(time, collect_only))
    return slots


def next_slots(policy: RegistryCleanupPolicy, now: datetime) -> NextSlots:
    times = {kind: next_time(cron, policy.spec.time_zone, now) for kind, cron in _schedules(policy).items()}
    return NextSlots(times.get(False), times.get(True))


def make_run(cluster: Cluster, policy: RegistryCleanupPolicy, slot: Slot) -> str:
    """Create the run of the slot; its name, or "" where it is there already. Raises ClusterError."""
    body = run_of(policy, slot)
    try:
        cluster.create(RUN, policy.metadata.namespace, body)
    except ClusterConflict:
        return ""
    return str(body["metadata"]["name"])


def run_of(policy: RegistryCleanupPolicy, slot: Slot) -> dict[str, Any]:
    meta, spec = policy.metadata, policy.spec
    collect = Collect.ONLY if slot.collect_only else Collect.SKIP if spec.garbage_collection.schedule else Collect.AUTO
    return {
        "metadata": {
            "name": _name(meta, slot),
            "namespace": meta.namespace,
            "labels": {POLICY_LABEL: policy_label(meta.name)},
            "ownerReferences": [owned_by(meta)],
        },
        "spec": {"policyRef": {"name": meta.name}, "collect": collect.value},
    }


def _name(policy: ObjectMeta, slot: Slot) -> str:
    """`nightly-29731380`, `nightly-29731380-collect`: minutes since 1970, as CronJob names its Jobs."""
    minutes = int(slot.time.timestamp()) // 60
    return f"{policy.name[:_NAME]}-{minutes}" + ("-collect" if slot.collect_only else "")


def _schedules(policy: RegistryCleanupPolicy) -> dict[bool, str]:
    """By whether its runs only collect. A policy that is suspended has none; one that deletes nothing yet does not
    collect.
    """
    spec, collection = policy.spec, policy.spec.garbage_collection
    if spec.suspend:
        return {}
    schedules = {False: spec.schedule} if spec.schedule else {}
    if collection.schedule and collection.mode is not CollectMode.DISABLED and spec.mode is Mode.DELETE:
        schedules[True] = collection.schedule
    return schedules
