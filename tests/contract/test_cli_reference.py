"""docs/cli.md holds what every command says of itself. Write it anew: python tests/contract/test_cli_reference.py"""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from regsweep.cli.app import app
from regsweep.errors import DOORS

PAGE = Path(__file__).parents[2] / "docs/cli.md"
BEGIN, END = "<!-- what each command says of itself, by tests/contract/test_cli_reference.py -->\n", "<!-- end -->\n"
COMMANDS = (
    "plan", "apply", "explain", "restore", "validate", "report", "demo", "status", "run", "approve", "lift", "guard",
    "operator", "crd", "version",
)  # fmt: skip


def reference() -> str:
    return "\n".join(f"### regsweep {name}\n\n```text\n{_help(name)}\n```\n" for name in COMMANDS)


def _help(name: str) -> str:
    result = CliRunner().invoke(app, [name, "--help"], prog_name="regsweep", env={"COLUMNS": "110"})
    assert result.exit_code == 0
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def test_the_page_holds_what_every_command_says() -> None:
    assert PAGE.read_text().split(BEGIN)[1].split(END)[0].strip() == reference().strip()


def test_the_page_names_every_exit_code_and_no_other() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)}
    assert codes == {0, *(door.exit_code for door in DOORS.values())}


def test_the_page_names_every_error_at_its_exit_code() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", PAGE.read_text(), re.MULTILINE))
    missing = [door.reason for door in DOORS.values() if f"`{door.reason}`" not in rows[str(door.exit_code)]]
    assert missing == []


if __name__ == "__main__":
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{reference()}\n{END}{rest.split(END)[1]}")
