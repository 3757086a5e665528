"""The runs that are executed now: a thread each, never more than allowed, never two on one policy or registry."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from regsweep.controller.metrics import Metrics
from regsweep.controller.scheduler import Key
from regsweep.controller.stop import StopSignal
from regsweep.errors import RegsweepError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """`locks` are the names of what it needs for itself. An `urgent` one (a window that must be left) does not wait for
    a free place. `execute` must write its own end; what it raises is a bug.
    """

    key: Key
    locks: frozenset[str]
    stop: StopSignal
    execute: Callable[[], None]
    urgent: bool = False


class Executions:
    """Safe for use by many threads. `ended` is called with the keys that should be looked at again."""

    def __init__(self, limit: int, ended: Callable[[Key], None], metrics: Metrics) -> None:
        self._limit, self._ended, self._metrics = limit, ended, metrics
        self._lock = threading.Lock()
        self._works: dict[Key, Work] = {}
        self._threads: dict[Key, threading.Thread] = {}
        self._waiting: dict[Key, None] = {}
        self._closed = False

    def begin(self, work: Work) -> str:
        """Empty where it was begun, or is executed already; else why it has to wait: it is told when one has ended."""
        with self._lock:
            if work.key in self._works:
                return ""
            reason = self._obstacle(work)
            if reason:
                self._waiting[work.key] = None
                return reason
            self._waiting.pop(work.key, None)
            self._works[work.key] = work
            thread = threading.Thread(target=self._execute, args=(work,), name=str(work.key), daemon=True)
            self._threads[work.key] = thread
            self._metrics.executing.set(len(self._works))
            thread.start()
        return ""

    def executing(self, key: Key) -> bool:
        with self._lock:
            return key in self._works

    def cancel(self, key: Key, error: RegsweepError) -> bool:
        """True where it is executed: it will end with `error` at its next check."""
        with self._lock:
            work = self._works.get(key)
        if work is not None:
            work.stop.cancel(error)
        return work is not None

    def interrupt(self) -> None:
        """Begin nothing any more, and let go of everything at its next check: it goes on after the restart."""
        with self._lock:
            self._closed = True
            works = list(self._works.values())
        for work in works:
            work.stop.interrupt()

    def join(self, timeout: float) -> bool:
        """Wait for all to end. False where one did not."""
        deadline = time.monotonic() + timeout
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in threads)

    def _obstacle(self, work: Work) -> str:
        if self._closed:
            return "the operator is shutting down"
        for other in self._works.values():
            if shared := sorted(work.locks & other.locks):
                return f"waits for {other.key}, which has {shared[0]}"
        if len(self._works) >= self._limit and not work.urgent:
            return f"waits for a free place: {self._limit} runs are executed at once"
        return ""

    def _execute(self, work: Work) -> None:
        try:
            work.execute()
        except Exception:  # noqa: BLE001  (a thread has nobody above it to tell)
            _log.exception("%s: unexpected, outside the run itself", work.key)
        finally:
            with self._lock:
                del self._works[work.key]
                del self._threads[work.key]
                waiting = () if self._closed else tuple(self._waiting)
                self._waiting.clear()
                self._metrics.executing.set(len(self._works))
            for key in (work.key, *waiting):
                self._ended(key)
