"""A registry to measure on: a real process, filled, on storage in memory where there is room, with its own log of
what it was asked. It goes when the measurements end.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.peers import Request
from regsweep.demo.catalogue import grid
from regsweep.demo.options import RegistryOptions
from regsweep.demo.process import Collection, RegistryProcess
from regsweep.demo.push import Pusher
from tests.parts.build import build

PARTS = ("registry2", "registry3")
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 2 << 30
SETTLE_SECONDS = 0.2
"""The registry writes the line of an answer after the answer."""

_LINE = re.compile(r'"([A-Z]+) (/v2/\S*) HTTP/')
_LOGGED = {"REGISTRY_LOG_ACCESSLOG_DISABLED": "false"}


class ClockedRegistry(RegistryProcess):
    """Adds up the seconds that the collector itself runs."""

    collector_seconds = 0.0

    def garbage_collect(self, *, dry_run: bool = False) -> Collection:
        started = time.monotonic()
        try:
            return super().garbage_collect(dry_run=dry_run)
        finally:
            self.collector_seconds += time.monotonic() - started


@dataclass(frozen=True, slots=True)
class Bed:
    """A running registry with equal repositories. `places` are (repository, tag)."""

    registry: ClockedRegistry
    repositories: tuple[str, ...]
    places: tuple[tuple[str, str], ...]

    @property
    def url(self) -> str:
        return self.registry.url

    @property
    def name(self) -> str:
        return f"registry {self.registry.version()}"

    def log_end(self) -> int:
        time.sleep(SETTLE_SECONDS)
        return self.registry.log_path.stat().st_size

    def asked_since(self, start: int) -> list[Request]:
        """What the registry says that it was asked, in the order of its answers."""
        time.sleep(SETTLE_SECONDS)
        with self.registry.log_path.open("rb") as log:
            log.seek(start)
            lines = log.read().decode(errors="replace").splitlines()
        return [Request(*found.groups()) for line in lines if (found := _LINE.search(line))]


@contextmanager
def filled_bed(part: str, *, repositories: int, tags: int) -> Iterator[Bed]:
    """A registry of `part` with `repositories` of `tags` each. The part is a folder of tests/parts, built where it is
    not yet; REGSWEEP_REGISTRY2 and REGSWEEP_REGISTRY3 name other binaries.
    """
    binary = Path(os.environ.get(f"REGSWEEP_{part.upper()}") or build(part))
    in_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED
    images = grid(datetime.now(UTC), repositories=repositories, tags=tags)
    with (
        tempfile.TemporaryDirectory(prefix="regsweep-bench-", dir=MEMORY if in_memory else None) as folder,
        ClockedRegistry(binary, Path(folder) / "storage", RegistryOptions(env=_LOGGED)) as registry,
        Pusher(registry.url) as pusher,
    ):
        pusher.push_all(images)
        places = tuple((image.repository, tag) for image in images for tag in image.tags)
        yield Bed(registry, tuple(dict.fromkeys(name for name, _ in places)), places)
