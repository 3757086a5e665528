"""A line of the table, and the ratios in it. Prints; measures nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

VERSION = 1
"""Of the JSON that `-o json` prints."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast (or long, or large) as `to`: the median, the least and the most of all rounds."""

    to: str
    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Row:
    """One result: `value` is the best round's. `facts` are what else is worth knowing, such as requests a tag."""

    measure: str
    subject: str
    what: str
    value: float
    unit: str
    ratios: tuple[Ratio, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)


def ratio(to: str, ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Ours over theirs, round by round: what else the machine did then, it did to both."""
    each = [own / other for own, other in zip(ours, theirs, strict=True)]
    return Ratio(to, median(each), min(each), max(each))


def take_turns(rounds: int, runs: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """What each run gives, A B C A B C; a first round warms up and does not count."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            value = run()
            if number:
                found[name].append(value)
    return found


def as_json(rows: Iterable[Row]) -> str:
    return json.dumps({"version": VERSION, "rows": [dataclasses.asdict(row) for row in rows]}, indent=2)


def as_table(rows: Iterable[Row]) -> str:
    """Markdown, aligned, so that it reads alike in a terminal and in a README."""
    head = ("measure", "on", "what", "result", "ratio, median (least to most)", "also")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    printed = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([printed[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *printed[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    ratios = "; ".join(
        f"{it.median:.2f}" + (f" ({it.least:.2f} to {it.most:.2f})" if it.least != it.most else "") + f" of {it.to}"
        for it in row.ratios
    )
    facts = ", ".join(f"{_number(value)} {name}" for name, value in row.facts.items())
    return row.measure, row.subject, row.what, f"{_number(row.value)} {row.unit}", ratios, facts


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or isinstance(value, int) else f"{value:.2f}"
