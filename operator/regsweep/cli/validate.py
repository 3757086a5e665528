"""`regsweep validate`: an offline check of policy files, for CI in the repository that holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import yaml

from regsweep.cli import options
from regsweep.cli.files import policies
from regsweep.cli.outcome import exit_code
from regsweep.cli.terminal import emit
from regsweep.errors import InvalidInput, PolicyInvalid, door


@dataclass(frozen=True, slots=True)
class Finding:
    """What is said of one policy, or of a file that holds none."""

    file: str
    policy: str
    problems: tuple[tuple[str, str], ...] = ()

    def line(self) -> str:
        said = "; ".join(f"{field}: {message}" if field else message for field, message in self.problems)
        return f"{self.file}: {said or f'{self.policy} is valid'}"

    def document(self) -> dict[str, object]:
        problems = [{"field": field, "message": message} for field, message in self.problems]
        return {"file": self.file, "policy": self.policy, "valid": not problems, "problems": problems}


def validate(
    filename: Annotated[
        list[Path],
        typer.Option(
            "--filename", "-f", metavar="FILE", help="A file with policies; may be repeated; - is standard input."
        ),
    ],
    output: options.OutputFormat = options.Output.TEXT,
) -> None:
    """Check policy files without a registry and without a cluster. Exit code 2 when one is refused.

    \b
    Example:
      regsweep validate -f policies/nightly.yaml -f policies/weekly.yaml
    """
    found = [finding for path in filename for finding in _check(path)]
    document = {"version": 1, "files": [finding.document() for finding in found]}
    if output is options.Output.TEXT:
        emit("\n".join(finding.line() for finding in found))
    elif output is options.Output.JSON:
        emit(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        emit(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    if any(finding.problems for finding in found):
        raise typer.Exit(exit_code(door(InvalidInput("")).reason))


def _check(path: Path) -> list[Finding]:
    try:
        found = policies(path)
        if not found:
            raise PolicyInvalid([("", "holds no RegistryCleanupPolicy")])
    except PolicyInvalid as error:
        return [Finding(str(path), "", tuple(error.problems))]
    except InvalidInput as error:
        return [Finding(str(path), "", (("", str(error).removeprefix(f"{path}: ")),))]
    return [Finding(str(path), policy.metadata.name) for policy in found]
