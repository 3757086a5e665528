"""A repository of versions, and explanations of what is in it."""

from __future__ import annotations

from typing import Any

from regsweep.core.explain import Case, Explanation, explain
from regsweep.core.explain.explanation import About
from regsweep.core.inventory import NOTHING_IN_USE, InUse
from tests.unit.core.shelf import NOW, Shelf, policy

ABOUT = About("http://registry:5000", "nightly", "inventory")
RELEASES: dict[str, Any] = {"name": "releases", "tags": {"include": ["v*"]}, "keep": {"latest": 2, "orderBy": "SemVer"}}
REST: dict[str, Any] = {"name": "rest", "keep": {"youngerThan": "7d"}}


def shelf_of_versions() -> Shelf:
    shelf = Shelf()
    for number in range(1, 7):
        shelf.image(f"v{number}", 60 - number)
        shelf.tag(f"v{number}.0.0", f"v{number}")
    return shelf


def explained(shelf: Shelf, tag: str | None, in_use: InUse = NOTHING_IN_USE, **spec: Any) -> Explanation:
    rules = spec.pop("rules", [RELEASES, REST])
    case = Case.of(shelf.repository(), policy(*rules, **spec), in_use, NOW)
    return explain(case, tag, case.tags[tag].digest if tag else None, ABOUT)
