"""`make test-cluster`: both parts run, the first failure counts, and no node stays up. Other programs play all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

import pytest

from tests.cluster import suite

SLEEP = "import time; time.sleep(60)"
INTERRUPT = "interrupt"


@dataclass(slots=True)
class Programs:
    """What a part or a verb of a node does instead, by its name; all others end at once, and well."""

    instead: dict[str, str] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, node: str, arguments: list[str], output: IO[str] | None = None) -> subprocess.Popen[bytes]:
        name = f"{arguments[-1]} {node}"
        code = self.instead.get(name, f"print({name!r})")
        if code == INTERRUPT:
            raise KeyboardInterrupt
        self.begun.append(name)
        command = [sys.executable, "-c", code]
        self.processes[name] = subprocess.Popen(command, stdout=output or subprocess.DEVNULL)
        return self.processes[name]


Play = Callable[..., Programs]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    monkeypatch.delenv("CLUSTER", raising=False)

    def begin(**instead: str) -> Programs:
        programs = Programs({name.replace("_", " "): code for name, code in instead.items()})
        monkeypatch.setattr(suite, "_start", programs.start)
        return programs

    return begin


def test_each_part_has_a_node_that_goes_down(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    programs = play()
    assert suite.main("5") == 0
    assert programs.begun == ["up 1", "up 2", "alone 2", "not alone 1", "down 2", "down 1"]
    assert capfd.readouterr().out.endswith("the tests that ran alone:\nalone 2\n")


@pytest.mark.parametrize(
    ("alone", "others", "code"), [("exit(1)", "", 1), ("", "exit(2)", 2), ("exit(1)", "exit(2)", 2)]
)
def test_a_part_that_fails_stops_no_other_and_counts(play: Play, alone: str, others: str, code: int) -> None:
    programs = play(alone_2=alone, not_alone_1=others)
    assert suite.main("5") == code
    assert [programs.processes[name].returncode for name in ("down 1", "down 2")] == [0, 0]
    assert {"alone 2", "not alone 1"} <= {*programs.begun}


def test_without_a_node_no_test_begins(play: Play) -> None:
    programs = play(up_2="exit(3)")
    assert suite.main("5") == 3
    assert programs.begun == ["up 1", "up 2", "down 2", "down 1"]


def test_an_interruption_ends_what_runs_first(play: Play) -> None:
    programs = play(alone_2=SLEEP, not_alone_1=INTERRUPT)
    with pytest.raises(KeyboardInterrupt):
        suite.main("5")
    assert programs.processes["alone 2"].returncode
    assert programs.begun[-2:] == ["down 2", "down 1"]


def test_a_cluster_of_somebody_else_runs_one_part_after_the_other(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = play(not_alone_1="exit(1)")
    monkeypatch.setenv("CLUSTER", "existing")
    assert suite.main("5") == 1
    assert programs.begun == ["not alone 1", "alone 1"]
