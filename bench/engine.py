"""The pure heart over a made registry: judge and PlanBuilder, nothing read, nothing sent, one core.

Each measurement is a process of its own (`python -m bench.engine SHAPE TAGS`), so that the memory of one does not
count for the next. Processor time, not the clock's: what else the machine does is not ours.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.made import MANIFESTS_PER_TAG, NOW, made_repository
from bench.rows import Ratio, Row
from regsweep.api.load import load_policy, policy_digest
from regsweep.core.inventory import NOTHING_IN_USE
from regsweep.core.planning import PlanBuilder
from regsweep.core.retention import judge

ROOT = Path(__file__).resolve().parents[1]
TAGS_PER_SMALL = 100
SHAPES = {"one": "one repository", "many": f"repositories of {TAGS_PER_SMALL} tags"}
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
    """Processor seconds of judge and plan. Bytes of memory at the peak, and of the first repository before it is
    judged, both beyond what the interpreter with all modules took; 0 where the system does not say (not Linux)."""

    seconds: float
    deleted: int
    peak: int
    inventory: int


def measure(tags: int, run: Callable[[str, int], Cost]) -> Iterator[Row]:
    """Both shapes, and each at a tenth of the size: a tag must not cost more because there are more of them."""
    for shape, words in SHAPES.items():
        tenth, whole = run(shape, max(tags // 10, 1)), run(shape, tags)
        each = whole.seconds / tags
        growth = each / (tenth.seconds / max(tags // 10, 1))
        ratios = [_plain("a tenth of the tags, time a tag", growth), _plain("the goal's time", each / GOAL_SECONDS)]
        facts = {"s of one core": whole.seconds, "% of manifests go": whole.deleted / tags / MANIFESTS_PER_TAG * 100}
        if whole.peak:
            ratios.append(_plain("the goal's memory", whole.peak / tags / GOAL_BYTES))
            facts |= {"bytes a tag": whole.peak / tags, "of them the first repository": whole.inventory / tags}
        yield Row("engine", f"{tags:,} tags", words, tags / whole.seconds, "tags/s", tuple(ratios), facts)


def cost(shape: str, tags: int) -> Cost:
    """Judge and plan `tags` tags in this process."""
    spec = load_policy(_POLICY, "the benchmark's policy").spec
    size = tags if shape == "one" else min(tags, TAGS_PER_SMALL)
    builder, seconds, inventory = PlanBuilder(), 0.0, 0
    before = _status("VmRSS")
    for number in range(0, tags, size):
        repository = made_repository(number // size, number, min(size, tags - number))
        inventory = inventory or _status("VmRSS") - before
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
    return Cost(seconds, len(plan.actions), _status("VmHWM") - before, inventory)


def _plain(to: str, value: float) -> Ratio:
    return Ratio(to, value, value, value)


def apart(shape: str, tags: int) -> Cost:
    """`cost` in a process of its own."""
    command = [sys.executable, "-m", "bench.engine", shape, str(tags)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def _status(field: str) -> int:
    """Bytes, as Linux counts them for this process alone (ru_maxrss would begin with the parent's); elsewhere 0."""
    path = Path("/proc/self/status")
    if not path.exists():
        return 0
    (line,) = (line for line in path.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(dataclasses.asdict(cost(sys.argv[1], int(sys.argv[2])))))
