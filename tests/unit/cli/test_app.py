"""Every command helps, and every way to end has its exit code."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from regsweep import __version__, cli
from regsweep.cli import app
from regsweep.cli.app import app as regsweep_app
from regsweep.errors import ImagesDamaged, RegsweepError
from tests.command_line import CommandLine, Ended

COMMANDS = [
    "plan", "apply", "explain", "restore", "validate", "report", "demo", "status", "run", "approve", "lift", "guard",
    "operator", "crd", "version",
]  # fmt: skip


def test_the_commands_are_those_of_the_documentation() -> None:
    names = [command.name or command.callback.__name__ for command in regsweep_app.registered_commands]  # type: ignore[union-attr]
    assert sorted(names) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help(regsweep: CommandLine, command: str) -> None:
    ended = regsweep(command, "--help")
    assert ended.code == 0
    assert ended.out.startswith(f"Usage: regsweep {command}")
    if command not in ("version", "crd"):
        assert "Example" in ended.out
    assert "password TEXT" not in ended.out


def test_help_names_the_exit_codes(regsweep: CommandLine) -> None:
    assert "5 images damaged" in " ".join(regsweep("-h").out.split())


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_version(regsweep: CommandLine, argument: str) -> None:
    assert regsweep(argument).out == f"regsweep {__version__}\n"


def test_no_heavy_library_is_loaded_for_the_version() -> None:
    code = (
        "import sys; sys.argv = ['regsweep', 'version']\n"
        "from regsweep.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'kopf', 'kubernetes', 'websocket', 'aiohttp'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["clean"], id="unknown command"),
        pytest.param(["plan"], id="no policy"),
        pytest.param(["plan", "-f", "x", "--nonsense"], id="unknown option"),
        pytest.param(["apply", "-f", "x", "--mode", "Destroy"], id="unknown mode"),
        pytest.param(["validate", "-f", "x", "-o", "xml"], id="unknown format"),
    ],
)
def test_a_command_that_cannot_be_read_is_2(regsweep: CommandLine, arguments: list[str]) -> None:
    ended = regsweep(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err


def test_an_error_of_the_tree_is_one_paragraph(regsweep: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise ImagesDamaged("an image is not whole")

    monkeypatch.setattr(app, "app", fails)
    assert regsweep("version") == Ended(5, "", "regsweep: an image is not whole\n")


@pytest.mark.parametrize(("flag", "traced"), [("-q", False), ("-v", True), ("-vv", True), ("--verbose", True)])
def test_a_mistake_of_ours_is_one_line_unless_asked(
    regsweep: CommandLine, monkeypatch: pytest.MonkeyPatch, flag: str, traced: bool
) -> None:
    def fails(**_: object) -> None:
        raise KeyError("two\nlines")

    monkeypatch.setattr(app, "app", fails)
    ended = regsweep("plan", flag)
    last = ended.err.splitlines()[-1]
    assert ended.code == 4
    assert last.startswith("regsweep: internal error: KeyError: 'two\\nlines'")
    assert ("Traceback" in ended.err) is traced


def test_the_kubectl_plugin_speaks_of_itself(regsweep: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def fails(*, prog_name: str) -> None:
        called.append(prog_name)
        raise RegsweepError("no")

    monkeypatch.setattr(app, "app", fails)
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-regsweep", "status"])
    with pytest.raises(SystemExit):
        cli.main()
    assert called == ["kubectl regsweep"]


def test_without_a_cluster_the_fix_is_said(regsweep: CommandLine) -> None:
    for arguments in (["status"], ["run", "nightly"], ["approve", "nightly-1"], ["report", "--run", "nightly-1"]):
        ended = regsweep(*arguments)
        assert ended.code == 2
        assert "--kubeconfig" in ended.err


def test_the_operator_must_be_told_what_to_watch(regsweep: CommandLine) -> None:
    assert regsweep("operator").code == 2
    assert regsweep("operator", "-A", "-n", "registry").code == 2


@pytest.mark.parametrize("arguments", [[], ["FILE", "--run", "x"]], ids=["neither", "both"])
def test_a_report_is_of_a_file_or_of_a_run(regsweep: CommandLine, arguments: list[str]) -> None:
    ended = regsweep("report", *arguments)
    assert ended.code == 2
    assert "--run" in ended.err


def test_a_report_can_come_from_standard_input(regsweep: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    ended = regsweep("report", "-")
    assert ended.code == 2
    assert "is not a report of version 1" in ended.err
