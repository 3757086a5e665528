"""Is all content there that the manifests need which are to come back? Asked before the first one is put.

A collection takes configs and layers, so one that is missing tells of it, whoever collected. Only a byte that comes
back proves: a registry beside which somebody collected says yes to a HEAD for what is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from regsweep.clients.registry import Putter
from regsweep.core.keepsake import Saved
from regsweep.core.oci import Digest
from regsweep.core.ports import Progress, Stop
from regsweep.core.restoration import Image, Turn, turns


@dataclass(frozen=True, slots=True)
class Lost:
    """A manifest that is not in the registry, and one config or layer of it that is not either."""

    repository: str
    digest: Digest
    tags: tuple[str, ...]
    missing: Digest


@dataclass(frozen=True, slots=True)
class Looked:
    """All that cannot come back any more, of how many manifests."""

    lost: tuple[Lost, ...]
    manifests: int


@dataclass(frozen=True, slots=True)
class Looker:
    putter: Putter
    concurrency: int
    stop: Stop
    progress: Progress


def look(kept: Iterable[Saved], images: Collection[Image], work: Looker) -> Looked:
    """Changes nothing. Raises RegistryError where the registry does not answer, Cancelled and DeadlineExceeded."""
    work.progress.begin("look")
    lost: list[Lost] = []
    count = 0
    with ThreadPoolExecutor(work.concurrency, thread_name_prefix="look") as pool:
        for name, group in groupby(kept, key=lambda one: one.repository):
            wanted = turns(list(group), images)
            count += len(wanted)
            lost += _lost(name, wanted, pool, work)
            work.progress.advance(len(wanted), name)
    return Looked(tuple(lost), count)


def _lost(name: str, wanted: tuple[Turn, ...], pool: ThreadPoolExecutor, work: Looker) -> Iterator[Lost]:
    def stands(turn: Turn) -> bool:
        work.stop.check()
        return work.putter.head(name, turn.digest) is not None

    def reads(digest: Digest) -> bool:
        work.stop.check()
        return work.putter.reads_blob(name, digest) or work.putter.head(name, digest) is not None

    absent = [turn for turn, there in zip(wanted, pool.map(stands, wanted), strict=True) if not there]
    ours = {turn.digest for turn in wanted}  # an index may list a manifest as if it were a layer
    blobs = sorted({digest for turn in absent for digest in turn.content} - ours)
    gone = {digest for digest, there in zip(blobs, pool.map(reads, blobs), strict=True) if not there}
    for turn in absent:
        missing = next((digest for digest in turn.content if digest in gone), None)
        if missing is not None:
            yield Lost(name, turn.digest, turn.saved.tags, missing)
