"""A maintenance window that nobody conducts any more: found by its marker, and ended by it alone.

Its run may be gone, its policy, the operator, the process that opened it. What is left says all that ending it takes,
and the conductor ends it by the same rules as any other: no collector lives, nothing of the window on the workload,
every replica restarted and writable. It may not end a window whose conductor lives: that one holds the Lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from regsweep.api.policy import CollectMode, GarbageCollection, WorkloadRef
from regsweep.api.run import CollectionStatus
from regsweep.clients import podexec
from regsweep.clients.kinds import WORKLOADS
from regsweep.clients.kube import Cluster, Object
from regsweep.core.inventory import Census
from regsweep.core.maintenance import Step, Why
from regsweep.core.marker import SELECTOR, Marker, marker_of
from regsweep.core.ports import Clock, Progress, Stop, WindowJournal
from regsweep.core.workload import SWITCH, container, plain_env, template
from regsweep.errors import RegistryError
from regsweep.steps.collect.conductor import Conductor
from regsweep.steps.collect.inspection import DEFAULT_PORT
from regsweep.steps.collect.site import Execute, Pace, Probe, ProbeFor, Site
from regsweep.steps.collect.tenure import acquire, lease_of, release
from regsweep.steps.collect.window import Window


@dataclass(frozen=True, slots=True)
class Leftover:
    """One workload in maintenance. Whether somebody still conducts it, only the Lease says."""

    namespace: str
    workload: WorkloadRef
    uid: str
    marker: Marker

    def __str__(self) -> str:
        return f"{self.workload.kind} {self.namespace}/{self.workload.name}"

    def overdue(self, now: datetime) -> bool:
        """Past the time in which its own conductor would have ended it."""
        return now > self.marker.deadline


@dataclass(frozen=True, slots=True)
class Hands:
    """What a lift works with. The last three are seams for tests."""

    cluster: Cluster
    probe_for: ProbeFor
    journal: WindowJournal
    clock: Clock
    stop: Stop
    progress: Progress
    pace: Pace = field(default_factory=Pace)
    execute: Execute = podexec.execute
    sleep: Callable[[float], None] = time.sleep


def leftovers(cluster: Cluster, namespace: str | None) -> Iterator[Leftover]:
    """Every workload in maintenance, in one namespace or in all. Raises ClusterError: a half list is none."""
    for kind in WORKLOADS.values():
        for found in cluster.list(kind, namespace, labels=SELECTOR):
            if marker := marker_of(found):
                yield _leftover(kind.name, found, marker)


def lift(left: Leftover, hands: Hands, holder: str) -> tuple[str, ...]:
    """End the window. `holder` names who does it, to the Lease.

    Returns the addresses of replicas that could not be asked whether they accept writes (from here, or without a
    login): of them only the template is proven. Raises ClusterConflict where a conductor lives, ClusterError, and
    LiftFailed where the registry is still read-only.
    """
    unasked: dict[str, None] = {}
    site = _site(left, hands, unasked)
    lease = lease_of(site, holder)
    acquire(site, lease)
    try:
        now = hands.clock()
        status = CollectionStatus(
            step=Step.STOPPING,
            outcome=Why.STOPPED,
            workload_uid=left.uid,
            endpoint=left.marker.endpoint,
            attempts=1,  # a collector may live
            collect_started_at=now,  # and may have deleted something: every replica restarts
        )
        conductor = Conductor(site, Window(site, _nothing_to_compare, status), lease)
        conductor.conduct()
    finally:
        release(site, lease)
    return tuple(unasked)


def _site(left: Leftover, hands: Hands, unasked: dict[str, None]) -> Site:
    mode = CollectMode.READ_ONLY if left.marker.read_only else CollectMode.UNPROTECTED
    return Site(
        cluster=hands.cluster,
        namespace=left.namespace,
        workload=left.workload,
        spec=GarbageCollection(mode=mode),
        probe_for=lambda url: _Asking(hands.probe_for(url), url, unasked),
        journal=hands.journal,
        clock=hands.clock,
        stop=hands.stop,
        progress=hands.progress,
        run=left.marker.run,
        policy_uid=left.marker.policy_uid,
        pace=hands.pace,
        execute=hands.execute,
        sleep=hands.sleep,
    )


@dataclass(frozen=True, slots=True)
class _Asking:
    """A probe that takes silence for a yes, and notes it: the switch is off, and the pods were made without it."""

    probe: Probe
    url: str
    unasked: dict[str, None] = field(repr=False)

    def writable(self) -> bool:
        try:
            answer = self.probe.writable()
        except RegistryError:
            answer = None
        if answer is None:
            self.unasked[self.url] = None
        else:
            self.unasked.pop(self.url, None)
        return answer is not False


def _leftover(kind: str, found: Object, marker: Marker) -> Leftover:
    """Whole in any case: what was not written, or was taken away, is read off the workload."""
    meta, name = found["metadata"], _container(found, marker)
    ports = (container(template(found), name) or {}).get("ports") or ()
    port = next((each["containerPort"] for each in ports), DEFAULT_PORT)
    ref = WorkloadRef.model_validate({"kind": kind, "name": meta["name"], "container": name})
    whole = replace(marker, container=name, endpoint=marker.endpoint or f"http://{{}}:{port}")
    return Leftover(meta["namespace"], ref, meta["uid"], whole)


def _container(found: Object, marker: Marker) -> str:
    """The registry's: as the marker says, else the one with the switch, else the first."""
    there = {str(each["name"]): each for each in template(found)["spec"]["containers"]}
    switched = (name for name, each in there.items() if SWITCH in plain_env(each))
    return marker.container if marker.container in there else next(switched, next(iter(there)))


def _nothing_to_compare() -> Census:
    raise AssertionError("a window that is left takes no census")
