"""The plan of a sweep that did not come to its end: kept as long as it is needed, found, offered, and let go."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regsweep.api.load import load_policy, policy_digest
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.api.run import RunStep
from regsweep.cli import unfinished as module
from regsweep.cli.journal import TerminalJournal
from regsweep.cli.state import alone
from regsweep.cli.unfinished import command_again, unfinished
from regsweep.core.outcome import Outcome, Result
from regsweep.core.plan import Plan
from regsweep.core.plan_file import digest_of_plan
from regsweep.errors import InvalidInput, Refused
from tests.unit.core.records import action, plan

URL = "http://registry:5000"
NOW = datetime.now(UTC)  # files in the state directory are as old as this machine says
WORK = action(1, "team/app", "v1")


def policy(url: str = URL, name: str = "nightly", *, latest: int = 2) -> RegistryCleanupPolicy:
    rules = [{"name": "all", "keep": {"latest": latest, "orderBy": "Numeric"}}]
    kind = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy"}
    return load_policy({**kind, "metadata": {"name": name}, "spec": {"registry": {"url": url}, "rules": rules}})


def plan_of(asked: RegistryCleanupPolicy, made: datetime = NOW) -> Plan:
    fresh = replace(
        plan(WORK),
        registry=asked.spec.registry.url,
        policy=asked.metadata.name,
        policy_digest=policy_digest(asked.spec),
        created_at=made,
        expires_at=made + timedelta(days=1),
    )
    return replace(fresh, digest=digest_of_plan(fresh))


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["regsweep", "apply", "-f", "a policy.yaml", "--plan", "old.json", "--yes"])
    return tmp_path / "regsweep"


def sweeping(asked: Plan) -> TerminalJournal:
    journal = TerminalJournal(asked, command_again())
    journal.enter(RunStep.SWEEPING)
    return journal


def answers(monkeypatch: pytest.MonkeyPatch, *, yes: bool) -> None:
    monkeypatch.setattr(module, "is_interactive", lambda: True)
    monkeypatch.setattr(module, "ask", lambda question: yes)


def test_the_plan_is_in_its_file_before_the_first_deletion(state: Path) -> None:
    journal = sweeping(plan_of(policy()))
    (file,) = state.iterdir()
    assert journal.file == file
    assert file.stat().st_mode & 0o077 == 0
    assert journal.to_go_on().endswith(f"regsweep apply -f 'a policy.yaml' --yes --plan {file}")


def test_a_sweep_that_came_to_its_end_leaves_nothing(state: Path) -> None:
    journal = sweeping(plan_of(policy()))
    journal.swept([Outcome(WORK, Result.DELETED)])
    journal.enter(RunStep.VERIFYING)
    journal.end()
    assert (journal.to_go_on(), list(state.iterdir())) == ("", [])


def test_a_sweep_that_did_nothing_leaves_nothing(state: Path) -> None:
    journal = sweeping(plan_of(policy()))
    journal.swept([Outcome(WORK, Result.SKIPPED, "tag v1 moved")])
    journal.end()
    assert (journal.to_go_on(), list(state.iterdir())) == ("", [])


@pytest.mark.parametrize("result", [Result.DELETED, Result.GONE, Result.FAILED])
def test_a_sweep_that_broke_off_is_to_go_on(state: Path, result: Result) -> None:
    journal = sweeping(plan_of(policy()))
    journal.swept([Outcome(WORK, result)])
    journal.end()
    assert [journal.file] == list(state.iterdir())
    assert journal.to_go_on()


def test_what_failed_is_to_be_tried_again_by_the_same_plan(state: Path) -> None:
    """The index is gone, its child could not be deleted: no new plan would find the child."""
    journal = sweeping(plan_of(policy()))
    journal.swept([Outcome(WORK, Result.DELETED)])
    journal.swept([Outcome(WORK, Result.FAILED, "the registry does not answer")])
    journal.enter(RunStep.VERIFYING)
    journal.end()
    assert [journal.file] == list(state.iterdir())


def test_it_is_found_by_the_same_policy_and_registry(capsys: pytest.CaptureFixture[str]) -> None:
    left = plan_of(policy())
    sweeping(left)
    assert unfinished(policy(), NOW, yes=True) == left
    said = capsys.readouterr().err
    assert "was interrupted" in said
    assert "going on with" in said


@pytest.mark.parametrize("other", [policy("http://other:5000"), policy(name="weekly")], ids=["registry", "policy"])
def test_others_do_not_find_it(other: RegistryCleanupPolicy, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweeping(plan_of(policy()))
    assert unfinished(other, NOW, yes=True) is None
    assert capsys.readouterr().err == ""
    assert len(list(state.iterdir())) == 1


def test_a_person_is_asked(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    left = plan_of(policy())
    sweeping(left)
    answers(monkeypatch, yes=True)
    assert unfinished(policy(), NOW, yes=False) == left
    answers(monkeypatch, yes=False)
    assert unfinished(policy(), NOW, yes=False) is None
    assert len(list(state.iterdir())) == 1


def test_where_nobody_can_be_asked_the_way_is_said(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweeping(plan_of(policy()))
    assert unfinished(policy(), NOW, yes=False) is None
    (file,) = state.iterdir()
    assert f"to go on: regsweep apply -f 'a policy.yaml' --yes --plan {file}" in capsys.readouterr().err


def test_a_changed_policy_cannot_go_on_and_says_how(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweeping(plan_of(policy()))
    assert unfinished(policy(latest=3), NOW, yes=True) is None
    assert "the policy has changed since" in capsys.readouterr().err
    assert len(list(state.iterdir())) == 1


def test_an_expired_plan_is_removed(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweeping(plan_of(policy(), NOW - timedelta(days=2)))
    assert unfinished(policy(), NOW, yes=True) is None
    assert "has expired" in capsys.readouterr().err
    assert list(state.iterdir()) == []


def test_a_file_that_holds_no_plan_is_said_and_left(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sweeping(plan_of(policy())).file
    assert file is not None
    file.write_text("{")
    assert unfinished(policy(), NOW, yes=True) is None
    assert str(file) in capsys.readouterr().err
    assert file.exists()


def test_what_nobody_came_back_for_goes_after_a_week(state: Path) -> None:
    sweeping(plan_of(policy("http://retired:5000")))
    half = state / ".half.plan.json.4711"
    half.write_text("{")
    for path in state.iterdir():
        long_ago = (NOW - timedelta(days=8)).timestamp()
        os.utime(path, (long_ago, long_ago))
    (state / "other").write_text("not ours")
    unfinished(policy(), NOW, yes=True)
    assert [path.name for path in state.iterdir()] == ["other"]


def test_one_at_a_time_in_a_registry() -> None:
    with alone(URL):
        with pytest.raises(Refused, match="another regsweep"), alone(URL):
            pass
        with alone("http://other:5000"):
            pass
    with alone(URL):
        pass


def test_an_error_inside_is_not_the_lock_s() -> None:
    with pytest.raises(FileNotFoundError), alone(URL):
        raise FileNotFoundError


def test_where_nothing_can_be_written_nothing_is_begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(InvalidInput, match="XDG_STATE_HOME"), alone(URL):
        pass
