"""Both lists of a real registry, to their end: also where a page ends in the trap."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from regsweep.clients.registry import Reader, Target
from regsweep.demo.images import image_on, layer
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from tests.registry.conftest import StartRegistry


def filled(registry: RegistryProcess, names: Iterable[str], now: datetime) -> set[str]:
    """One image in each repository: pushed to the first, then copied on the disk."""
    first, *others = names
    with Pusher(registry.url) as pusher:
        pusher.push(image_on((layer("base", 100),), "one", now, size=100).at(first, "v1"))
    root = registry.storage / "docker/registry/v2/repositories"
    for name in others:
        for part in ("_layers", "_manifests"):
            shutil.copytree(root / first / part, root / name / part)
    return {first, *others}


def listed(registry: RegistryProcess) -> list[str]:
    with Reader(Target(registry.url)) as reader:
        return list(reader.repositories())


TRAP = [*(f"a{number:03}" for number in range(99)), "p/0x", "p", "q", "r/s", "team-a/web", "z"]


@pytest.mark.parametrize("largest", [1000, 100, 10], ids=lambda largest: f"maxentries {largest}")
def test_105_repositories_with_the_trap_at_the_end_of_page_100(
    start_registry: StartRegistry, now: datetime, largest: int
):
    registry = start_registry(env={"REGISTRY_CATALOG_MAXENTRIES": str(largest)})
    names = filled(registry, TRAP, now)
    found = listed(registry)
    assert len(found) == len(set(found)) == 105
    assert set(found) == names


@pytest.mark.parametrize("children", [999, 1500], ids=["trap at 1000", "p among its children"])
def test_a_repository_with_a_thousand_children(start_registry: StartRegistry, now: datetime, children: int):
    registry = start_registry()
    before = ["a"] if children == 999 else []
    names = filled(registry, [*before, *(f"p/{number:04}" for number in range(children)), "p", "q", "r/s"], now)
    found = listed(registry)
    assert len(found) == len(set(found))
    assert set(found) == names


@pytest.mark.parametrize("names", [[], ["only"]], ids=["none", "one"])
def test_small_registries(start_registry: StartRegistry, now: datetime, names: list[str]):
    registry = start_registry()
    if names:
        filled(registry, names, now)
    assert listed(registry) == names


def test_3000_tags_and_a_folder_that_is_none(start_registry: StartRegistry, now: datetime):
    registry = start_registry()
    filled(registry, ["team-a/web"], now)
    tags = registry.storage / "docker/registry/v2/repositories/team-a/web/_manifests/tags"
    digest = (tags / "v1/current/link").read_text()
    for number in range(2, 3001):
        link(tags / f"v{number}", digest)
    link(tags / "lost+found", None)
    with Reader(Target(registry.url)) as reader:
        found = reader.tags("team-a/web")
        assert reader.head("team-a/web", "lost+found") is None
    assert set(found) - {"lost+found"} == {f"v{number}" for number in range(1, 3001)}
    assert list(found) == sorted(set(found))


def test_a_repository_that_is_not_there_has_no_tags(start_registry: StartRegistry):
    with Reader(Target(start_registry().url)) as reader:
        assert reader.tags("no/such") == ()


def link(tag: Path, digest: str | None) -> None:
    (tag / "current").mkdir(parents=True)
    if digest is not None:
        (tag / "current/link").write_text(digest)
