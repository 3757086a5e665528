"""`regsweep report`: the record of a run that was kept as JSON, as text, JSON or HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regsweep.cli import options
from regsweep.cli.files import read_text
from regsweep.cli.outcome import show
from regsweep.core.report.document import from_json

_MAXIMUM_REPORT_BYTES = 256 << 20


def report(
    file: Annotated[Path, typer.Argument(help="A report that `-o json` wrote; - reads standard input.")],
    output: options.OutputFormat = options.Output.TEXT,
    html: options.Html = None,
    verbose: options.Verbose = 0,
) -> None:
    """Show the record of a run again."""
    show(from_json(read_text(file, _MAXIMUM_REPORT_BYTES)), output, details=verbose > 0, html=html)
