"""The end of a command: the report on standard output or in files, and the exit code."""

from __future__ import annotations

from pathlib import Path

import typer
import yaml

from regsweep.cli.files import write_text
from regsweep.cli.options import Output, Showing
from regsweep.cli.terminal import emit, say
from regsweep.core.outcome import RunRecord
from regsweep.core.report.document import Report, to_json, to_report
from regsweep.core.report.text import render as render_text
from regsweep.errors import DOORS

_EXIT = {entry.reason: entry.exit_code for entry in DOORS.values()}


def exit_code(reason: str) -> int:
    """0 for a run that reached its end, else the code of the error whose reason it is."""
    return _EXIT.get(reason, 0)


def show(report: Report, output: Output, *, details: bool = False, html: Path | None = None) -> None:
    """Print the report in the wanted format, and write the page where one is wanted."""
    if html is not None:
        from regsweep.core.report.html import render as render_html

        write_text(html, render_html(report))
    emit(formatted(report, output) if output is not Output.TEXT else render_text(report, details=details))


def formatted(report: Report, output: Output) -> str:
    """As JSON, or the same document as YAML."""
    if output is Output.JSON:
        return to_json(report)
    return yaml.safe_dump(report.model_dump(mode="json", by_alias=True), sort_keys=False, allow_unicode=True)


def finish(record: RunRecord, showing: Showing) -> None:
    """Show the record and leave with its exit code."""
    show(to_report(record), showing.output, details=showing.verbose > 0, html=showing.html)
    if code := exit_code(record.reason):
        say(f"regsweep: {record.message}")
        raise typer.Exit(code)
