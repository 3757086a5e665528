"""Whatever is wrong with a file: its name, the fault and the fix, exit code 2."""

from __future__ import annotations

import io
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from regsweep.cli import files
from regsweep.errors import InvalidInput
from tests.command_line import CommandLine
from tests.policy_corpus import Case, cases

GOOD = """\
apiVersion: regsweep.dev/v1alpha1
kind: RegistryCleanupPolicy
metadata: {name: nightly}
spec:
  registry: {url: http://127.0.0.1:1}
"""


def missing(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(missing, "cannot be read: No such file", id="missing"),
        pytest.param(folder, "cannot be read: Is a directory", id="a folder"),
        pytest.param(lambda path: path.write_bytes(b"\xff\xfe"), "not a text file in UTF-8", id="not UTF-8"),
        pytest.param(lambda path: path.write_text("a: [1"), "is not YAML at line 1", id="not YAML"),
        pytest.param(lambda path: path.write_text("a: \x00"), "is not YAML", id="control character"),
        pytest.param(lambda path: path.write_text(f"{GOOD}---\n{GOOD}"), "holds 2 policies", id="two policies"),
        pytest.param(lambda path: path.write_text(""), "holds 0 policies", id="empty"),
        pytest.param(lambda path: path.write_text("kind: Secret"), "holds 0 policies", id="another kind"),
        pytest.param(lambda path: path.write_text("- a"), "is not a YAML mapping", id="a list"),
        pytest.param(lambda path: path.write_text(" " * (1 << 20) + GOOD), "is larger than", id="too large"),
        pytest.param(lambda path: path.write_text("[" * 5000), "nested too deeply", id="too deep"),
    ],
)
def test_a_policy_that_cannot_be_read(
    regsweep: CommandLine, tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("")
    make(path)
    ended = regsweep("plan", "-f", path)
    assert (ended.code, ended.out) == (2, "")
    assert str(path) in ended.err
    assert words in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_the_policy_can_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert files.one_policy(Path("-")).metadata.name == "nightly"


def test_other_kinds_in_the_file_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(f"kind: Namespace\n---\n{GOOD}---\n")
    assert files.one_policy(path).metadata.name == "nightly"


def test_what_is_written_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new/report.html"
    files.write_text(path, "text")
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_result_that_cannot_be_written_is_known_before_the_work(regsweep: CommandLine, tmp_path: Path) -> None:
    """Nothing answers at the URL: the fault of the file is said first."""
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    for option in ("--out", "--html"):
        ended = regsweep("plan", "-f", path, option, tmp_path)
        assert ended.code == 2
        assert "cannot be written" in ended.err


def test_a_path_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be written"):
        files.write_text(tmp_path / "file/report.html", "text")


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("12345")
    assert files.read_text(path, 5) == "12345"
    with pytest.raises(InvalidInput, match="larger than 4 bytes"):
        files.read_text(path, 4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(["--username", "me"], "go together", id="no password"),
        pytest.param(["--password-file", "x"], "go together", id="no user"),
        pytest.param(["--url", "http://me:hunter2@host"], "--url is not the address", id="password in the URL"),
        pytest.param(["--url", "host:5000"], "--url is not the address", id="no scheme"),
        pytest.param(["--docker-config", "{config}"], "holds no login for 127.0.0.1:1", id="other registries"),
        pytest.param(["--ca-file", "/nowhere"], "/nowhere cannot be read", id="no certificate"),
    ],
)
def test_a_login_that_cannot_be_used(regsweep: CommandLine, tmp_path: Path, options: list[str], words: str) -> None:
    policy, config = tmp_path / "policy.yaml", tmp_path / "config.json"
    policy.write_text(GOOD)
    config.write_text('{"auths": {"other": {"auth": "bWU6aHVudGVyMg=="}}}')
    ended = regsweep("plan", "-f", policy, *(option.format(config=config) for option in options))
    assert ended.code == 2
    assert words in ended.err
    assert "hunter2" not in ended.out + ended.err


@pytest.mark.parametrize("case", cases("valid"), ids=lambda case: case.name)
def test_valid_policies(regsweep: CommandLine, tmp_path: Path, case: Case) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(case.text)
    ended = regsweep("validate", "-f", path)
    assert ended.code == 0, ended.out
    assert "is valid" in ended.out


@pytest.mark.parametrize("case", [*cases("invalid"), *cases("invalid-operator")], ids=lambda case: case.name)
def test_invalid_policies(regsweep: CommandLine, tmp_path: Path, case: Case) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(case.text)
    ended = regsweep("validate", "-f", path)
    assert ended.code == 2
    assert ended.out.startswith(f"{path}: ")
    assert case.field in ended.out
    assert case.says in ended.out


def test_validate_says_all_files_as_json(regsweep: CommandLine, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(GOOD)
    bad.write_text(GOOD + "  rulez: []\n")
    ended = regsweep("validate", "-f", good, "-f", bad, "-o", "json")
    assert ended.code == 2
    problem = {"field": "spec.rulez", "message": "is not a field here: remove it, or check its spelling"}
    assert ended.report() == {
        "version": 1,
        "files": [
            {"file": str(good), "policy": "nightly", "valid": True, "problems": []},
            {"file": str(bad), "policy": "", "valid": False, "problems": [problem]},
        ],
        "comparisons": [],
    }
