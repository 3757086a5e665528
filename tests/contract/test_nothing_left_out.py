"""`--fail-on-skip` (tests/conftest.py): a run that left a test out, or ran none, does not pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PASSES = "def test_passes(): pass\n"
LEAVES_OUT = """
import pytest
from pytest import mark
def test_passes(): pass
def test_skips(): pytest.skip('not here')
@mark.skip(reason='not here')
def test_is_marked(): pass
@mark.xfail
def test_fails(): assert False
"""
SKIPS_WHOLLY = "import pytest\npytest.skip('not here', allow_module_level=True)\n"


def run_pytest(folder: Path, workers: int) -> tuple[int, str]:
    """Run the tests of a folder under the project's settings; give the exit status and what was printed."""
    switches = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-p", "tests.conftest"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *switches, "-n", str(workers), "--fail-on-skip", str(folder)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("workers", [0, 1], ids=["alone", "under xdist"])
def test_what_was_left_out_is_named_and_fails(tmp_path: Path, workers: int):
    (tmp_path / "test_some.py").write_text(LEAVES_OUT)
    (tmp_path / "test_wholly.py").write_text(SKIPS_WHOLLY)
    status, said = run_pytest(tmp_path, workers)
    summary = said.partition("left out, so this run does not count")[2]
    named = sorted(line for line in summary.splitlines() if line.endswith(")"))
    assert named == [
        "test_some.py::test_fails (expected to fail)",
        "test_some.py::test_is_marked (skipped)",
        "test_some.py::test_skips (skipped)",
        "test_wholly.py (skipped as a whole)",
    ]
    assert status == 1


@pytest.mark.parametrize("left_out", ["pytest.skip('not here')", "pytest.xfail('not yet')"], ids=["skip", "xfail"])
def test_one_left_out_is_enough(tmp_path: Path, left_out: str):
    (tmp_path / "test_some.py").write_text(f"{PASSES}import pytest\ndef test_it(): {left_out}\n")
    assert run_pytest(tmp_path, workers=0)[0] == 1


@pytest.mark.parametrize(("source", "status"), [(PASSES, 0), ("", 1)], ids=["all ran", "none ran"])
def test_a_run_without_gaps_passes_and_an_empty_one_does_not(tmp_path: Path, source: str, status: int):
    (tmp_path / "test_some.py").write_text(source)
    assert run_pytest(tmp_path, workers=0)[0] == status
