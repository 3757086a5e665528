"""What only reads a registry: asking about its tags, and the whole scan."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path

from bench.bed import Bed
from bench.hops import read
from bench.peers import THREADS, Request, bare, dealt, drive, session
from bench.rows import Row, ratio, take_turns
from regsweep.clients.cache import FileCache, MemoryCache
from regsweep.clients.registry import Reader, Target
from regsweep.core.ports import ManifestCache


def client(bed: Bed, rounds: int) -> Iterator[Row]:
    """HEAD of every tag, three ways in turns."""
    heads = dealt([Request("HEAD", f"/v2/{name}/manifests/{tag}") for name, tag in bed.places])
    with Reader(Target(bed.url, concurrency=THREADS)) as reader:
        seconds = take_turns(
            rounds,
            {
                "regsweep": lambda: drive(lambda: nullcontext(lambda at: reader.head(*at)), dealt(bed.places)),
                "http.client": lambda: drive(lambda: bare(bed.url), heads),
                "requests.Session": lambda: drive(lambda: session(bed.url), heads),
            },
        )
    rate = {name: [len(bed.places) / each for each in found] for name, found in seconds.items()}
    ratios = tuple(ratio(peer, rate["regsweep"], rate[peer]) for peer in ("http.client", "requests.Session"))
    yield Row("client", bed.name, f"HEAD by tag, {THREADS} threads", max(rate["regsweep"]), "requests/s", ratios)


def scanning(bed: Bed, rounds: int) -> Iterator[Row]:
    """The whole scan with an empty cache and with a full one, each in turns with its own requests asked bare.

    Those are taken from the registry's log, so that both do the same.
    """
    with tempfile.TemporaryDirectory() as folder, closing(FileCache(Path(folder) / "cache")) as file:
        full = MemoryCache()
        caches: dict[str, Callable[[], ManifestCache]] = {
            "cold cache": MemoryCache, "warm cache": lambda: full, "warm cache in a file": lambda: file,
        }  # fmt: skip
        for cache in (full, file):
            read(bed, bed.repositories, cache)
        for what, cached in caches.items():
            yield _scan(bed, what, cached, rounds)


def _scan(bed: Bed, what: str, cached: Callable[[], ManifestCache], rounds: int) -> Row:
    start = bed.log_end()
    read(bed, bed.repositories, cached())
    asked = bed.asked_since(start)
    seconds = take_turns(
        rounds,
        {
            "scan": lambda: _timed(lambda: read(bed, bed.repositories, cached())),
            "bare": lambda: drive(lambda: bare(bed.url), dealt(asked)),
        },
    )
    ratios = (ratio("http.client, same requests", seconds["bare"], seconds["scan"]),)
    facts = {"requests a tag": len(asked) / len(bed.places)}
    return Row("scan", bed.name, what, len(bed.places) / min(seconds["scan"]), "tags/s", ratios, facts)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
