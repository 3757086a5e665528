"""Checks of registries: in the background, given from memory, asked again when old, after trouble, after an edit."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Self, cast

import pytest

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.clients.kube import Cluster
from regsweep.clients.registry import DeleteState
from regsweep.controller import checks
from regsweep.controller.checks import Check, Checks, ask_registry
from regsweep.controller.conditions import UNKNOWN, Fact, false, true
from regsweep.controller.scheduler import Key
from regsweep.errors import NotARegistry
from tests.unit.controller.fake_cluster import FakeCluster
from tests.unit.controller.test_slots import policy as policy_of

START = datetime(2026, 11, 23, tzinfo=UTC)


class World:
    def __init__(self) -> None:
        self.now, self.asked = START, 0
        self.answer: tuple[Fact, Fact] | Exception = (true("Reachable"), true("Enabled"))
        self.checks = Checks(self._ask, lambda: self.now, lambda key: None)
        self.policy = policy_of()

    def look(self, **options: Any) -> Check | None:
        known = self.checks.of(self.policy, **({"again": True} | options))
        while self.checks._asked:
            time.sleep(0.001)
        return known

    def _ask(self, policy: RegistryCleanupPolicy) -> tuple[Fact, Fact]:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_first_answer_comes_later() -> None:
    world = World()
    assert world.look() is None
    known = world.look()
    assert known is not None
    assert (known.reachable, known.deletes) == (true("Reachable"), true("Enabled"))
    assert world.asked == 1


ASKED_AGAIN: dict[str, tuple[Fact, timedelta, dict[str, Any], int]] = {
    "soon": (true("Reachable"), timedelta(minutes=9), {}, 1),
    "late": (true("Reachable"), timedelta(minutes=10), {}, 2),
    "after trouble": (false("RegistryUnreachable"), timedelta(minutes=1), {}, 2),
    "after a run": (true("Reachable"), timedelta(minutes=2), {"since": START + timedelta(minutes=1)}, 2),
    "never during a run": (false("RegistryUnreachable"), timedelta(hours=1), {"again": False}, 1),
}


@pytest.mark.parametrize(("reachable", "later", "options", "asked"), ASKED_AGAIN.values(), ids=ASKED_AGAIN)
def test_asked_again(reachable: Fact, later: timedelta, options: dict[str, Any], asked: int) -> None:
    world = World()
    world.answer = (reachable, UNKNOWN)
    world.look()
    world.now += later
    world.look(**options)
    assert world.asked == asked


def test_asked_again_after_an_edit() -> None:
    world = World()
    world.look()
    meta = world.policy.metadata.model_copy(update={"generation": 2})
    world.policy = world.policy.model_copy(update={"metadata": meta})
    world.look()
    assert world.asked == 2


def test_a_bug_is_unknown_and_nothing_more() -> None:
    world = World()
    world.answer = ZeroDivisionError("secret")
    world.look()
    known = world.look(again=False)
    assert known is not None
    assert known.reachable == Fact("Unknown", "InternalError", "ZeroDivisionError")


class FakeReader:
    error: Exception | None = None

    def __init__(self, target: Any) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ping(self) -> None:
        if self.error is not None:
            raise self.error

    def major(self) -> int:
        return 3


STATES = {
    DeleteState.ENABLED: ("True", "Enabled", "deletes"),
    DeleteState.DISABLED: ("False", "Disabled", "REGISTRY_STORAGE_DELETE_ENABLED=true"),
    DeleteState.READ_ONLY: ("False", "ReadOnly", "read-only mode"),
    DeleteState.DENIED: ("False", "Denied", "may not delete"),
    DeleteState.UNKNOWN: ("Unknown", "Unknown", "does not tell"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_deletes_is_a_fact(state: DeleteState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "Reader", FakeReader)
    monkeypatch.setattr(checks, "probe_deletes", lambda target: state)
    reachable, deletes = ask_registry(policy_of(), cast(Cluster, FakeCluster()))
    status, reason, words = STATES[state]
    assert reachable == true("Reachable", "http://registry.team.svc:5000 answers")
    assert (deletes.status, deletes.reason) == (status, reason)
    assert words in deletes.message


def test_an_error_is_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "Reader", FakeReader)
    monkeypatch.setattr(FakeReader, "error", NotARegistry("a web server answers"))
    assert ask_registry(policy_of(), cast(Cluster, FakeCluster())) == (
        false("NotARegistry", "a web server answers"),
        UNKNOWN,
    )


def test_the_key_of_the_policy_is_told() -> None:
    told: list[Key] = []
    done = threading.Event()

    def tell(key: Key) -> None:
        told.append(key)
        done.set()

    found = Checks(lambda policy: (true("Reachable"), UNKNOWN), lambda: START, tell)
    found.of(policy_of(), again=True)
    assert done.wait(5)
    assert told == [Key("policy", "team", "nightly")]
    assert found.stop()
