"""How a run goes on, for a person who looks at it: one short message in its status, and lines in the log."""

from __future__ import annotations

import logging
import threading

from regsweep.controller.conditions import RUNNING, true
from regsweep.controller.status import RunStatusWriter

_log = logging.getLogger(__name__)


class StatusProgress:
    """`core.ports.Progress`. The message of the condition `Running`, as `sweep: 40 of 120 (team/app)`."""

    def __init__(self, status: RunStatusWriter, run: str) -> None:
        self._status, self._run = status, run
        self._lock = threading.Lock()
        self._hop, self._done = "", 0
        self._total: int | None = None

    def begin(self, hop: str, total: int | None = None) -> None:
        with self._lock:
            self._hop, self._done, self._total = hop, 0, total
        _log.info("run %s: %s%s", self._run, hop, "" if total is None else f" ({total})")
        self._show("")

    def advance(self, done: int = 1, detail: str = "") -> None:
        with self._lock:
            self._done += done
        self._show(detail)

    def say(self, message: str) -> None:
        _log.info("run %s: %s", self._run, message)

    def _show(self, detail: str) -> None:
        if not self._status.due():
            return
        of = "" if self._total is None else f" of {self._total}"
        message = f"{self._hop}: {self._done}{of}" + (f" ({detail})" if detail else "")
        self._status.progress({RUNNING: true(self._status.status.step.value, message)})
