"""A scan of a real registry of all kinds, and the census: against what was pushed, and the registry's own marks."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest

from regsweep.clients.cache import FileCache, MemoryCache
from regsweep.clients.registry import Reader, Target
from regsweep.core.inventory import Repository
from regsweep.core.ports import ManifestCache
from regsweep.demo.catalogue import demo_images
from regsweep.demo.kinds import all_kinds
from regsweep.demo.process import RegistryProcess
from regsweep.steps.scan import census, scan
from tests.quiet import Quiet
from tests.registry.conftest import StartRegistry, StorageWith


def scanned(reader: Reader, cache: ManifestCache) -> dict[str, Repository]:
    names = list(reader.repositories())
    quiet = Quiet()
    found = list(scan(reader, names, cache, concurrency=8, dated=lambda _, tags: tags, stop=quiet, progress=quiet))
    assert [one.name for one in found] == names
    return {one.name: one for one in found if isinstance(one, Repository)}


def marked(registry: RegistryProcess) -> set[str]:
    output = registry.garbage_collect(dry_run=True).stdout
    return set(re.findall(r"marking (?:manifest|blob) (sha256:[0-9a-f]{64})", output))


def test_a_scan_of_all_kinds(start_registry: StartRegistry, storage_with: StorageWith, now: datetime, tmp_path: Path):
    made = all_kinds(now, repositories=4)
    registry = start_registry(storage_with(made))
    pushed: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for one in made:
        pushed[one.repository].update(dict.fromkeys(one.tags, one.digest))
    cache = FileCache(tmp_path / "cache.db")
    with Reader(Target(registry.url)) as reader:
        cold = scanned(reader, cache)
        warm = scanned(reader, cache)
        taken = census(reader, MemoryCache(), concurrency=8, stop=Quiet(), progress=Quiet())
    cache.close()
    assert {name: {tag.name: tag.digest for tag in one.tags} for name, one in cold.items()} == dict(pushed)
    assert warm == cold
    assert not any(one.absent for one in cold.values())
    assert taken.roots == tuple((name, tag.name, tag.digest) for name, one in cold.items() for tag in one.tags)
    assert taken.manifests == {name: frozenset(one.manifests) for name, one in cold.items()}
    assert any(one.created for one in cold.values())


def test_the_registry_marks_all_that_the_census_names(
    start_registry: StartRegistry, storage_with: StorageWith, now: datetime
):
    registry = start_registry(storage_with(demo_images(now)))
    with Reader(Target(registry.url)) as reader:
        taken = census(reader, MemoryCache(), concurrency=8, stop=Quiet(), progress=Quiet())
    assert len(taken.marks()) > 1000
    assert taken.marks() <= marked(registry)


@pytest.mark.parametrize("concurrency", [1, 32])
def test_any_number_of_connections(
    start_registry: StartRegistry, storage_with: StorageWith, now: datetime, concurrency: int
):
    made = all_kinds(now, repositories=4)
    registry = start_registry(storage_with(made))
    with Reader(Target(registry.url, concurrency=concurrency)) as reader:
        taken = census(reader, MemoryCache(), concurrency=concurrency, stop=Quiet(), progress=Quiet())
    assert len(taken.roots) == len({(one.repository, tag) for one in made for tag in one.tags})
