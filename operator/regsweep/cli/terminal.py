"""Results, progress and questions. Standard output belongs to the result; all else goes to standard error."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn
from rich.text import Text

from regsweep.core.report.text import printable
from regsweep.errors import Cancelled

_PLAIN_EVERY_SECONDS = 10.0


def emit(text: str) -> None:
    """Write a result. A reader that went away (`| head`) is no error: what was done stays done, and its exit code."""
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the last flush says it again


def say(message: str) -> None:
    """One line for the person, not for the result."""
    print(printable(message), file=sys.stderr, flush=True)


class LiveProgress:
    """One live line a hop, with rate and time left; a hop that is done leaves a line of its own. Thread-safe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:10}"),
            BarColumn(bar_width=24),
            _Numbers(),
            TextColumn("{task.fields[detail]}", style="dim", markup=False),
            console=console,
            transient=True,
        )
        self._task: Task | None = None
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_hop()
        self._bars.stop()

    def begin(self, hop: str, total: int | None = None) -> None:
        with self._lock:
            self._end_hop()
            added = self._bars.add_task(hop, total=total, detail="")
            self._task = next(task for task in self._bars.tasks if task.id == added)

    def advance(self, done: int = 1, detail: str = "") -> None:
        with self._lock:
            if self._task is not None:
                self._bars.update(self._task.id, advance=done, detail=detail[:40])
                if self._task.finished:
                    self._end_hop()

    def say(self, message: str) -> None:
        self._console.print(Text(printable(message)))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is drawn meanwhile: a question stands there."""
        self._end_hop()
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()

    def _end_hop(self) -> None:
        with self._lock:
            task, self._task = self._task, None
            if task is not None:
                self._bars.remove_task(task.id)
                words = f"   {task.description} {int(task.completed)} in {task.elapsed or 0:.1f} s"
                self._console.print(Text(words, "dim"))


class _Numbers(TextColumn):
    """`1200/5000 · 310/s · 0:12 left`, with what is known of it."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        parts = [f"{int(task.completed)}" + (f"/{int(task.total)}" if task.total is not None else "")]
        if task.speed:
            parts.append(f"{task.speed:.0f}/s")
        if task.time_remaining:
            parts.append(f"{int(task.time_remaining) // 60}:{int(task.time_remaining) % 60:02} left")
        return Text(" · ".join(parts))


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
        say(message)

    @contextmanager
    def paused(self) -> Iterator[None]:
        yield


class NoProgress(PlainProgress):
    """--quiet."""

    def say(self, message: str) -> None:
        pass


def progress(*, quiet: bool, console: Console | None = None) -> LiveProgress | PlainProgress:
    """`console` is another than standard error, for a command whose result is a story."""
    if quiet:
        return NoProgress()
    console = console or Console(stderr=True, highlight=False)
    return LiveProgress(console) if console.is_terminal else PlainProgress()


def is_interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, yes: tuple[str, ...] = ("y", "yes")) -> bool:
    """Whether the person's answer is one of `yes`; anything else is no. Raises Cancelled on Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the run's own would let the reading go on
    try:
        print(question, end=" ", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in yes
    except KeyboardInterrupt:
        raise Cancelled("interrupted at the question: nothing was deleted") from None
    finally:
        signal.signal(signal.SIGINT, before)
