"""The commands by name. Each lives in its own module."""

from __future__ import annotations

from typing import Annotated

import typer

from regsweep import __version__
from regsweep.cli.apply import apply
from regsweep.cli.approve import approve
from regsweep.cli.crd import crd
from regsweep.cli.demo import demo
from regsweep.cli.explain import explain
from regsweep.cli.lift import guard, lift
from regsweep.cli.operator import operator
from regsweep.cli.plan import plan
from regsweep.cli.report import report
from regsweep.cli.restore import restore
from regsweep.cli.run import run
from regsweep.cli.status import status
from regsweep.cli.terminal import emit
from regsweep.cli.validate import validate

app = typer.Typer(
    help="Keep a self-hosted container registry small, and never lose an image that was to be kept.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 done in part, 2 invalid input, 3 refused, 4 unreachable or denied, "
    "5 images damaged, 130 interrupted.",
)


def _version(value: bool) -> None:
    if value:
        version()
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """What holds for every command."""


@app.command()
def version() -> None:
    """Print the version."""
    emit(f"regsweep {__version__}")


for command in (plan, apply, explain, restore, validate, report, demo):
    app.command(rich_help_panel=None)(command)
for command in (status, run, approve, lift, guard, operator, crd):
    app.command()(command)
