"""The policies in tests/data/policies, with the answer that each expects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "data" / "policies"


@dataclass(frozen=True, slots=True)
class Case:
    """One file. `field`, `says` and `by` are empty for a valid policy."""

    name: str
    text: str
    field: str
    says: str
    by: str

    @property
    def document(self) -> dict[str, Any]:
        return yaml.safe_load(self.text)


def cases(folder: str) -> list[Case]:
    """The files of `valid`, `invalid` or `invalid-operator`, by name."""
    return [_case(path) for path in sorted((FOLDER / folder).glob("*.yaml"))]


def _case(path: Path) -> Case:
    text = path.read_text()
    marks = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# ") and ": " in line)
    return Case(path.stem, text, marks.get("field", ""), marks.get("says", ""), marks.get("by", ""))
