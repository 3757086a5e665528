"""The programs that tests are run against: what is built is what their go.mod files say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.parts.build import HERE, PARTS, cache_folder, main

VERSION = re.compile(r"\d+\.\d+\.\d+")


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_pinned_to_a_version_and_its_bytes(name: str) -> None:
    part = PARTS[name]

    assert VERSION.fullmatch(part.version)
    assert f"{part.module} v{part.version}" in (HERE / name / "go.sum").read_text()


def test_every_go_module_is_a_part() -> None:
    assert {path.parent.name for path in HERE.glob("*/go.mod")} == set(PARTS)


def test_the_staging_modules_of_kubernetes_have_its_version() -> None:
    replaced = re.findall(r"=> k8s\.io/\S+ v(\S+)", (HERE / "kubernetes" / "go.mod").read_text())

    assert set(replaced) == {"0." + PARTS["kubernetes"].version.removeprefix("1.")}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"REGSWEEP_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/regsweep"),
        ({"REGSWEEP_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/regsweep"),
    ],
    ids=["own", "xdg", "home"],
)
def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str) -> None:
    for name in ("REGSWEEP_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert cache_folder() == Path(expected)


@pytest.mark.parametrize("names", [[], ["registry2", "docker"]], ids=["none", "unknown"])
def test_wrong_names_build_nothing(capsys: pytest.CaptureFixture[str], names: list[str]) -> None:
    assert main(names) == 2
    assert capsys.readouterr().out == ""
