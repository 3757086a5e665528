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
class Agenda:
    """`due` are the slots that a run is to be made for now. `run` and `collect` are what the status announces: the next
    slot of each schedule, or the one that is due and waits. `look_at` is when something may be due next.
    """

    due: tuple[Slot, ...]
    run: datetime | None
    collect: datetime | None
    look_at: datetime | None

    def last(self, *, collect_only: bool) -> datetime | None:
        return next((slot.time for slot in self.due if slot.collect_only is collect_only), None)


def agenda(policy: RegistryCleanupPolicy, runs: Iterable[RegistryCleanupRun], now: datetime) -> Agenda:
    """What the schedules ask for. A slot waits, within its deadline, while a run of the same schedule is not over: two
    of them would do the same work.

    A slot counts only if its schedule was there before it: whoever writes a schedule, or takes a suspension back, does
    not start a run by that.
    """
    spec = policy.spec
    deadline = timedelta(seconds=spec.starting_deadline_seconds)
    unfinished = {run.spec.collect is Collect.ONLY for run in runs if not finished(run)}
    due, announced, coming = [], {}, []
    for collect_only, cron in _schedules(policy).items():
        slot = latest_due(cron, spec.time_zone, _since(policy, now, collect_only=collect_only), now, deadline)
        following = next_time(cron, spec.time_zone, now)
        waits = slot is not None and collect_only in unfinished
        if slot is not None and not waits:
            due.append(Slot(slot, collect_only))
        announced[collect_only] = slot if waits else following
        coming.append(following)
    return Agenda(tuple(due), announced.get(False), announced.get(True), min(coming, default=None))


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


def _since(policy: RegistryCleanupPolicy, now: datetime, *, collect_only: bool) -> datetime:
    """The moment after which slots count. What the status announced may be late; what it did not announce, though the
    policy was looked at before, was no slot when its time came.
    """
    status = policy.status
    announced = status.next_collect_time if collect_only else status.next_schedule_time
    last = status.last_collect_schedule_time if collect_only else status.last_schedule_time
    if announced is not None:
        begin = datetime.fromisoformat(announced) - timedelta(microseconds=1)
    elif status.observed_generation:
        begin = now
    else:
        begin = policy.metadata.creation_timestamp or now
    return max(begin, last) if last is not None else begin


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
