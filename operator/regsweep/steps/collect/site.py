"""Where a window is held, for which run, and with what: all that the conductor is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from regsweep.api.policy import CollectMode, GarbageCollection, WorkloadRef
from regsweep.clients import podexec
from regsweep.clients.kinds import WORKLOADS, Kind
from regsweep.clients.kube import Cluster
from regsweep.core import collector_job
from regsweep.core.marker import Marker, Target
from regsweep.core.ports import Clock, Progress, Stop, WindowJournal


class Probe(Protocol):
    """Asks one pod's registry whether it accepts writes: True, False (read-only), or None where it cannot be
    told."""

    def writable(self) -> bool | None: ...


ProbeFor = Callable[[str], Probe]
"""A probe for a pod's own URL, as `http://10.1.2.3:5000`."""

Execute = Callable[[Cluster, podexec.ContainerRef, podexec.Command], podexec.ExecResult]


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks, and how long to go on trying to lift before it is called failed."""

    poll: float = 3.0
    lift_patience: float = 1800.0
    lease_patience: float = 90.0


@dataclass(frozen=True, slots=True)
class Site:
    """`probe_for` makes probes with the policy's credentials. `run` names the run in the marker; `policy_uid` is ""
    at the terminal. The last three are seams for tests."""

    cluster: Cluster
    namespace: str
    workload: WorkloadRef
    spec: GarbageCollection
    probe_for: ProbeFor
    journal: WindowJournal
    clock: Clock
    stop: Stop
    progress: Progress
    run: str
    policy_uid: str = ""
    pace: Pace = Pace()
    execute: Execute = podexec.execute
    sleep: Callable[[float], None] = time.sleep

    @property
    def kind(self) -> Kind:
        return WORKLOADS[self.workload.kind]

    @property
    def protected(self) -> bool:
        return self.spec.mode is CollectMode.READ_ONLY

    @property
    def jobs(self) -> str:
        """The label selector of the Jobs that collect for this workload, and of their pods."""
        return f"{collector_job.LABEL}={self.job_label}"

    @property
    def job_label(self) -> str:
        return collector_job.label_value(self.workload.kind, self.workload.name)

    @property
    def name(self) -> str:
        return f"{self.workload.kind} {self.namespace}/{self.workload.name}"

    def target(self, uid: str) -> Target:
        return Target(self.namespace, self.workload.name, uid, self.workload.container)

    def marker(self, deadline: datetime, endpoint: str, *, without_redis: bool) -> Marker:
        return Marker(
            run=self.run,
            policy_uid=self.policy_uid,
            deadline=deadline,
            read_only=self.protected,
            container=self.workload.container,
            endpoint=endpoint,
            without_redis=without_redis,
        )

    def pod(self, name: str) -> podexec.ContainerRef:
        return podexec.ContainerRef(self.namespace, name, self.workload.container)

    def exec(self, pod: str, command: podexec.Command) -> podexec.ExecResult:
        return self.execute(self.cluster, self.pod(pod), command)
