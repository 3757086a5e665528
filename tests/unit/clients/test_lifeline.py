"""A process is dead once the kernel has taken its lock away, and not before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from regsweep.clients import lifeline

LIVING = """
import sys, time
from pathlib import Path
from regsweep.clients import lifeline
with lifeline.held("other", Path(sys.argv[1])):
    print("alive", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "alive"


@pytest.fixture
def other(where: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is alive, as `other`."""
    process = subprocess.Popen([sys.executable, "-c", LIVING, str(where)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "alive\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_who_was_killed_is_dead(other: subprocess.Popen[str], where: Path) -> None:
    assert not lifeline.is_dead("other", where)
    other.kill()
    other.wait()
    assert lifeline.is_dead("other", where)
    assert lifeline.is_dead("other", where), "it stays dead"


def test_who_stands_still_is_alive(other: subprocess.Popen[str], where: Path) -> None:
    other.send_signal(signal.SIGSTOP)
    assert not lifeline.is_dead("other", where)


def test_nobody_knows_of_others_elsewhere(where: Path) -> None:
    assert not lifeline.is_dead("anybody", where)
    with lifeline.held("me", where):
        assert not lifeline.is_dead("anybody", where)
        assert not lifeline.is_dead("me", where)
    assert not lifeline.is_dead("me", where), "it ended well, and gave its Lease back"


def test_a_folder_that_others_may_write_to_says_nothing(other: subprocess.Popen[str], where: Path) -> None:
    other.kill()
    other.wait()
    where.chmod(0o777)
    assert not lifeline.is_dead("other", where)


def test_a_link_is_not_followed(where: Path, tmp_path: Path) -> None:
    where.mkdir(mode=0o700)
    (tmp_path / "file").touch()
    (where / "other").symlink_to(tmp_path / "file")
    assert not lifeline.is_dead("other", where)


def test_without_a_folder_work_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with lifeline.held("me", tmp_path / "file" / "alive"):
        assert not lifeline.is_dead("me", tmp_path / "file" / "alive")
    assert "has to run out" in caplog.text


def test_what_is_long_dead_is_removed(other: subprocess.Popen[str], where: Path) -> None:
    other.kill()
    other.wait()
    with lifeline.held("me", where):
        assert {file.name for file in where.iterdir()} == {"me", "other"}
    long_ago = time.time() - 100_000
    os.utime(where / "other", (long_ago, long_ago))
    with lifeline.held("me", where):
        assert {file.name for file in where.iterdir()} == {"me"}
