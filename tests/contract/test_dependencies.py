"""What is imported is declared, what is declared is locked, and the locks bind everywhere alike."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("build", "dev", "runtime")

REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
SEPARATORS = re.compile(r"[-_.]+")
PINNED = re.compile(r"^[a-z0-9-]+==\S+(?: ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def normalized(name: str) -> str:
    """A distribution's name as the index compares it (Python packaging: name normalization)."""
    return SEPARATORS.sub("-", name).lower()


def names(requirements: list[str]) -> set[str]:
    return {normalized(match[1]) for line in requirements if (match := REQUIREMENT.match(line))}


def declared() -> set[str]:
    return names(PROJECT["project"]["dependencies"])


def group(name: str) -> set[str]:
    entries = PROJECT["dependency-groups"][name]
    included = (group(entry["include-group"]) for entry in entries if isinstance(entry, dict))
    return names([entry for entry in entries if isinstance(entry, str)]).union(*included)


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def locked(name: str) -> set[str]:
    return {normalized(match) for match in REQUIREMENT.findall(lock(name))}


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def third_party_imports(folder: Path) -> dict[str, str]:
    """Third-party top-level module -> one file that imports it."""
    found = {name: str(path.relative_to(ROOT)) for path in folder.rglob("*.py") for name in imported(path)}
    ours = {"bench", "regsweep", "tests"}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | ours}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("runtime", declared(), id="runtime"),
        pytest.param("build", group("build"), id="build"),
        pytest.param("dev", declared() | group("dev"), id="dev"),
    ],
)
def test_what_is_declared_is_locked(name: str, wanted: set[str]):
    assert wanted
    assert wanted - locked(name) == set()


@pytest.mark.parametrize("name", ["runtime", "build"])
def test_the_development_lock_holds_the_smaller_locks(name: str):
    pins = {line.removesuffix("\\").strip() for line in lock(name).splitlines() if "==" in line}
    dev = {line.removesuffix("\\").strip() for line in lock("dev").splitlines() if "==" in line}
    assert pins
    assert pins - dev == set()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_pins_and_hashes_and_names_no_host_or_path(name: str):
    lines = lock(name).splitlines()
    strange = [line for line in lines if not (PINNED.match(line) or HASH.match(line))]
    assert strange == []


def test_what_the_package_imports_is_declared():
    homes = packages_distributions()
    imports = third_party_imports(ROOT / "operator" / "regsweep")
    assert "pydantic" in imports
    undeclared = {
        name: path
        for name, path in imports.items()
        if not declared() & {normalized(home) for home in homes.get(name, [])}
    }
    assert undeclared == {}


def test_what_the_tests_import_is_declared():
    homes = packages_distributions()
    allowed = declared() | group("dev")
    undeclared = {
        name: path
        for name, path in third_party_imports(ROOT / "tests").items()
        if not allowed & {normalized(home) for home in homes.get(name, [])}
    }
    assert undeclared == {}
