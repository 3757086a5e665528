"""Stop, collect and start a real registry by three shell commands, as people with Docker or systemd do."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry import Deleter, Reader, Target
from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import CollectFailed, RegistryUnreachable
from regsweep.steps.commands import CommandCollector, Commands
from regsweep.steps.scan import census
from tests.quiet import Quiet


@pytest.fixture
def commands(start_registry: Any, registry_binary: Path, tmp_path: Path) -> Iterator[tuple[RegistryProcess, Commands]]:
    registry: RegistryProcess = start_registry()
    registry.stop()
    program, config, pid = (
        shlex.quote(str(path)) for path in (registry_binary, registry.config_path, tmp_path / "pid")
    )
    stop = f"kill $(cat {pid}); while grep -q registry /proc/$(cat {pid})/cmdline 2>/dev/null; do sleep 0.1; done"
    start = f"OTEL_TRACES_EXPORTER=none {program} serve {config} >/dev/null 2>&1 & echo $! >{pid}"
    assert os.system(start) == 0
    yield registry, Commands(stop, f"OTEL_TRACES_EXPORTER=none {program} garbage-collect {config}", start)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def _filled(url: str) -> list[Artifact]:
    shared, now = layer("base", 50_000), datetime.now(UTC)
    images = [Artifact("team/app", (f"v{n}",), image_on((shared,), f"seed {n}", now)) for n in range(4)]
    with Pusher(url) as pusher:
        pusher.push_all(images)
    with Deleter(Target(url=url)) as deleter:
        for each in images[1::2]:
            assert deleter.delete_manifest(each.repository, Digest(each.digest))
    return images[::2]


def test_what_is_not_kept_is_freed_and_what_is_kept_pulls(commands):
    registry, three = commands
    with Reader(Target(url=registry.url)) as reader:
        collector = CommandCollector(three, reader, lambda: datetime.now(UTC), Quiet(), Quiet())

        def taken() -> Census:
            return census(reader, MemoryCache(), concurrency=2, stop=Quiet(), progress=Quiet())

        _until_it_answers(reader)
        kept = _filled(registry.url)
        before = registry.disk_bytes()
        result = collector.collect(taken)
        assert (result.blobs_marked, result.blobs_expected, result.blobs_deleted) == (7, 7, 6)
        assert registry.disk_bytes().blobs < before.blobs - 100_000
        with Pusher(registry.url) as pusher:
            for each in kept:
                assert pusher.pull(each.repository, each.tags[0]).bytes > 100_000
            pusher.push(Artifact("later", ("v1",), image_on((), "later", datetime.now(UTC))))


def test_a_damaged_store_is_told_and_the_registry_is_back(commands):
    registry, three = commands
    with Reader(Target(url=registry.url)) as reader:
        _until_it_answers(reader)
        _filled(registry.url)
        revisions = next(registry.config_path.parent.rglob("revisions/sha256"), None)
        assert revisions is not None
        (revisions / ("0" * 64)).mkdir()
        (revisions / ("0" * 64) / "link").touch()
        collector = CommandCollector(three, reader, lambda: datetime.now(UTC), Quiet(), Quiet())
        with pytest.raises(CollectFailed, match=r"-name link ! -size 71c.*started again and answers"):
            collector.collect(lambda: Census((), {}, {}))
        assert reader.writable() is True


def _until_it_answers(reader: Reader) -> None:
    for _ in range(20):
        try:
            reader.ping()
        except RegistryUnreachable:
            continue
        return
    raise AssertionError("it did not start")
