"""A registry's pods → every PUT and DELETE of a manifest while a run deletes: their logs, followed.

It changes nothing, and keeps nothing of a log but these requests. Logs are rotated: what was not followed is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field

from regsweep.api.policy import WorkloadRef
from regsweep.clients.kinds import POD, WORKLOADS
from regsweep.clients.kube import Cluster, Object
from regsweep.core import workload
from regsweep.core.oci import Digest
from regsweep.core.ports import Stop
from regsweep.core.registry_log import ManifestRequest, Method, RequestLog
from regsweep.errors import ClusterUnreachable
from regsweep.steps.listen.follower import Follower

__all__ = ["PodLogs"]

BEGIN_SECONDS = 15.0
CATCH_UP_SECONDS = 10.0
SETTLE_SECONDS = 1.0
"""A push that raced with the last deletion may end after it."""
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class PodLogs:
    """The logs of all pods of a workload; safe to be listened to once at a time."""

    cluster: Cluster
    namespace: str
    ref: WorkloadRef
    stop: Stop

    @contextmanager
    def listen(self, repositories: AbstractSet[str]) -> Iterator[Listening]:
        """Raises ClusterError where a pod's log cannot be read, or there is no pod."""
        listening = Listening(self, repositories)
        try:
            listening.begin()
            yield listening
        finally:
            listening.end()

    def pods(self) -> Sequence[Object]:
        found = self.cluster.get(WORKLOADS[self.ref.kind], self.namespace, self.ref.name)
        listed = self.cluster.list(POD, self.namespace, labels=workload.selector(found))
        return [pod for pod in listed if workload.alive(pod) and workload.container_id(pod, self.ref.container)]


@dataclass(slots=True)
class Listening:
    """One follower for each pod."""

    logs: PodLogs
    repositories: AbstractSet[str]
    _followers: dict[str, Follower] = field(default_factory=dict)

    def begin(self) -> None:
        self._follow_new(from_now=True)
        if not self._followers:
            raise ClusterUnreachable(f"{self.logs.ref.kind} {self.logs.namespace}/{self.logs.ref.name} has no pod")
        self._wait(lambda: all(each.begun for each in self._followers.values()), BEGIN_SECONDS)
        for each in self._followers.values():
            if not each.begun:
                raise each.fault or ClusterUnreachable(f"the log of {each.name} gives no line")

    def requests(self, deleted: AbstractSet[tuple[str, Digest]]) -> Sequence[ManifestRequest]:
        self._follow_new(from_now=False)
        self._wait(lambda: deleted <= self._shown(), CATCH_UP_SECONDS)
        self.logs.stop.wait(SETTLE_SECONDS)
        return sorted(self._all(), key=lambda request: request.ended)

    def end(self) -> None:
        for each in self._followers.values():
            each.end()

    def _follow_new(self, *, from_now: bool) -> None:
        """A pod that began meanwhile is read from its beginning."""
        for pod in self.logs.pods():
            name = str(pod["metadata"]["name"])
            if name not in self._followers:
                log = RequestLog(str(pod["spec"].get("nodeName", "")), self.repositories)
                self._followers[name] = Follower(self.logs.cluster, pod, self.logs.ref.container, log)
                self._followers[name].start(from_now=from_now)

    def _all(self) -> list[ManifestRequest]:
        return [request for each in self._followers.values() for request in each.requests()]

    def _shown(self) -> set[tuple[str, Digest]]:
        deletes = (request for request in self._all() if request.method is Method.DELETE)
        return {(request.repository, Digest(request.reference)) for request in deletes}

    def _wait(self, until: Callable[[], bool], seconds: float) -> None:
        for _ in range(round(seconds / _POLL_SECONDS)):
            if until():
                return
            self.logs.stop.wait(_POLL_SECONDS)
