"""`regsweep validate`: an offline check of policy files, for CI in the repository that holds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml

from regsweep.cli import options
from regsweep.cli.against import Named, compare
from regsweep.cli.files import policies
from regsweep.cli.outcome import exit_code
from regsweep.cli.terminal import emit
from regsweep.core.comparison.document import FilePart, ProblemPart, Validation
from regsweep.core.comparison.text import file_line, render
from regsweep.errors import InvalidInput, PolicyInvalid, Refused, door


def validate(
    filename: Annotated[
        list[Path],
        typer.Option(
            "--filename", "-f", metavar="FILE", help="A file with policies; may be repeated; - is standard input."
        ),
    ],
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="Say what the policies would change on this saved inventory; may be repeated.",
        ),
    ] = None,
    before: Annotated[
        list[Path] | None,
        typer.Option(
            "--before",
            metavar="FILE",
            help="The policies as they were; without it, the one in the inventory. May be repeated.",
        ),
    ] = None,
    fail_over: Annotated[
        int | None,
        typer.Option("--fail-over", metavar="N", min=0, help="Exit code 3 when more than N tags newly go."),
    ] = None,
    output: options.OutputFormat = options.Output.TEXT,
) -> None:
    """Check policy files without a registry and without a cluster. Exit code 2 when one is refused.

    With --against it says what a change would do: which tags newly go, and which are newly kept. The inventory is what
    `regsweep plan --save-inventory` wrote.

    \b
    Examples:
      regsweep validate -f policies/nightly.yaml -f policies/weekly.yaml
      regsweep validate -f policies/nightly.yaml --against inventory.gz --fail-over 100
      regsweep validate -f nightly.yaml --before main/nightly.yaml --against inventory.gz
    """
    if not against and (before or fail_over is not None):
        raise InvalidInput("--before and --fail-over speak of a comparison: name a saved inventory with --against")
    checked = [_check(path) for path in filename]
    files = tuple(part for parts, _ in checked for part in parts)
    valid = all(part.valid for part in files)
    given = [named for _, found in checked for named in found]
    found = tuple(compare(given, against, before or [])) if against and valid else ()
    _show(Validation(files=files, comparisons=found), output)
    if not valid:
        raise typer.Exit(exit_code(door(InvalidInput("")).reason))
    gone = sum(len(each.newly_gone) for each in found)
    if fail_over is not None and gone > fail_over:
        raise Refused(f"{gone} tags newly go, and --fail-over allows {fail_over}")


def _show(document: Validation, output: options.Output) -> None:
    if output is options.Output.TEXT:
        emit("\n".join(file_line(part) for part in document.files))
        for each in document.comparisons:
            emit("\n" + render(each))
        return
    plain = document.model_dump(mode="json", by_alias=True)
    if output is options.Output.JSON:
        emit(json.dumps(plain, indent=2, ensure_ascii=False))
    else:
        emit(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


def _check(path: Path) -> tuple[list[FilePart], list[Named]]:
    try:
        found = policies(path)
        if not found:
            raise PolicyInvalid([("", "holds no RegistryCleanupPolicy")])
    except PolicyInvalid as error:
        problems = tuple(ProblemPart(field=field, message=message) for field, message in error.problems)
        return [FilePart(file=str(path), policy="", valid=False, problems=problems)], []
    except InvalidInput as error:
        said = ProblemPart(field="", message=str(error).removeprefix(f"{path}: "))
        return [FilePart(file=str(path), policy="", valid=False, problems=(said,))], []
    parts = [FilePart(file=str(path), policy=each.metadata.name, valid=True, problems=()) for each in found]
    return parts, [Named(str(path), each) for each in found]
