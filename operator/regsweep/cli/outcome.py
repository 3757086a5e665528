"""The end of a command: the report on standard output or in files, and the exit code."""

from __future__ import annotations

from pathlib import Path

import typer
import yaml

from regsweep.cli.files import write_text
from regsweep.cli.options import Output
from regsweep.core.outcome import RunRecord
from regsweep.core.report.document import Report, to_json, to_report
from regsweep.core.report.html import render as render_html
from regsweep.core.report.text import render as render_text
from regsweep.errors import DOORS

_EXIT = {entry.reason: entry.exit_code for entry in DOORS.values()}


def exit_code(reason: str) -> int:
    """0 for a run that reached its end, else the code of the error whose reason it is."""
    return _EXIT.get(reason, 0)


def show(report: Report, output: Output, *, details: bool = False, html: Path | None = None) -> None:
    """Print the report in the wanted format, and write the page where one is wanted."""
    if html is not None:
        write_text(html, render_html(report))
    if output is Output.JSON:
        typer.echo(to_json(report))
    elif output is Output.YAML:
        typer.echo(yaml.safe_dump(report.model_dump(mode="json", by_alias=True), sort_keys=False), nl=False)
    else:
        typer.echo(render_text(report, details=details), nl=False)


def finish(record: RunRecord, output: Output, *, details: bool, html: Path | None) -> None:
    """Show the record and leave with its exit code."""
    show(to_report(record), output, details=details, html=html)
    if code := exit_code(record.reason):
        typer.echo(f"regsweep: {record.message}", err=True)
        raise typer.Exit(code)
