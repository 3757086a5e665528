"""`regsweep validate`: an offline check of policy files, for CI in the repository that holds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from regsweep.cli import options
from regsweep.cli.files import policies
from regsweep.errors import InvalidInput, PolicyInvalid


def validate(
    filename: Annotated[list[Path], typer.Option("--filename", "-f", help="A file with policies; may be repeated.")],
    output: options.OutputFormat = options.Output.TEXT,
) -> None:
    """Check policy files without a registry and without a cluster. Exit code 2 when one is refused."""
    results = [result for path in filename for result in _check(path)]
    if output is options.Output.TEXT:
        for item in results:
            problems = "; ".join(f"{field}: {message}" if field else message for field, message in item["problems"])
            typer.echo(f"{item['file']}: {problems or item['policy'] + ' is valid'}")
    else:
        typer.echo(json.dumps({"version": 1, "files": results}, indent=2))
    if any(item["problems"] for item in results):
        raise typer.Exit(2)


def _check(path: Path) -> list[dict[str, object]]:
    try:
        found = policies(path)
        if not found:
            raise InvalidInput("holds no RegistryCleanupPolicy")
    except PolicyInvalid as error:
        return [{"file": str(path), "policy": "", "problems": error.problems}]
    except InvalidInput as error:
        return [{"file": str(path), "policy": "", "problems": [("", str(error))]}]
    return [{"file": str(path), "policy": policy.metadata.name, "problems": []} for policy in found]
