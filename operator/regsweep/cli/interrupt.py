"""Ctrl-C and TERM, and the time limit of a run: the terminal's `Stop`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from regsweep.errors import DOORS, Cancelled, DeadlineExceeded

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """The first signal asks the run to stop, the second ends the process at once.

    `last_words` says, at that moment, what is left behind. Used as a context by the main thread; `check` and `wait` by
    any thread. It may not be used again after its end.
    """

    def __init__(self, run_timeout: float, last_words: Callable[[], str] = str) -> None:
        self._asked = threading.Event()
        self._deadline = time.monotonic() + run_timeout
        self._last_words = last_words
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._pull)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def check(self) -> None:
        if self._asked.is_set():
            raise Cancelled("interrupted: nothing more is deleted, and what was deleted stays deleted")
        if time.monotonic() > self._deadline:
            raise DeadlineExceeded("the run took longer than spec.limits.runTimeout: what is deleted stays deleted")

    def wait(self, seconds: float) -> None:
        self._asked.wait(max(0.0, min(seconds, self._deadline - time.monotonic())))
        self.check()

    def _pull(self, number: int, frame: FrameType | None) -> None:
        if self._asked.is_set():
            os.write(2, f"\nregsweep: ended at once{self._last_words()}\n".encode())
            os._exit(DOORS[Cancelled].exit_code)  # threads that wait for an answer would hold an orderly exit up
        self._asked.set()
        print("\nregsweep: stopping after what is under way (once more: end at once)", file=sys.stderr, flush=True)
