"""The hops of a run as they are measured: read, plan, on nobody's behalf. Whatever fails ends the benchmark."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.bed import Bed
from bench.peers import THREADS
from regsweep.api.load import load_policy, policy_digest
from regsweep.clients.registry import Reader, Target
from regsweep.core.inventory import NOTHING_IN_USE, Repository
from regsweep.core.plan import Plan
from regsweep.core.planning import PlanBuilder
from regsweep.core.ports import ManifestCache
from regsweep.core.retention import judge
from regsweep.core.selection import dated_tags
from regsweep.steps.scan import scan

_SPEC = load_policy(
    {
        "apiVersion": "regsweep.dev/v1alpha1",
        "kind": "RegistryCleanupPolicy",
        "metadata": {"name": "bench"},
        "spec": {
            "registry": {"url": "http://127.0.0.1:5000"},
            "rules": [{"name": "all", "keep": {"latest": 1, "orderBy": "CreatedTime"}}],
        },
    },
    "the benchmark's policy",
).spec


class Quiet:
    """Nobody stops a measurement, and nobody watches it."""

    def check(self) -> None: ...

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def begin(self, hop: str, total: int | None = None) -> None: ...

    def advance(self, done: int = 1, detail: str = "") -> None: ...

    def say(self, message: str) -> None: ...


QUIET = Quiet()


def read(bed: Bed, names: Sequence[str], cache: ManifestCache) -> list[Repository]:
    found: list[Repository] = []
    with Reader(Target(bed.url, concurrency=THREADS)) as reader:
        for repository in scan(
            reader, names, cache, concurrency=THREADS, stop=QUIET, progress=QUIET,
            dated=lambda name, tags: dated_tags(name, tags, _SPEC),
        ):  # fmt: skip
            if not isinstance(repository, Repository):
                raise RuntimeError(f"{repository.name}: {repository.reason}: this measures nothing")
            found.append(repository)
    return found


def plan_of(bed: Bed, names: Sequence[str], cache: ManifestCache) -> Plan:
    builder = PlanBuilder()
    for repository in read(bed, names, cache):
        builder.add(repository, judge(repository, _SPEC, NOTHING_IN_USE, now()))
    return builder.build(
        registry=bed.url, policy="bench", spec=_SPEC, policy_digest=policy_digest(_SPEC),
        inventory="API", now=now(), whole_registry=True,
    )  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)
