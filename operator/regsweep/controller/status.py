"""The one writer of a run's status. Server-side apply of the whole status under one field manager.

A transition is written at once, and raises where it could not be: then its effect must not happen. Progress is kept in
memory and written at most every 15 s: it raises nothing, because nothing hangs on it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from regsweep.api.run import RegistryCleanupRun, RunStatus
from regsweep.clients.kinds import RUN
from regsweep.clients.kube import Cluster
from regsweep.controller.conditions import Fact, with_facts
from regsweep.core.ports import Clock
from regsweep.errors import ClusterError

PROGRESS_INTERVAL = timedelta(seconds=15)

_log = logging.getLogger(__name__)


def write_at_rest(cluster: Cluster, run: RegistryCleanupRun, status: RunStatus) -> None:
    """Write the status of another run, that nothing executes. Raises ClusterError; ClusterConflict where it changed
    since it was read.
    """
    meta = run.metadata
    body = {
        "metadata": {"uid": meta.uid, "resourceVersion": meta.resource_version},
        "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
    cluster.patch_status(RUN, meta.namespace, meta.name, body)


class RunStatusWriter:
    """Safe for use by many threads. `status` is what was written last, plus the progress since."""

    def __init__(self, cluster: Cluster, run: RegistryCleanupRun, clock: Clock) -> None:
        self._cluster, self._run, self._clock = cluster, run, clock
        self._lock = threading.RLock()
        self._written_at: datetime | None = None
        self.status: RunStatus = run.status

    def change(self, facts: Mapping[str, Fact] | None = None, **fields: Any) -> None:
        """Write at once. Raises ClusterError, and keeps the status as it was, where that fails."""
        with self._lock:
            new = self._with(facts or {}, fields)
            self._write(new)
            self.status = new

    def due(self) -> bool:
        """Whether progress would be written now."""
        return self._written_at is None or self._clock() - self._written_at >= PROGRESS_INTERVAL

    def progress(self, facts: Mapping[str, Fact] | None = None, **fields: Any) -> None:
        """Keep in memory, and write if the last write is long enough ago."""
        with self._lock:
            self.status = self._with(facts or {}, fields)
            if not self.due():
                return
            try:
                self._write(self.status)
            except ClusterError as error:
                self._written_at = self._clock()  # the next try is not the next image
                _log.warning("progress of run %s/%s is not written: %s", *self._place(), error)

    def _with(self, facts: Mapping[str, Fact], fields: Mapping[str, Any]) -> RunStatus:
        meta = self._run.metadata
        conditions = with_facts(self.status.conditions, facts, generation=meta.generation, now=self._clock())
        return self.status.model_copy(
            update={**fields, "conditions": conditions, "observed_generation": meta.generation}
        )

    def _write(self, status: RunStatus) -> None:
        body = {
            "metadata": {"uid": self._run.metadata.uid},
            "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        self._cluster.patch_status(RUN, *self._place(), body)
        self._written_at = self._clock()

    def _place(self) -> tuple[str, str]:
        return self._run.metadata.namespace, self._run.metadata.name
