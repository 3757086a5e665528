"""A sweep that is cut off after any number of deletions, in any way: what is kept is whole, and it can be finished.

Over HTTP nobody finds the parts of a deleted image again: only the plan that was being done knows them. So the end must
be the same as without the interruption, to the byte on the disk.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from regsweep.demo.process import RegistryProcess
from tests.command_line import CommandLine, Ended
from tests.registry.conftest import StartRegistry, StorageWith
from tests.registry.front import Answer, front
from tests.registry.traps.proof import Proof, differences, on_disk
from tests.registry.traps.whole import TRAPS, needed, spec

NAMES = {"children", "child-of-two", "children-of-two-that-go", "nested", "cosign", "by-subject", "of-a-referrer"}
CHOSEN = tuple(trap for trap in TRAPS if trap.name in NAMES)

POINTS = (1, 4, 17)
"""After so many deletions. All of them are more than thirty."""


@dataclass
class Cut:
    """Stands before the registry, and does `act` when the deletion number `after` is done and not yet answered."""

    after: int
    act: Callable[[], None] = lambda: None
    gone: bool = False
    deleted: int = 0
    asked: list[str] = field(default_factory=list)

    def change(self, path: str, answer: Answer) -> Answer:
        if self.gone:
            raise ConnectionAbortedError
        if answer.status == 202:
            self.deleted += 1
            if self.deleted == self.after:
                self.act()
        return answer


@pytest.fixture
def registry(start_registry: StartRegistry, storage_with: StorageWith) -> RegistryProcess:
    return start_registry(storage_with(artifact for trap in CHOSEN for artifact in trap.before))


def lost(registry: RegistryProcess) -> list[str]:
    """What is missing of anything that is to be kept."""
    proof = Proof(registry.url)
    faults = [fault for trap in CHOSEN for fault in proof.faults(trap, left=True)]
    return [fault for fault in faults if "left behind" not in fault]


def not_ideal(registry: RegistryProcess) -> list[str]:
    proof = Proof(registry.url)
    faults = [fault for trap in CHOSEN for fault in proof.faults(trap, left=True)]
    return [*faults, *differences(on_disk(registry.storage), needed(a for t in CHOSEN for a in t.staying), CHOSEN)]


def began(regsweep: CommandLine, url: str) -> subprocess.Popen[str]:
    policy = regsweep.policy(url, **spec(CHOSEN))
    return regsweep.begin("apply", "-f", policy, "--yes", "-o", "json")


def printed(err: str) -> list[str]:
    """The arguments of the command that the message names."""
    line = next(line for line in err.splitlines() if "go on with: " in line)
    words = shlex.split(line.split("go on with: ")[1])
    assert words[0] == "regsweep"
    return words[1:]


def finished(regsweep: CommandLine, ended: Ended, registry: RegistryProcess) -> None:
    assert (ended.code, ended.report()["reason"]) == (0, "Deleted"), ended.err
    registry.stop()
    assert registry.garbage_collect().returncode == 0
    registry.start()
    assert not not_ideal(registry), "\n" + "\n".join(not_ideal(registry))
    assert not list((regsweep.folder / "state/regsweep").glob("*.plan.json"))


@pytest.mark.parametrize("after", POINTS)
def test_interrupted_by_a_person(regsweep: CommandLine, registry: RegistryProcess, after: int) -> None:
    cut = Cut(after)
    with front(registry.url, cut.change) as (url, _), began(regsweep, url) as process:
        cut.act = lambda: process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert lost(registry) == []
        finished(regsweep, regsweep(*printed(err)), registry)


@pytest.mark.parametrize("after", POINTS)
def test_killed(regsweep: CommandLine, registry: RegistryProcess, after: int) -> None:
    """It could say nothing: the same command finds the plan, says so, and goes on."""
    cut = Cut(after)
    with front(registry.url, cut.change) as (url, _), began(regsweep, url) as process:
        cut.act = process.kill
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert lost(registry) == []
        ended = regsweep("apply", "-f", regsweep.folder / "policy.yaml", "--yes", "-o", "json")
        assert "was interrupted" in ended.err
        finished(regsweep, ended, registry)


@pytest.mark.parametrize("after", POINTS[1:])
def test_the_registry_goes_away(regsweep: CommandLine, registry: RegistryProcess, after: int) -> None:
    cut = Cut(after)
    with front(registry.url, cut.change) as (url, _):
        cut.act = lambda: setattr(cut, "gone", True)
        ended = regsweep("apply", "-f", regsweep.policy(url, **spec(CHOSEN)), "--yes", "-o", "json")
        assert ended.code in {1, 4}, ended.err
        cut.gone = False
        assert lost(registry) == []
        finished(regsweep, regsweep(*printed(ended.err)), registry)
