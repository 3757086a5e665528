"""`regsweep demo` ends well on real registries, says what a person wants to see, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from regsweep.demo import story
from tests.command_line import CommandLine


@pytest.fixture
def regsweep(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, place: Path
) -> CommandLine:
    return CommandLine(monkeypatch, capsys, tmp_path)


@pytest.fixture
def place(storages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo makes its folder: empty before, and after."""
    folder = storages / f"demo-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr(story, "_place", lambda: folder)
    yield folder
    assert list(folder.iterdir()) == []


def running(binary: Path, place: Path) -> list[str]:
    """Command lines of processes of that program in that place."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0] == str(binary) and any(str(place) in word for word in words):
            found.append(" ".join(words))
    return found


def test_the_story_ends_well(regsweep: CommandLine, registry_binary: Path, place: Path) -> None:
    ended = regsweep("demo", "--registry-binary", registry_binary)
    assert ended.code == 0, ended.err
    for words in (
        "on disk",
        "The plan",
        " before, ",
        " after: ",
        "freed on disk",
        "kept.latest",
        "every byte is right",
    ):
        assert words in ended.out
    assert running(registry_binary, place) == []


def test_an_interrupted_story_leaves_nothing(registry_binary: Path, storages: Path, tmp_path: Path) -> None:
    """In a process of its own, which looks for memory or a temporary folder itself."""
    before = set(Path("/dev/shm").glob("regsweep-demo-*")) if Path("/dev/shm").is_dir() else set()
    command = [sys.executable, "-m", "regsweep", "demo", "--registry-binary", str(registry_binary)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    ) as process:
        assert process.stderr is not None
        while "push" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert list(tmp_path.glob("regsweep-demo-*")) == []
    assert set(Path("/dev/shm").glob("regsweep-demo-*")) - before == set()


@pytest.mark.parametrize("name", ["nothing", "text"])
def test_a_program_that_is_none(regsweep: CommandLine, tmp_path: Path, name: str) -> None:
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    ended = regsweep("demo", "--registry-binary", tmp_path / name)
    assert ended.code == 2
    assert str(tmp_path / name) in ended.err
