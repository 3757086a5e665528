"""The chart as Helm renders it, and the plain manifests in deploy/ that are made from it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.parts.build import build

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/regsweep"
OPERATOR = Path("deploy/operator.yaml")
REGISTRY_ROLE = Path("deploy/registry-namespace/role.yaml")

_HEADER = "# Made from charts/regsweep by `python -m tests.chart`: change the chart, not this file.\n"
_ONLY_HELMS = {"helm.sh/chart", "app.kubernetes.io/managed-by"}

Document = dict[str, Any]


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Helm's answer; its exit code is the caller's to look at."""
    return subprocess.run([str(build("helm")), *arguments], capture_output=True, text=True, check=False)


def rendered(*arguments: str, **values: Any) -> list[Document]:
    """The documents of a release called regsweep in the namespace regsweep, without hooks. Values as in values.yaml."""
    answer = template("--no-hooks", *arguments, **values)
    assert answer.returncode == 0, answer.stderr
    return [document for document in yaml.safe_load_all(answer.stdout) if document]


def template(*arguments: str, **values: Any) -> subprocess.CompletedProcess[str]:
    """`helm template`, successful or not."""
    chosen = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    return helm("template", "regsweep", str(CHART), "--namespace", "regsweep", *chosen, *arguments)


def manifests() -> dict[Path, str]:
    """The files in deploy/ that hold what the chart makes, by their path in the source tree."""
    everything = [_plain(each) for each in rendered(registryNamespaces=["registry"], crds={"install": False})]
    beside_registry = [each for each in everything if each["metadata"].get("namespace") == "registry"]
    operator = [each for each in everything if each not in beside_registry]
    return {OPERATOR: _HEADER + _stream(operator), REGISTRY_ROLE: _HEADER + _stream(beside_registry)}


def _plain(document: Document) -> Document:
    labels = document["metadata"].get("labels", {})
    document["metadata"]["labels"] = {key: value for key, value in labels.items() if key not in _ONLY_HELMS}
    return document


def _stream(documents: list[Document]) -> str:
    return "".join("---\n" + yaml.safe_dump(each, sort_keys=False, width=120) for each in documents)
