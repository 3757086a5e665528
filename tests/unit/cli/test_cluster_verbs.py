"""status, run, approve and report against objects of a cluster that lives in a dict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regsweep.api.run import RegistryCleanupRun
from regsweep.cli import approve, cluster, report, run, status
from regsweep.clients.kinds import CONFIG_MAP, POLICY, RUN, Kind
from regsweep.core.plan_chunks import CHUNK_KEY, to_chunks
from regsweep.core.plan_file import digest_of_plan, plan_to_json
from regsweep.errors import ClusterNotFound, InvalidInput
from tests.command_line import CommandLine
from tests.unit.core.records import action, plan

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MADE = plan(action(1, "team/app", "v1"), action(2, "team/app", "v2"))
DIGEST = digest_of_plan(MADE)


def policy(name: str = "nightly", **extra: Any) -> dict[str, Any]:
    return {
        "apiVersion": "regsweep.dev/v1alpha1",
        "kind": "RegistryCleanupPolicy",
        "metadata": {"name": name, "namespace": "registry", "uid": name},
        "spec": {"registry": {"url": "http://registry:5000"}, "schedule": "0 3 * * *"},
        **extra,
    }


def a_run(name: str, kind: str = "", reason: str = "", message: str = "", **state: Any) -> dict[str, Any]:
    condition = {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": NOW.isoformat(),
    }
    return {
        "apiVersion": "regsweep.dev/v1alpha1",
        "kind": "RegistryCleanupRun",
        "metadata": {
            "name": name, "namespace": "registry", "uid": name, "resourceVersion": "7",
            "creationTimestamp": (NOW - timedelta(hours=3)).isoformat(),
        },
        "spec": {"policyRef": {"name": "nightly"}},
        "status": {"mode": "Delete", "conditions": [condition] if kind else [], **state},
    }  # fmt: skip


def with_plan(maps: int = 1) -> dict[str, Any]:
    """The part of a status that says where a plan is."""
    return {
        "plan": {
            "digest": DIGEST, "createdAt": MADE.created_at.isoformat(), "expiresAt": MADE.expires_at.isoformat(),
            "configMaps": [f"plan-{number}" for number in range(maps)], "deletions": 2, "inventory": "API",
        }
    }  # fmt: skip


class Fake:
    """A `Cluster` of objects by kind and name; it remembers what was written."""

    namespace = "registry"

    def __init__(self) -> None:
        self.objects: dict[tuple[Kind, str], dict[str, Any]] = {}
        self.written: list[tuple[str, dict[str, Any]]] = []

    def add(self, kind: Kind, *documents: dict[str, Any]) -> None:
        self.objects |= {(kind, document["metadata"]["name"]): document for document in documents}

    def add_plan(self, text: str = "") -> None:
        chunks = to_chunks(text or plan_to_json(replace(MADE, digest=DIGEST)))
        for number, chunk in enumerate(chunks):
            self.add(CONFIG_MAP, {"metadata": {"name": f"plan-{number}"}, "binaryData": {CHUNK_KEY: chunk}})

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        try:
            return self.objects[kind, name]
        except KeyError:
            raise ClusterNotFound(name) from None

    def list(self, kind: Kind, namespace: str | None) -> Iterator[dict[str, Any]]:
        return iter([document for (other, _), document in self.objects.items() if other == kind])

    def create(self, kind: Kind, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.written.append(("create", body))
        made = a_run(f"{body['metadata']['generateName']}x7k2p")
        self.objects.setdefault((kind, made["metadata"]["name"]), made)
        return made

    def merge(self, kind: Kind, namespace: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        self.written.append(("merge", patch))
        return {}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()

    @contextmanager
    def connected(login: object) -> Iterator[Fake]:
        yield made

    for module in (approve, report, run, status):
        monkeypatch.setattr(module, "connected", connected)
    monkeypatch.setattr(status, "now", lambda: NOW)
    monkeypatch.setattr(run, "_POLL_SECONDS", 0.0)
    return made


def test_status_is_two_tables_and_what_waits(regsweep: CommandLine, fake: Fake) -> None:
    fake.add(POLICY, policy(status={"nextScheduleTime": "2026-03-02T03:00:00Z"}))
    fake.add(
        RUN,
        a_run("nightly-1", "Complete", "Collected", deletion={"deleted": 7}, **with_plan()),
        a_run("nightly-2", "AwaitingApproval", "LimitExceeded", "60 % is more than 50 %"),
    )
    lines = [line.split() for line in regsweep("status").out.splitlines()]
    assert lines[1][:8] == ["registry", "nightly", "DryRun", *["0", "3", "*", "*", "*"]]
    assert lines[1][8:] == ["unknown", "never", "never", "2026-03-02T03:00:00Z"]
    assert lines[4] == ["registry", "nightly-1", "nightly", "Delete", "Collected", "2", "7", "3h"]
    assert lines[5] == ["registry", "nightly-2", "nightly", "Delete", "LimitExceeded", "3h"]
    assert lines[-1] == ["registry/nightly-2:", "60", "%", "is", "more", "than", "50", "%"]


def test_status_of_nothing(regsweep: CommandLine, fake: Fake) -> None:
    assert regsweep("status").out == "no policies and no runs here\n"


def test_status_of_a_policy_that_is_not_there(regsweep: CommandLine, fake: Fake) -> None:
    assert regsweep("status", "weekly").code == 4


def test_a_run_is_made(regsweep: CommandLine, fake: Fake) -> None:
    fake.add(POLICY, policy())
    assert regsweep("run", "nightly", "--mode", "delete", "--collect", "Skip").out == "nightly-x7k2p\n"
    [(verb, body)] = fake.written
    assert verb == "create"
    assert body["metadata"] == {"generateName": "nightly-", "namespace": "registry"}
    assert body["spec"] == {"policyRef": {"name": "nightly"}, "mode": "Delete", "collect": "Skip"}


def test_a_run_of_no_policy_is_not_made(regsweep: CommandLine, fake: Fake) -> None:
    ended = regsweep("run", "weekly")
    assert (ended.code, fake.written) == (4, [])
    assert "there is no RegistryCleanupPolicy weekly in namespace registry" in ended.err


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        ("Complete", "Collected", 0),
        ("Failed", "PartialInventory", 1),
        ("Failed", "ImagesDamaged", 5),
        ("Failed", "Unauthorized", 4),
        ("Failed", "SomethingNew", 1),
        ("AwaitingApproval", "LimitExceeded", 3),
    ],
)
def test_waiting_for_a_run_ends_with_its_exit_code(
    regsweep: CommandLine, fake: Fake, kind: str, reason: str, code: int
) -> None:
    fake.add(POLICY, policy())
    fake.add(RUN, a_run("nightly-x7k2p", kind, reason, "in words"))
    ended = regsweep("run", "nightly", "--wait")
    assert ended.code == code
    assert f"{reason}: in words" in ended.err


def test_a_plan_is_approved_by_its_digest(regsweep: CommandLine, fake: Fake) -> None:
    fake.add(RUN, a_run("nightly-1", "AwaitingApproval", "ManualApproval", **with_plan()))
    assert regsweep("approve", "nightly-1", "--yes", "--plan", DIGEST).code == 0
    assert fake.written == [("merge", {"metadata": {"resourceVersion": "7"}, "spec": {"approvedPlan": DIGEST}})]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["nightly-1"], 3, "--yes", id="nobody to ask"),
        pytest.param(["nightly-1", "--yes", "--plan", "sha256:other"], 2, "not sha256:other", id="another plan"),
        pytest.param(["done", "--yes"], 2, "does not wait for approval: Collected", id="it does not wait"),
        pytest.param(["gone", "--yes"], 4, "there is no RegistryCleanupRun gone", id="no such run"),
    ],
)
def test_nothing_else_is_approved(
    regsweep: CommandLine, fake: Fake, arguments: list[str], code: int, words: str
) -> None:
    fake.add_plan()
    fake.add(RUN, a_run("nightly-1", "AwaitingApproval", "ManualApproval", **with_plan()))
    fake.add(RUN, a_run("done", "Complete", "Collected", **with_plan()))
    ended = regsweep("approve", *arguments)
    assert (ended.code, fake.written) == (code, [])
    assert words in ended.err


def test_the_report_of_a_run_holds_its_plan(regsweep: CommandLine, fake: Fake) -> None:
    fake.add_plan()
    fake.add(RUN, a_run("nightly-1", "AwaitingApproval", "ManualApproval", "look first", **with_plan()))
    found = regsweep("report", "--run", "nightly-1", "-o", "json").report()
    assert (found["reason"], found["policy"]) == ("ManualApproval", "registry/nightly")
    assert [(entry["tags"], entry["result"]) for entry in found["actions"]] == [
        (["v1"], "planned"),
        (["v2"], "planned"),
    ]


@pytest.mark.parametrize(
    ("deletion", "results", "findings"),
    [
        pytest.param({"deleted": 1, "gone": 1}, {"deleted"}, [], id="all went"),
        pytest.param({"deleted": 1, "failed": 1}, {"planned"}, ["run.deletions"], id="not all went"),
    ],
)
def test_the_report_says_no_more_than_is_known(
    regsweep: CommandLine, fake: Fake, deletion: dict[str, int], results: set[str], findings: list[str]
) -> None:
    fake.add_plan()
    fake.add(RUN, a_run("nightly-1", "Complete", "Deleted", deletion=deletion, **with_plan()))
    found = regsweep("report", "--run", "nightly-1", "-o", "json").report()
    assert {entry["result"] for entry in found["actions"]} == results
    assert [entry["code"] for entry in found["findings"]] == findings


def test_a_collection_is_reported_once_it_ended_well(regsweep: CommandLine, fake: Fake) -> None:
    window = {
        "outcome": "Collected", "startedAt": NOW.isoformat(), "finishedAt": NOW.isoformat(), "blobsDeleted": 9,
        "bytesBefore": 3000, "bytesAfter": 1000,
    }  # fmt: skip
    fake.add(RUN, a_run("nightly-1", "Complete", "Collected", garbageCollection=window))
    fake.add(
        RUN, a_run("nightly-2", "Failed", "CollectFailed", garbageCollection=window | {"outcome": "CollectFailed"})
    )
    assert "2.0 KiB freed" in regsweep("report", "--run", "nightly-1").out
    assert "freed" not in regsweep("report", "--run", "nightly-2").out


def test_a_plan_whose_config_maps_are_gone(regsweep: CommandLine, fake: Fake) -> None:
    fake.add(RUN, a_run("nightly-1", "AwaitingApproval", "ManualApproval", **with_plan()))
    ended = regsweep("report", "--run", "nightly-1")
    assert ended.code == 2
    assert "ConfigMap plan-0 is gone" in ended.err


def test_a_plan_that_is_not_the_run_s(regsweep: CommandLine, fake: Fake) -> None:
    other = replace(MADE, bytes=1)
    fake.add_plan(plan_to_json(replace(other, digest=digest_of_plan(other))))
    fake.add(RUN, a_run("nightly-1", "AwaitingApproval", "ManualApproval", **with_plan()))
    assert "another plan" in regsweep("report", "--run", "nightly-1").err


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7200, "2h"), (86_400 * 3, "3d")],
)
def test_ages_are_those_of_kubectl(seconds: int | None, words: str) -> None:
    then = None if seconds is None else NOW - timedelta(seconds=seconds)
    assert cluster.ago(then, NOW) == words


def test_a_run_of_another_version_is_said(fake: Fake) -> None:
    with pytest.raises(InvalidInput, match="another version"):
        cluster.run_of({"metadata": {"name": "x"}, "spec": {}})
    assert isinstance(cluster.run_of(a_run("x")), RegistryCleanupRun)
