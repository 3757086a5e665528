"""Registries in maintenance whose run is gone: they are found by their marker, and made writable again (S9).

A run that was deleted by force, or whose policy's namespace was emptied, or a command that was killed in its window,
leaves a registry that nobody else would ever lift. A window whose run goes on is that run's own business.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from regsweep.api.load import load_policy
from regsweep.clients.kinds import POLICY, RUN
from regsweep.clients.registry import PodProbe, Target, at_pod
from regsweep.controller.environment import Environment
from regsweep.controller.executions import Executions, Work
from regsweep.controller.lookup import holds_registry, read_run
from regsweep.controller.registry_access import target_of
from regsweep.controller.scheduler import WINDOW, Key
from regsweep.controller.stop import StopSignal
from regsweep.core.ports import Detached
from regsweep.errors import ClusterDenied, ClusterNotFound, RegsweepError
from regsweep.pipeline.memory import MemoryWindow
from regsweep.steps.collect.leftover import Hands, Leftover, leftovers, lift

Lift = Callable[[Leftover, Hands, str], tuple[str, ...]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Telling:
    """A lift's progress goes to the log."""

    def begin(self, hop: str, total: int | None = None) -> None:
        """There is nothing to count."""

    def advance(self, done: int = 1, detail: str = "") -> None:
        """There is nothing to count."""

    def say(self, message: str) -> None:
        _log.info("%s", message)


class Orphans:
    """`look` is called at the start and with every look at everything. `holder` names this process to the Lease."""

    def __init__(self, environment: Environment, executions: Executions, holder: str, lift: Lift = lift) -> None:
        self._environment, self._executions, self._holder, self._lift = environment, executions, holder, lift

    def look(self) -> None:
        """Begin to lift every window that has no run any more. Raises ClusterError where they cannot be listed."""
        orphans = [left for left in self._windows() if not self._has_a_run(left)]
        self._environment.metrics.orphans.set(len(orphans))
        for left in orphans:
            key = Key(WINDOW, left.namespace, f"{left.workload.kind}/{left.workload.name}")
            stop = StopSignal(self._environment.clock, self._environment.lost)
            _log.warning("%s is in maintenance for run %s, which is not there: lifting it", left, left.marker.run)
            lock = f"{left.workload.kind} {left.namespace}/{left.workload.name}"
            work = Work(key, frozenset({lock}), stop, lambda left=left, stop=stop: self._end(left, stop), urgent=True)  # type: ignore[misc]
            if obstacle := self._executions.begin(work):
                _log.info("%s: %s", key, obstacle)

    def _windows(self) -> Iterator[Leftover]:
        cluster, watched = self._environment.cluster, self._environment.namespaces
        try:
            yield from (left for namespace in watched or (None,) for left in leftovers(cluster, namespace))
        except ClusterDenied:
            yield from self._beside_policies()

    def _beside_policies(self) -> Iterator[Leftover]:
        """Without the right to list workloads everywhere: where policies are."""
        cluster, watched = self._environment.cluster, self._environment.namespaces
        found = {policy["metadata"]["namespace"] for one in watched or (None,) for policy in cluster.list(POLICY, one)}
        for namespace in sorted(found):
            try:
                yield from leftovers(cluster, namespace)
            except ClusterDenied as error:
                _log.warning("whether a registry was left in maintenance in %s is not known: %s", namespace, error)

    def _has_a_run(self, left: Leftover) -> bool:
        try:
            return holds_registry(read_run(self._environment.cluster.get(RUN, left.namespace, left.marker.run)))
        except ClusterNotFound:
            return False

    def _end(self, left: Leftover, stop: StopSignal) -> None:
        """What fails is tried again with the next look; until then the metric says so."""
        environment = self._environment
        try:
            target = self._target(left)
            hands = Hands(
                cluster=environment.cluster,
                probe_for=lambda url: PodProbe(at_pod(target, url)),
                journal=MemoryWindow(),
                clock=environment.clock,
                stop=stop,
                progress=Telling(),
            )
            for url in self._lift(left, hands, self._holder):
                _log.warning("%s could not be asked whether it accepts writes; its pod has no switch", url)
            _log.info("%s is writable again", left)
        except Detached:
            _log.info("%s: left as it is, for this process ends", left)
        except RegsweepError as error:
            _log.error("%s is still in maintenance: %s", left, error)

    def _target(self, left: Leftover) -> Target:
        """With the credentials of its policy, where that is still there."""
        for found in self._environment.cluster.list(POLICY, left.namespace):
            if found["metadata"]["uid"] == left.marker.policy_uid:
                return target_of(load_policy(found), self._environment.cluster)
        return Target(url=left.marker.endpoint)
