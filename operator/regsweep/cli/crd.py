"""`regsweep crd`: the CustomResourceDefinitions as YAML, and the two committed files that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from regsweep.api.crd import crds
from regsweep.errors import InvalidInput

MANIFEST = Path("deploy/crds.yaml")
TEMPLATE = Path("charts/regsweep/templates/crds.yaml")

_HEADER = "# Made from operator/regsweep/api by `regsweep crd --write`: change the models, not this file.\n"
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
        bool, typer.Option("--write", help="Write them into deploy/ and charts/ of this source tree.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if deploy/ or charts/ hold something else.")] = False,
) -> None:
    """Print the CustomResourceDefinitions. `--write` and `--check` work in a source tree of regsweep."""
    if not write and not check:
        typer.echo(manifest(), nl=False)
        return
    if not TEMPLATE.parent.is_dir():
        raise InvalidInput(f"{TEMPLATE.parent} is not here: run `regsweep crd --write` in the source tree of regsweep")
    stale = {path: text for path, text in rendered().items() if not path.is_file() or path.read_text() != text}
    for path, text in stale.items():
        if write:
            path.write_text(text)
        typer.echo(
            f"{path}: {'written' if write else 'is not what the models say: run `regsweep crd --write`'}", err=True
        )
    if stale and not write:
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


class _Plain(yaml.SafeDumper):
    """Writes a value that occurs twice twice: Kubernetes' tools read no YAML aliases in templates."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True
