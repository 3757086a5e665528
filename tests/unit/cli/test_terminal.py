"""On a terminal: live lines, a question that waits, and Ctrl-C. In a real pseudo-terminal, in a process of its own."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CONFIRM = """
from dataclasses import replace
from regsweep.api.load import load_policy
from regsweep.cli import apply
from regsweep.cli.interrupt import Interrupt
from regsweep.cli.terminal import is_interactive, progress
from regsweep.errors import RegsweepError, door
from tests.unit.core.records import action, plan

assert is_interactive()
policy = load_policy({"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy", "metadata": {"name": "x"},
                      "spec": {"registry": {"url": "http://registry:5000"}}})
made = replace(plan(action(1, "team/app", "v1"), action(2, "team/app")), over_limit=OVER)
try:
    with Interrupt(60.0) as stop, progress(quiet=False) as live:
        live.begin("scan", 2)
        live.advance(2)
        with live.paused():
            print("ANSWER", apply._confirmation(policy)(made))
        stop.check()
except RegsweepError as error:
    print(f"LEFT {door(error).exit_code} {error}")
"""


class Terminal:
    """A program at a pseudo-terminal: what it shows, and the keys that are pressed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.shown = ""

    def until(self, words: str) -> str:
        end = time.monotonic() + 60
        while words not in self.shown:
            assert time.monotonic() < end, self.shown
            ready, _, _ = select.select([self._descriptor], [], [], 1)
            if ready:
                try:
                    self.shown += os.read(self._descriptor, 65536).decode(errors="replace")
                except OSError:
                    assert words in self.shown, self.shown
        return self.shown

    def press(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())


@contextmanager
def terminal(code: str) -> Iterator[Terminal]:
    root = Path(__file__).parents[3]
    child, descriptor = pty.fork()
    if child == 0:
        os.environ["PYTHONPATH"] = f"{root}{os.pathsep}{root / 'operator'}"
        os.execv(sys.executable, [sys.executable, "-c", code])
    try:
        yield Terminal(descriptor)
    finally:
        os.close(descriptor)
        os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("over", "keys", "answer"),
    [
        pytest.param("()", "y\n", "ANSWER True", id="yes"),
        pytest.param("()", "YES\n", "ANSWER True", id="yes in full"),
        pytest.param("()", "\n", "ANSWER False", id="nothing is no"),
        pytest.param("()", "2\n", "ANSWER False", id="anything is no"),
        pytest.param("('too many',)", "y\n", "ANSWER False", id="over a limit yes is not enough"),
        pytest.param("('too many',)", "2\n", "ANSWER True", id="over a limit the number is"),
        pytest.param("()", "\x03", "LEFT 130 interrupted at the question", id="Ctrl-C at the question"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_person_is_asked(over: str, keys: str, answer: str) -> None:
    with terminal(CONFIRM.replace("OVER", over)) as screen:
        shown = screen.until("go on:" if over != "()" else "[y/N]")
        assert "Delete 2 of 30 manifests (1 of 20 tags, 3.0 MiB) from http://registry:5000?" in shown
        assert "scan 2 in" in shown
        assert ("OVER A LIMIT: too many" in shown) is (over != "()")
        screen.press(keys)
        screen.until(answer)
