"""python -m tests.chart: write deploy/operator.yaml and deploy/registry-namespace/role.yaml anew."""

from __future__ import annotations

from tests.chart.rendering import ROOT, manifests

for path, text in manifests().items():
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / path).write_text(text)
