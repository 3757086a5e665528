"""The parts of an operator, wired together: what is looked at, recovered first, and let go at the end. No kopf here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from regsweep.api.run import RegistryCleanupRun, RunStep
from regsweep.clients.kinds import POLICY as POLICY_KIND
from regsweep.clients.kinds import RUN as RUN_KIND
from regsweep.clients.kinds import Kind
from regsweep.clients.kube import Object
from regsweep.controller.checks import Ask, Checks
from regsweep.controller.environment import Environment
from regsweep.controller.execution import MakePorts, Pipeline
from regsweep.controller.executions import Executions
from regsweep.controller.health import Health
from regsweep.controller.journal import window_open
from regsweep.controller.lookup import finished, read_run
from regsweep.controller.orphans import Orphans
from regsweep.controller.policies import PolicyReconciler
from regsweep.controller.runs import RunReconciler
from regsweep.controller.scheduler import POLICY, RESYNC, RUN, WINDOW, Key, Scheduler
from regsweep.errors import RegsweepError

RESYNC_INTERVAL = timedelta(minutes=10)
_RESYNC = Key(RESYNC, "", "")
_AT_REST = frozenset({RunStep.PENDING, RunStep.AWAITING_APPROVAL, RunStep.FINISHED})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs and checks are made of."""

    pipeline: Pipeline
    make_ports: MakePorts
    ask: Ask
    holder: str = "regsweep"
    """Who this process is, to a Lease."""


class Operator:
    """`limit` runs are executed at once."""

    def __init__(self, environment: Environment, health: Health, limit: int, parts: Parts) -> None:
        self._environment, self._health = environment, health
        self.scheduler = Scheduler(self._reconcile, environment.clock, environment.metrics)
        self.executions = Executions(limit, self.scheduler.submit, environment.metrics)
        self._checks = Checks(parts.ask, environment.clock, self.scheduler.submit)
        self._runs = RunReconciler(environment, self.executions, parts.pipeline, parts.make_ports)
        self._orphans = Orphans(environment, self.executions, parts.holder)
        self._policies = PolicyReconciler(environment, self._runs, self._checks)

    def seen(self, key: Key, there: bool) -> None:
        """What the watch tells."""
        self._health.watched(key, there)
        self.scheduler.submit(key)

    def recover(self) -> None:
        """Go on with what was begun, maintenance first, before anything new is made. Raises ClusterError where not even
        the list can be had; a single run that cannot be gone on with is tried again later.
        """
        runs = [read_run(found) for found in self._list(RUN_KIND)]
        begun = [run for run in runs if not finished(run) and (run.status.step not in _AT_REST or _in_window(run))]
        for run in sorted(begun, key=lambda run: not _in_window(run)):
            key = Key(RUN, run.metadata.namespace, run.metadata.name)
            _log.info("%s goes on from %s", key, run.status.step)
            try:
                self._runs.reconcile(key)
            except RegsweepError as error:
                _log.warning("%s: %s; again soon", key, error)
                self.scheduler.submit(key)

    def start(self) -> None:
        self.scheduler.submit(_RESYNC)
        self.scheduler.start()

    def stop(self, timeout: float) -> bool:
        """Begin nothing more; let go of every run at its next check. False where one did not let go in time."""
        self.executions.interrupt()
        looked = self.scheduler.stop(timeout / 4)
        return self.executions.join(timeout) and looked and self._checks.stop()

    def _reconcile(self, key: Key) -> datetime | None:
        if key.kind == RESYNC:
            return self._resync()
        if key.kind == WINDOW:  # one was lifted, or could not be: the next look at everything tells
            return None
        return (self._runs if key.kind == RUN else self._policies).reconcile(key)

    def _resync(self) -> datetime:
        """Look at everything: the watch does not tell of what vanished while it was away."""
        keys = [*self._keys(POLICY, POLICY_KIND), *self._keys(RUN, RUN_KIND)]
        self._health.listed(keys)
        self.scheduler.submit_all(keys)
        self._orphans.look()
        return self._environment.clock() + RESYNC_INTERVAL

    def _keys(self, kind: str, listed: Kind) -> Iterator[Key]:
        for found in self._list(listed):
            yield Key(kind, found["metadata"]["namespace"], found["metadata"]["name"])

    def _list(self, kind: Kind) -> Iterator[Object]:
        for namespace in self._environment.namespaces or (None,):
            yield from self._environment.cluster.list(kind, namespace)


def _in_window(run: RegistryCleanupRun) -> bool:
    return window_open(run.status.garbage_collection)
