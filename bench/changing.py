"""What changes a registry: the sweep, and the window of a garbage collection."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.bed import Bed
from bench.hops import QUIET, now, plan_of
from bench.peers import THREADS, Request, bare, drive
from bench.rows import Row, ratio, take_turns
from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry import Deleter, Reader, Target
from regsweep.core.outcome import Result
from regsweep.demo.collector import ProcessCollector
from regsweep.steps.scan import census
from regsweep.steps.sweep import Sweeper, sweep


def sweeping(bed: Bed, rounds: int) -> Iterator[Row]:
    """All but one tag of THREADS repositories by a sweep, of as many others by bare DELETEs; then the next ones.

    Needs 2 x THREADS repositories for each round and one for the warm-up, and leaves them empty.
    """
    names = iter(bed.repositories)
    counts: dict[str, float] = {"requests": 0, "deletions": 0}

    def swept() -> float:
        cache = MemoryCache()
        plan = plan_of(bed, [next(names) for _ in range(THREADS)], cache)
        start = bed.log_end()
        with Deleter(Target(bed.url, concurrency=THREADS)) as deleter:
            work = Sweeper(deleter, cache, THREADS, now, QUIET, QUIET, lambda _: None)
            started = time.perf_counter()
            outcomes = sweep(plan, work).outcomes
            seconds = time.perf_counter() - started
        if {outcome.result for outcome in outcomes} != {Result.DELETED}:
            raise RuntimeError("the sweep did not delete what it was to delete: this measures nothing")
        counts["requests"] += len(bed.asked_since(start))
        counts["deletions"] += len(outcomes)
        return len(outcomes) / seconds

    def unguarded() -> float:
        plan = plan_of(bed, [next(names) for _ in range(THREADS)], MemoryCache())
        shares: dict[str, list[Request]] = {}
        for it in plan.actions:
            shares.setdefault(it.repository, []).append(Request("DELETE", f"/v2/{it.repository}/manifests/{it.digest}"))
        return len(plan.actions) / drive(lambda: bare(bed.url), list(shares.values()))

    rates = take_turns(rounds, {"sweep": swept, "bare": unguarded})
    ratios = (ratio("bare DELETEs by http.client", rates["sweep"], rates["bare"]),)
    facts = {"requests a deletion": counts["requests"] / counts["deletions"]}
    yield Row("sweep", bed.name, "a look, then DELETE", max(rates["sweep"]), "deletions/s", ratios, facts)


def collecting(bed: Bed) -> Iterator[Row]:
    """The window of the demo's collector: how long pushes are refused, next to the collector's two runs in it."""
    with Reader(Target(bed.url, concurrency=THREADS)) as reader:
        done = ProcessCollector(bed.registry, now, QUIET).collect(
            lambda: census(reader, MemoryCache(), concurrency=THREADS, stop=QUIET, progress=QUIET)
        )
    own = bed.registry.collector_seconds
    ratios = (ratio("the collector's dry run and run", [done.write_blocked_seconds], [own]),)
    facts = {"s collector": own, "blobs marked": done.blobs_marked, "swept": done.blobs_deleted}
    yield Row("collect", bed.name, "pushes refused", done.write_blocked_seconds, "s", ratios, facts)
