"""The pure heart over a made registry: judge and PlanBuilder, nothing read, nothing sent, one core.

Each measurement is a process of its own (`python -m bench.engine cost SHAPE TAGS`), so that the memory of one does not
count for the next. Processor time, not the clock's: what else the machine does is not ours.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.made import MANIFESTS_PER_TAG, NOW, made_repository
from bench.rows import Ratio, Row
from regsweep.api.load import load_policy, policy_digest
from regsweep.cli import look_for_cycles_rarely
from regsweep.core.inventory import NOTHING_IN_USE
from regsweep.core.planning import PlanBuilder
from regsweep.core.retention import judge

ROOT = Path(__file__).resolve().parents[1]
TAGS_PER_SMALL = 100
SHAPES = {
    "many": f"repositories of {TAGS_PER_SMALL} tags",
    "skewed": "repositories of very different sizes, the largest a fiftieth",
    "one": "one repository",
}
GOAL_SECONDS, GOAL_BYTES = 60 / 1_000_000, 400
"""A tag's share of a million tags in a minute, and the memory that it may take."""

_POLICY = {
    "apiVersion": "regsweep.dev/v1alpha1",
    "kind": "RegistryCleanupPolicy",
    "metadata": {"name": "bench"},
    "spec": {
        "registry": {"url": "http://127.0.0.1:5000"},
        "rules": [
            {"name": "pull-requests", "tags": {"include": ["pr-*"]}, "keep": {"youngerThan": "60d"}},
            {
                "name": "releases",
                "tags": {"include": ["/^v\\d+\\.\\d+\\.\\d+$/"]},
                "keep": {"latest": 10, "orderBy": "SemVer", "youngerThan": "60d"},
            },
            {"name": "the-rest", "keep": {"latest": 20, "orderBy": "CreatedTime", "youngerThan": "60d"}},
        ],
        "protect": {"tags": ["latest", "stable"]},
    },
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds of judge and plan. Bytes of memory at the peak, beyond what the interpreter with all modules
    took; 0 where the system does not say (not Linux). The largest repository comes last: it meets the whole plan."""

    seconds: float
    deleted: int
    peak: int


def measure(tags: int, run: Callable[[str, int], Cost], given: Callable[[str, int], int]) -> Iterator[Row]:
    """All shapes, and each at a tenth of the size: a tag must not cost more because there are more of them.

    `given` are the bytes of the largest repository, which is handed in: the rest of the peak is what the engine adds.
    """
    for shape, words in SHAPES.items():
        tenth, whole = run(shape, max(tags // 10, 1)), run(shape, tags)
        each = whole.seconds / tags
        growth = each / (tenth.seconds / max(tags // 10, 1))
        ratios = [_plain("a tenth of the tags, time a tag", growth), _plain("the goal's time", each / GOAL_SECONDS)]
        facts = {"s of one core": whole.seconds, "% of manifests go": whole.deleted / tags / MANIFESTS_PER_TAG * 100}
        if whole.peak:
            inventory = given(shape, tags)
            added = (whole.peak - inventory) / tags
            ratios.append(_plain("the goal's memory", added / GOAL_BYTES))
            facts |= {"bytes a tag, judgement and plan": added, "bytes a tag, inventory in hand": inventory / tags}
        yield Row("engine", f"{tags:,} tags", words, tags / whole.seconds, "tags/s", tuple(ratios), facts)


def sizes(shape: str, tags: int) -> list[int]:
    """How many tags each repository has, the largest last; together `tags`."""
    if shape == "one":
        return [tags]
    if shape == "many":
        return [min(TAGS_PER_SMALL, tags - at) for at in range(0, tags, TAGS_PER_SMALL)][::-1]
    found: list[int] = []
    left, largest = tags, max(tags // 50, 1)
    while left:
        found.append(min(left, max(int(largest / (1 + len(found) / 10)), 1)))
        left -= found[-1]
    return found[::-1]


def cost(shape: str, tags: int) -> Cost:
    """Judge and plan `tags` tags in this process."""
    spec = load_policy(_POLICY, "the benchmark's policy").spec
    builder, seconds, first = PlanBuilder(), 0.0, 0
    before = _status("VmRSS")
    for number, size in enumerate(sizes(shape, tags)):
        repository = made_repository(number, first, size)
        first += size
        started = time.process_time()
        builder.add(repository, judge(repository, spec, NOTHING_IN_USE, NOW))
        seconds += time.process_time() - started
        del repository
    started = time.process_time()
    plan = builder.build(
        registry=spec.registry.url, policy="bench", spec=spec, policy_digest=policy_digest(spec),
        inventory="API", now=NOW, whole_registry=True,
    )  # fmt: skip
    seconds += time.process_time() - started
    return Cost(seconds, len(plan.actions), _status("VmHWM") - before)


def inventory(shape: str, tags: int) -> int:
    """Bytes of the largest repository, made in this process and not judged."""
    before = _status("VmRSS")
    largest = sizes(shape, tags)[-1]
    repository = made_repository(0, tags - largest, largest)
    return _status("VmRSS") - before if repository.tags else 0


def _plain(to: str, value: float) -> Ratio:
    return Ratio(to, value, value, value)


def apart(shape: str, tags: int) -> Cost:
    """`cost` in a process of its own."""
    return Cost(**_answer("cost", shape, tags))


def inventory_apart(shape: str, tags: int) -> int:
    """`inventory` in a process of its own."""
    return int(_answer("inventory", shape, tags))


def _answer(what: str, shape: str, tags: int) -> Any:
    command = [sys.executable, "-m", "bench.engine", what, shape, str(tags)]
    return json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _status(field: str) -> int:
    """Bytes, as Linux counts them for this process alone (ru_maxrss would begin with the parent's); elsewhere 0."""
    path = Path("/proc/self/status")
    if not path.exists():
        return 0
    (line,) = (line for line in path.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    look_for_cycles_rarely()  # as the doors do
    gc.freeze()
    what, shape, tags = sys.argv[1], sys.argv[2], int(sys.argv[3])
    print(json.dumps(dataclasses.asdict(cost(shape, tags)) if what == "cost" else inventory(shape, tags)))
