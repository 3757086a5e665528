"""What the tree may not hold, however handy it would be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "operator" / "regsweep"

MAX_LINES = 300
NAMELESS = {"base", "common", "constants", "helpers", "manager", "utils"}


def modules() -> list[Path]:
    """Every Python file of the package, by its path in the repository."""
    found = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))
    assert Path("operator/regsweep/errors.py") in found, "the package is not where this test looks for it"
    return found


def test_operator_is_a_source_root_and_no_package():
    assert not (ROOT / "operator" / "__init__.py").exists(), "it would shadow the standard library's operator"


def test_standard_operator_imports_from_the_repository_root():
    code = "import operator; print(operator.itemgetter(1)('ab'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "b\n", "")


def test_no_file_is_too_long():
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_every_module_is_named_after_what_it_serves():
    assert [str(path) for path in modules() if NAMELESS & set(path.with_suffix("").parts)] == []


def test_every_package_says_that_it_is_one():
    folders = {path.parent for path in modules()}
    assert [str(folder) for folder in sorted(folders) if not (ROOT / folder / "__init__.py").exists()] == []


def test_every_module_says_what_it_does():
    silent = [str(path) for path in modules() if not (ROOT / path).read_text().startswith('"""')]
    assert silent == []
