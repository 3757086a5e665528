"""`regsweep crd`: the CustomResourceDefinitions as YAML, and the two committed files that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from regsweep.api.crd import crds

MANIFEST = Path("deploy/crds.yaml")
TEMPLATE = Path("charts/regsweep/templates/crds.yaml")

_HEADER = "# Made from operator/regsweep/api by `regsweep crd --write .`: change the models, not this file.\n"
_METADATA = "metadata:\n"
_KEEP = """\
metadata:
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
"""


def crd(
    write: Annotated[
        Path | None,
        typer.Option(metavar="ROOT", file_okay=False, help="Write them into this source tree: deploy/ and the chart."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="With --write: change nothing, exit 1 on a difference.")
    ] = False,
) -> None:
    """Print the CustomResourceDefinitions."""
    if write is None:
        typer.echo(manifest(), nl=False)
        return
    stale = [path for path, text in rendered().items() if not _holds(write / path, text)]
    for path in stale:
        if not check:
            (write / path).parent.mkdir(parents=True, exist_ok=True)
            (write / path).write_text(rendered()[path])
        typer.echo(
            f"{path}: {'is not what the models say: run `regsweep crd --write .`' if check else 'written'}", err=True
        )
    if check and stale:
        raise typer.Exit(1)


def rendered() -> dict[Path, str]:
    """Every committed file that holds the definitions, by its path in the source tree."""
    return {MANIFEST: manifest(), TEMPLATE: chart_template()}


def manifest() -> str:
    """The definitions as one YAML stream, for `kubectl apply --server-side -f`."""
    return _HEADER + _stream(crds())


def chart_template() -> str:
    """The same definitions as a template of the chart: installed and kept as its values say. No other braces are in
    them.
    """
    text = _stream(crds())
    if "{{" in text:
        raise ValueError("a description holds {{, which Helm would read as a template")
    comment = "{{- /* " + _HEADER.removeprefix("# ").strip() + " */}}\n"
    return comment + "{{- if .Values.crds.install }}\n" + text.replace("\n" + _METADATA, "\n" + _KEEP) + "{{- end }}\n"


def _stream(documents: Iterable[Mapping[str, Any]]) -> str:
    return "".join("---\n" + yaml.dump(each, Dumper=_Plain, sort_keys=False, width=120) for each in documents)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


class _Plain(yaml.SafeDumper):
    """Writes a value that occurs twice twice: Kubernetes' tools read no YAML aliases in templates."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True
