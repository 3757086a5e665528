"""How a run is stopped: by its deadline, by somebody who cancels it, or by the end of this process.

The first two end the run. The third only leaves it: it goes on after the restart from what its journal says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from regsweep.core.ports import Clock, Detached
from regsweep.errors import DeadlineExceeded, RegsweepError


class StopSignal:
    """`core.ports.Stop`. Safe for use by many threads. Where `lost`, this process ends, and may not know it yet."""

    def __init__(self, clock: Clock, lost: Callable[[], bool] = lambda: False) -> None:
        self._clock, self._lost = clock, lost
        self._deadline: datetime | None = None
        self._error: RegsweepError | None = None
        self._interrupted = False
        self._called = threading.Event()
        self._ending = threading.Event()

    def set_deadline(self, deadline: datetime) -> None:
        self._deadline = deadline

    def cancel(self, error: RegsweepError) -> None:
        """End the run with `error`: the first one stays."""
        self._error = self._error or error
        self._called.set()

    def interrupt(self) -> None:
        self._interrupted = True
        self._ending.set()
        self._called.set()

    @property
    def interrupted(self) -> bool:
        return self._interrupted or self._lost()

    def check(self) -> None:
        if self.interrupted:
            raise Detached
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._deadline is not None and self._clock() >= self._deadline:
            raise DeadlineExceeded(
                f"the run took longer than limits.runTimeout lets it (until {self._deadline:%Y-%m-%d %H:%M} UTC)"
            )

    def wait(self, seconds: float) -> None:
        self.check()
        if self._deadline is not None:
            seconds = min(seconds, max((self._deadline - self._clock()).total_seconds(), 0.0))
        self._called.wait(seconds)
        self.check()

    def pause(self, seconds: float) -> bool:
        """Sleep without raising, whatever was asked of the run. True where this process ends."""
        self._ending.wait(seconds)
        return self.interrupted
