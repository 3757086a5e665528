"""Which object is looked at, and when: a queue of keys, timers, a few threads. Knows nothing about what a look does.

Level-triggered: a key says "look", never what happened. The same key is never looked at by two threads at once, and a
key that comes in during its own look is looked at once more. A look that fails is tried again, ever less often.
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from regsweep.controller.metrics import Metrics
from regsweep.core.ports import Clock
from regsweep.errors import ClusterError

POLICY = "policy"
RUN = "run"
RESYNC = "resync"
WINDOW = "window"

FIRST_RETRY = timedelta(seconds=2)
LAST_RETRY = timedelta(minutes=5)
_LONGEST_WAIT = 5.0
"""Seconds. The clock may be set meanwhile, and the heartbeat must go on."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.name else self.kind


Reconcile = Callable[[Key], datetime | None]
"""Look at one object, act, and say when to look again without an event; None for no such time."""


class Scheduler:
    """`submit` is safe from every thread and returns at once."""

    def __init__(self, reconcile: Reconcile, clock: Clock, metrics: Metrics, threads: int = 4) -> None:
        self._reconcile, self._clock, self._metrics = reconcile, clock, metrics
        self._changed = threading.Condition()
        self._ready: dict[Key, None] = {}
        self._busy: set[Key] = set()
        self._again: set[Key] = set()
        self._due: dict[Key, datetime] = {}
        self._timers: list[tuple[datetime, Key]] = []
        self._failures: dict[Key, int] = {}
        self._stopping = False
        self._threads = [threading.Thread(target=self._work, name=f"look-{n}", daemon=True) for n in range(threads)]
        self.heartbeat = clock()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> bool:
        """Begin no further look, and wait for those that are under way. False where one did not end in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout / len(self._threads))
        return not any(thread.is_alive() for thread in self._threads)

    def submit(self, key: Key) -> None:
        with self._changed:
            if key in self._busy:
                self._again.add(key)
            else:
                self._ready[key] = None
            self._changed.notify()
            self._metrics.queue.set(len(self._ready))

    def submit_all(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self.submit(key)

    def submit_at(self, key: Key, when: datetime) -> None:
        """One timer for each key: a newer one takes the place of the older."""
        with self._changed:
            self._due[key] = when
            heapq.heappush(self._timers, (when, key))
            self._changed.notify()

    def run_one(self) -> bool:
        """Look at the next key that is ready now. False where none is. For one thread at a time and key."""
        with self._changed:
            key = self._next()
        if key is None:
            return False
        self._look(key)
        return True

    def _work(self) -> None:
        while True:
            with self._changed:
                key = self._next()
                while key is None and not self._stopping:
                    self._changed.wait(self._until_the_next_timer())
                    key = self._next()
                if self._stopping:
                    return
            assert key is not None  # noqa: S101  (the loop ends only so, or by the return)
            self._look(key)

    def _look(self, key: Key) -> None:
        try:
            when = self._reconcile(key)
            self._failures.pop(key, None)
        except ClusterError as error:
            when = self._retry(key)
            _log.warning("%s: %s; again at %s", key, error, f"{when:%H:%M:%S}")
        except Exception:  # noqa: BLE001  (the scheduler outlives whatever one object does to it)
            when = self._retry(key)
            _log.exception("%s: unexpected; again at %s", key, f"{when:%H:%M:%S}")
        with self._changed:
            self._busy.discard(key)
            again = key in self._again
            self._again.discard(key)
        if again:
            self.submit(key)
        if when is not None:
            self.submit_at(key, when)

    def _retry(self, key: Key) -> datetime:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self._metrics.reconcile_errors.labels(key.kind).inc()
        return self._clock() + min(FIRST_RETRY * (1 << min(failures, 10)), LAST_RETRY)

    def _next(self) -> Key | None:
        """Called with the lock held. The key is busy from now on."""
        self.heartbeat = now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            when, key = heapq.heappop(self._timers)
            if self._due.get(key) == when:
                del self._due[key]
                (self._again.add(key) if key in self._busy else self._ready.setdefault(key))
        if self._stopping or not self._ready:
            return None
        key = next(iter(self._ready))
        del self._ready[key]
        self._busy.add(key)
        self._metrics.queue.set(len(self._ready))
        return key

    def _until_the_next_timer(self) -> float:
        if not self._timers:
            return _LONGEST_WAIT
        return min(max((self._timers[0][0] - self._clock()).total_seconds(), 0.01), _LONGEST_WAIT)
