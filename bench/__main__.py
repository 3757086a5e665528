"""`python -m bench [MEASURE ...]`: the door. Rows come when all are measured; what goes on is said on stderr."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from bench import changing, engine, reading
from bench.bed import PARTS, Bed, filled_bed
from bench.peers import THREADS
from bench.rows import Row, as_json, as_table

MEASURES = ("engine", "client", "scan", "sweep", "collect")
"""In this order: a sweep empties the repositories that the others read."""
BY_NAME = ("inuse",)
"""Only where it is asked for: it needs the programs of the cluster tests."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What regsweep costs, as ratios.")
    parser.add_argument(
        "measures",
        nargs="*",
        choices=[*MEASURES, *BY_NAME, []],
        metavar="MEASURE",
        help=f"{', '.join(MEASURES)}; by name alone: {', '.join(BY_NAME)}",
    )
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    parser.add_argument("--tags", type=int, default=100_000, help="of the engine (default: %(default)s)")
    parser.add_argument("--tags-per-repository", type=int, default=20, help="of the registries (default: %(default)s)")
    parser.add_argument("--pods", type=int, default=50_000, help="of the cluster (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="that count, after a warm-up (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    if min(chosen.tags, chosen.pods, chosen.rounds) < 1 or chosen.tags_per_repository < 2:
        parser.error(
            "--tags, --pods and --rounds are at least 1, --tags-per-repository at least 2: a sweep leaves one tag"
        )
    rows: list[Row] = []
    for row in _rows(chosen.measures or MEASURES, chosen):
        rows.append(row)
        print(f"measured: {row.measure}, {row.subject}, {row.what}", file=sys.stderr, flush=True)
    print(as_json(rows) if chosen.output == "json" else as_table(rows))
    return 0


def _rows(measures: Sequence[str], chosen: argparse.Namespace) -> Iterator[Row]:
    if "engine" in measures:
        yield from engine.measure(chosen.tags, engine.apart, engine.inventory_apart)
    if "inuse" in measures:
        from bench import inuse

        yield from inuse.measure(chosen.pods, chosen.rounds)
    if set(measures) <= {"engine", "inuse"}:
        return
    repositories = 2 * THREADS * (chosen.rounds + 1)
    for part in PARTS:
        with filled_bed(part, repositories=repositories, tags=chosen.tags_per_repository) as bed:
            yield from _on(bed, measures, chosen.rounds)


def _on(bed: Bed, measures: Sequence[str], rounds: int) -> Iterator[Row]:
    if "client" in measures:
        yield from reading.client(bed, rounds)
    if "scan" in measures:
        yield from reading.scanning(bed, rounds)
    if "sweep" in measures:
        yield from changing.sweeping(bed, rounds)
    if "collect" in measures:
        yield from changing.collecting(bed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
