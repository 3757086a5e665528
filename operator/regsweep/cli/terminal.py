"""Progress, Ctrl-C and questions. Standard output belongs to the result; all of this goes to standard error."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from regsweep.errors import Cancelled, DeadlineExceeded

_PLAIN_EVERY_SECONDS = 10.0


class Interrupt:
    """A `Stop` that Ctrl-C or TERM pulls: the first asks, the second ends the process at once."""

    def __init__(self, run_timeout: float) -> None:
        self._asked = threading.Event()
        self._deadline = time.monotonic() + run_timeout
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._pull)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _pull(self, number: int, frame: FrameType | None) -> None:
        if self._asked.is_set():
            raise SystemExit(130)
        self._asked.set()
        print("\nregsweep: stopping after what is under way (again to end at once)", file=sys.stderr)

    def check(self) -> None:
        if self._asked.is_set():
            raise Cancelled("interrupted")
        if time.monotonic() > self._deadline:
            raise DeadlineExceeded("the run took longer than spec.limits.runTimeout: what is deleted stays deleted")

    def wait(self, seconds: float) -> None:
        self._asked.wait(max(0.0, min(seconds, self._deadline - time.monotonic())))
        self.check()


class LiveProgress:
    """One live line a hop, with rate and time left."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:10}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[detail]}", style="dim"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, hop: str, total: int | None = None) -> None:
        self._task = self._bars.add_task(hop, total=total, rate="", detail="")

    def advance(self, done: int = 1, detail: str = "") -> None:
        if self._task is not None:
            speed = self._bars.tasks[self._task].speed
            self._bars.update(self._task, advance=done, detail=detail[:40], rate=f"{speed:.0f}/s" if speed else "")

    def say(self, message: str) -> None:
        self._bars.console.print(message, markup=False, highlight=False)


class PlainProgress:
    """A line a hop, and one every ten seconds, for logs."""

    def __init__(self) -> None:
        self._hop, self._total, self._done, self._told = "", None, 0, 0.0  # type: str, int | None, int, float
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, hop: str, total: int | None = None) -> None:
        with self._lock:
            self._hop, self._total, self._done, self._told = hop, total, 0, time.monotonic()
        self.say(hop if total is None else f"{hop}: {total}")

    def advance(self, done: int = 1, detail: str = "") -> None:
        with self._lock:
            self._done += done
            due = time.monotonic() - self._told > _PLAIN_EVERY_SECONDS
            self._told = time.monotonic() if due else self._told
            line = f"{self._hop}: {self._done}" + (f" of {self._total}" if self._total else "")
        if due:
            self.say(line)

    def say(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)


class NoProgress(PlainProgress):
    """--quiet."""

    def say(self, message: str) -> None:
        pass


def progress(*, quiet: bool) -> LiveProgress | PlainProgress:
    if quiet:
        return NoProgress()
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()


def ask(question: str) -> bool:
    """Yes or no from the terminal; anything but yes is no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
