"""The documents say what is so: every policy and run in them is valid, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from regsweep.api.load import load_policy
from regsweep.api.run import RegistryCleanupRun

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")

SAMPLES = [
    pytest.param(document, id=f"{path.name}-{number}")
    for path in DOCUMENTS
    for number, fence in enumerate(FENCE.findall(path.read_text()))
    for document in yaml.safe_load_all(fence)
    if isinstance(document, dict) and str(document.get("apiVersion", "")).startswith("regsweep.dev/")
]


@pytest.mark.parametrize("document", SAMPLES)
def test_every_object_in_the_documents_is_valid(document: dict[str, object]) -> None:
    if document["kind"] == "RegistryCleanupPolicy":
        assert load_policy(document).spec.registry.url
    else:
        assert RegistryCleanupRun.model_validate(document | {"metadata": {"name": "x"}}).spec.policy_ref.name


def test_there_are_samples() -> None:
    assert len(SAMPLES) >= 3


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    targets = [target for target in LINK.findall(path.read_text()) if not (path.parent / target).exists()]
    assert targets == []
