"""`regsweep report`: the record of a run, from a file or from the cluster, as text, JSON, YAML or HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regsweep.cli import options
from regsweep.cli.cluster import connected, get_run
from regsweep.cli.files import read_text
from regsweep.cli.outcome import show
from regsweep.cli.spread import spread
from regsweep.cli.stored import stored_report
from regsweep.core.report.document import Report, from_json
from regsweep.errors import InvalidInput

_MAXIMUM_REPORT_BYTES = 256 << 20


@spread
def report(
    *,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A report that -o json wrote; - is standard input.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="NAME", help="A run in the cluster, instead.")] = None,
    namespace: options.Namespace = None,
    output: options.OutputFormat = options.Output.TEXT,
    html: options.Html = None,
    verbose: options.Verbose = 0,
    cluster: options.ClusterLogin,
) -> None:
    """Show the record of a run: what went, what stays and why, what was freed, what is proven.

    \b
    Examples:
      regsweep apply -f policy.yaml --yes -o json > run.json;  regsweep report run.json --html run.html
      regsweep report --run nightly-x7k2p -n registry -v
    """
    if (file is None) == (run is None):
        raise InvalidInput(
            "name one of both: a FILE that `-o json` wrote, or --run with the name of a run in the cluster"
        )
    found = _from_file(file) if file else _from_cluster(cluster, namespace, str(run))
    show(found, output, details=verbose > 0, html=html)


def _from_file(file: Path) -> Report:
    try:
        return from_json(read_text(file, _MAXIMUM_REPORT_BYTES))
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}") from None


def _from_cluster(cluster: options.ClusterLogin, namespace: str | None, name: str) -> Report:
    with connected(cluster) as api:
        return stored_report(api, get_run(api, namespace or api.namespace, name))
