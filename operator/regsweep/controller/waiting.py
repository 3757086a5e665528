"""Runs that are to go on later: how long each one waits, longer every time."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from regsweep.controller.scheduler import Key
from regsweep.core.ports import Clock

FIRST_DELAY = timedelta(seconds=5)
LAST_DELAY = timedelta(minutes=5)


class Postponed:
    """Safe for use by many threads. Lives as long as this process: after a restart nothing waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: dict[Key, tuple[int, datetime]] = {}

    def once_more(self, key: Key) -> None:
        with self._lock:
            count = self._times.get(key, (0, None))[0]
            delay = min(FIRST_DELAY * (1 << min(count, 10)), LAST_DELAY)
            self._times[key] = (count + 1, self._clock() + delay)

    def until(self, key: Key) -> datetime | None:
        """When it may go on; None for now."""
        with self._lock:
            when = self._times[key][1] if key in self._times else None
        return when if when is not None and when > self._clock() else None

    def forget(self, key: Key) -> None:
        with self._lock:
            self._times.pop(key, None)
