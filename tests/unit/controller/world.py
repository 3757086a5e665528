"""An operator in a test: the API in memory, a clock that stands still, and a pipeline that the test writes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.clients.cache import MemoryCache
from regsweep.clients.kinds import POLICY, RUN
from regsweep.clients.kube import Cluster
from regsweep.clients.registry import DeleteState, Reader
from regsweep.controller.conditions import Fact, true
from regsweep.controller.environment import Environment
from regsweep.controller.events import Events
from regsweep.controller.execution import Execution
from regsweep.controller.health import Health
from regsweep.controller.journal import StatusJournal
from regsweep.controller.keepsakes import ClusterKeepsakes
from regsweep.controller.metrics import Metrics
from regsweep.controller.operator import Operator, Parts
from regsweep.controller.progress import StatusProgress
from regsweep.controller.scheduler import RESYNC, Key
from regsweep.core.oci import Digest
from regsweep.core.outcome import RunRecord
from regsweep.core.plan import Action, Counts, Plan
from regsweep.core.plan_file import digest_of_plan
from regsweep.pipeline import Ports, Request
from tests.unit.controller.fake_cluster import FakeCluster

NAMESPACE = "team"
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WELL = (true("Reachable"), true("Enabled"))
SPEC: dict[str, Any] = {
    "mode": "Delete",
    "registry": {"url": "http://registry.team.svc:5000", "workloadRef": {"name": "registry"}},
    "rules": [{"name": "all", "keep": {"latest": 2, "orderBy": "CreatedTime"}}],
    "garbageCollection": {"mode": "ReadOnly"},
}

Script = Callable[[Request, Ports], RunRecord]


class World:
    """`pipeline` is what a run does. `settle` lets everything happen that is to happen at `now`."""

    def __init__(self, limit: int = 4) -> None:
        self.now = START
        self.cluster = FakeCluster()
        self.health = Health(self.clock)
        self.metrics = Metrics()
        self.pipeline: Script = lambda request, ports: record(request)
        self.requests: list[Request] = []
        self.answer: tuple[Fact, Fact] = WELL
        self.limit = limit
        self.operator = self.new_operator()
        self.cluster.watch = self._watch

    def clock(self) -> datetime:
        return self.now

    def new_operator(self) -> Operator:
        """Another process, with nothing in memory."""
        api = cast(Cluster, self.cluster)
        events = Events(api, self.clock, "operator-0")
        environment = Environment(api, self.clock, events, self.metrics, MemoryCache())
        return Operator(environment, self.health, self.limit, Parts(self._pipeline, ports_of, lambda _: self.answer))

    def restart(self) -> None:
        self.operator.stop(5)
        self.operator = self.new_operator()
        self.operator.recover()

    def resync(self) -> None:
        self.operator.scheduler.submit(Key(RESYNC, "", ""))
        self.settle()

    def settle(self, *, wait: bool = True) -> None:
        """`wait` False where a run is to go on."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            while self.operator.scheduler.run_one():
                pass
            if wait:
                self.operator.executions.join(5)
            if self.operator._checks._asked:
                time.sleep(0.002)
            elif not self.operator.scheduler.run_one():
                return
        raise AssertionError("the operator does not come to rest")

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)
        self.settle()

    def policy(self, name: str = "nightly", **spec: Any) -> None:
        self.cluster.create(POLICY, NAMESPACE, {"metadata": {"name": name}, "spec": {**SPEC, **spec}})

    def edit_policy(self, name: str = "nightly", **spec: Any) -> None:
        self.cluster.merge(POLICY, NAMESPACE, name, {"spec": spec})

    def run(self, name: str = "now", policy: str = "nightly", **spec: Any) -> None:
        self.cluster.create(
            RUN, NAMESPACE, {"metadata": {"name": name}, "spec": {"policyRef": {"name": policy}, **spec}}
        )

    def edit_run(self, name: str = "now", **spec: Any) -> None:
        self.cluster.merge(RUN, NAMESPACE, name, {"spec": spec})

    def status(self, name: str = "now") -> dict[str, Any]:
        return self.cluster.objects["RegistryCleanupRun", NAMESPACE, name].get("status", {})

    def policy_status(self, name: str = "nightly") -> dict[str, Any]:
        return self.cluster.objects["RegistryCleanupPolicy", NAMESPACE, name].get("status", {})

    def meta(self, kind: str, name: str) -> dict[str, Any]:
        return self.cluster.objects[kind, NAMESPACE, name]["metadata"]

    def runs(self) -> list[str]:
        return sorted(name for kind, _, name in self.cluster.objects if kind == "RegistryCleanupRun")

    def news(self) -> list[str]:
        """The reasons of all events, in order."""
        return [found["reason"] for (kind, _, _), found in self.cluster.objects.items() if kind == "Event"]

    def _watch(self, found: dict[str, Any], there: bool) -> None:
        """As the handlers do: a run is news for its policy, too."""
        name = found["metadata"]["name"]
        if found["kind"] == "RegistryCleanupPolicy":
            self.operator.seen(Key("policy", NAMESPACE, name), there)
        if found["kind"] == "RegistryCleanupRun":
            self.operator.seen(Key("run", NAMESPACE, name), there)
            self.operator.seen(Key("policy", NAMESPACE, found["spec"]["policyRef"]["name"]), True)

    def _pipeline(self, request: Request, ports: Ports) -> RunRecord:
        self.requests.append(request)
        return self.pipeline(request, ports)


def ports_of(execution: Execution, stack: ExitStack, journal: StatusJournal, progress: StatusProgress) -> Ports:
    """Journal, stop and progress are the real ones; there is no registry."""
    return Ports(
        reader=cast(Reader, None),
        deleter=lambda: cast(Any, None),
        probe=lambda repository: DeleteState.ENABLED,
        cache=execution.environment.cache,
        clock=execution.environment.clock,
        stop=execution.stop,
        progress=progress,
        journal=journal,
        keepsakes=ClusterKeepsakes(execution.environment, execution.run, execution.policy, execution.status),
    )


def record(request: Request, reason: str = "Deleted", **fields: Any) -> RunRecord:
    policy: RegistryCleanupPolicy = request.policy
    return RunRecord(request.policy_name, policy.spec.registry.url, request.mode.value, START, START, reason, **fields)


def plan_of(world: World, actions: int = 3) -> Plan:
    """A plan of so many deletions that expires in a day."""
    digests = [Digest(f"sha256:{number:064x}") for number in range(actions)]
    plan = Plan(
        registry=SPEC["registry"]["url"],
        policy=f"{NAMESPACE}/nightly",
        policy_digest="sha256:" + 64 * "a",
        inventory="API",
        created_at=world.now,
        expires_at=world.now + timedelta(days=1),
        actions=tuple(
            Action("app", d, "application/json", "expired.all", (f"v{n}",), d, 10) for n, d in enumerate(digests)
        ),
        counts=Counts(1, 10, 10, actions, actions),
        bytes=1000,
        bytes_are_upper_bound=False,
        expected_marks=7,
    )
    return replace(plan, digest=digest_of_plan(plan))


def conditions(status: dict[str, Any]) -> dict[str, str]:
    """`{"Complete": "True/Deleted", ...}`."""
    return {found["type"]: f"{found['status']}/{found['reason']}" for found in status["conditions"]}


def message(status: dict[str, Any], kind: str) -> str:
    return next(found["message"] for found in status["conditions"] if found["type"] == kind)
