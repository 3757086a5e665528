"""lift and guard: which windows they take, what they print, how they end. The lift itself: tests/property."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regsweep.api.policy import WorkloadRef
from regsweep.cli import lift as verbs
from regsweep.cli.interrupt import Interrupt
from regsweep.clients.kinds import DEPLOYMENT, POD, POLICY, RUN
from regsweep.core.marker import Marker
from regsweep.errors import ClusterConflict, LiftFailed
from regsweep.steps.collect import leftover
from regsweep.steps.collect.leftover import Hands, Leftover
from tests.command_line import CommandLine
from tests.unit.controller.fake_cluster import FakeCluster

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPEN = Leftover(
    "registry", WorkloadRef(name="registry"), "w", Marker("nightly-1", "uid-of-nightly", NOW + timedelta(hours=1))
)
OVERDUE = replace(OPEN, namespace="mirror", marker=replace(OPEN.marker, deadline=NOW - timedelta(seconds=1)))


class Windows:
    """What is in maintenance, and how each lift ends."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.open: list[Leftover] = []
        self.lifted: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.unasked: tuple[str, ...] = ()

    def leftovers(self, cluster: object, namespace: str | None) -> Iterator[Leftover]:
        return iter([left for left in self.open if namespace in (None, left.namespace)])

    def lift(self, left: Leftover, hands: Hands, holder: str) -> tuple[str, ...]:
        assert holder.startswith("lift-")
        if error := self.errors.get(left.namespace):
            raise error
        self.lifted.append(str(left))
        return self.unasked


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    made = Windows()

    @contextmanager
    def connected(login: object) -> Iterator[FakeCluster]:
        yield made.cluster

    monkeypatch.setattr(verbs, "connected", connected)
    monkeypatch.setattr(verbs, "now", lambda: NOW)
    monkeypatch.setattr(leftover, "leftovers", made.leftovers)
    monkeypatch.setattr(leftover, "lift", made.lift)
    return made


def test_nothing_to_lift_is_no_failure(regsweep: CommandLine, windows: Windows) -> None:
    ended = regsweep("lift", "-A")
    assert (ended.code, ended.out) == (0, "")
    assert "no registry is in maintenance here" in ended.err


def test_every_window_is_lifted_and_named(regsweep: CommandLine, windows: Windows) -> None:
    windows.open, windows.unasked = [OPEN, OVERDUE], ("http://10.0.0.7:5000",)
    ended = regsweep("lift", "-A")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "Deployment registry/registry is writable again",
        "Deployment mirror/registry is writable again",
    ]
    assert "http://10.0.0.7:5000 could not be asked" in ended.err


@pytest.mark.parametrize("named", ["registry", "deployment/registry", "deploy/registry", "Deployment/registry"])
def test_one_can_be_named(regsweep: CommandLine, windows: Windows, named: str) -> None:
    windows.open = [OPEN, OVERDUE]
    assert regsweep("lift", named, "-n", "mirror").code == 0
    assert windows.lifted == ["Deployment mirror/registry"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lift", "other", "-n", "registry"), "other is not in maintenance here"),
        (("lift", "sts/registry", "-n", "registry"), "sts/registry is not in maintenance here"),
        (("lift", "-A", "-n", "registry"), "exclude each other"),
        (("lift", "-A", "--uninstall", "regsweep"), "--uninstall takes NAMESPACE/DEPLOYMENT"),
    ],
    ids=["another name", "another kind", "everywhere and somewhere", "half a name"],
)
def test_wrong_arguments_are_told(
    regsweep: CommandLine, windows: Windows, arguments: tuple[str, ...], words: str
) -> None:
    windows.open = [OPEN]
    ended = regsweep(*arguments)
    assert ended.code == 2
    assert words in ended.err
    assert windows.lifted == []


def test_one_that_fails_does_not_stop_the_others(regsweep: CommandLine, windows: Windows) -> None:
    windows.open = [OPEN, OVERDUE]
    windows.errors = {"registry": LiftFailed("pod r-0 does not answer")}
    ended = regsweep("lift", "-A")
    assert ended.code == 4
    assert windows.lifted == ["Deployment mirror/registry"]
    assert "Deployment registry/registry: pod r-0 does not answer" in ended.err


def test_one_that_somebody_is_at_work_in_is_left(regsweep: CommandLine, windows: Windows) -> None:
    windows.open, windows.errors = [OPEN], {"registry": ClusterConflict("somebody else holds the Lease")}
    ended = regsweep("lift", "-n", "registry")
    assert (ended.code, windows.lifted) == (4, [])
    assert "somebody else holds the Lease" in ended.err


def test_a_guard_takes_only_what_is_overdue(regsweep: CommandLine, windows: Windows) -> None:
    windows.open = [OPEN, OVERDUE]
    ended = regsweep("guard", "-n", "registry", "-n", "mirror")
    assert ended.code == 0
    assert windows.lifted == ["Deployment mirror/registry"]
    assert "run nightly-1 has it until 2026-03-01 13:00 UTC" in ended.err


def test_the_policy_is_let_go(regsweep: CommandLine, windows: Windows) -> None:
    windows.open = [OPEN]
    for name, uid in (("nightly", "uid-of-nightly"), ("weekly", "uid-of-weekly")):
        meta = {"name": name, "uid": uid, "finalizers": ["regsweep.dev/maintenance", "theirs/own"]}
        windows.cluster.create(POLICY, "registry", {"metadata": meta})
    assert regsweep("lift", "-n", "registry").code == 0
    left = {found["metadata"]["name"]: found["metadata"]["finalizers"] for found in windows.cluster.objects.values()}
    assert left == {"nightly": ["theirs/own"], "weekly": ["regsweep.dev/maintenance", "theirs/own"]}


def test_before_an_uninstall_the_operator_stops_and_nothing_is_held(
    regsweep: CommandLine, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last pod is waited for, although the Deployment counts none any more."""
    windows.open = [OPEN]
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "regsweep"}}}
    body: dict[str, Any] = {"metadata": {"name": "regsweep"}, "spec": spec, "status": {"replicas": 0}}
    windows.cluster.create(DEPLOYMENT, "regsweep", body)
    for name, phase in (("ends", "Running"), ("ended", "Failed")):
        windows.cluster.create(POD, "regsweep", {"metadata": {"name": name}, "status": {"phase": phase}})
    monkeypatch.setattr(Interrupt, "wait", lambda *_: windows.cluster.objects.pop(("Pod", "regsweep", "ends")))
    run = {"metadata": {"name": "nightly-1", "finalizers": ["regsweep.dev/executing"]}}
    windows.cluster.create(RUN, "registry", run)

    assert regsweep("lift", "-n", "registry", "--uninstall", "regsweep/regsweep").code == 0

    assert ("Pod", "regsweep", "ends") not in windows.cluster.objects
    assert windows.cluster.writes[4:] == [
        ("merge", "Deployment", "regsweep"),
        ("merge", "RegistryCleanupRun", "nightly-1"),
    ]
    assert windows.cluster.objects["Deployment", "regsweep", "regsweep"]["spec"]["replicas"] == 0
    assert windows.cluster.objects["RegistryCleanupRun", "registry", "nightly-1"]["metadata"]["finalizers"] == []
