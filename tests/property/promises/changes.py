"""What must hold between two plans: of less knowledge, of a stricter policy."""

from __future__ import annotations

import dataclasses
from typing import Any

from regsweep.core.inventory import InUse
from tests.property.engine import Decided, Forgotten, condemned
from tests.property.reading import families
from tests.property.strategies import Case


def unknown_only_protects(case: Case, decided: Decided) -> None:
    """Whatever age is forgotten, nothing goes that stayed before: neither for want of a date where a first sight is
    left, nor for want of both. An index and its platforms stand in for each other: their dates are forgotten together.
    """
    everything = sorted({digest for room in case.world.rooms.values() for digest in room.revisions})
    before = decided.all_condemned()
    for some in [everything, everything[::2], everything[1::3]]:
        whole = families(case.world, some)
        for forgotten in (Forgotten(dates=whole), Forgotten(whole, whole), Forgotten(sights=whole)):
            assert condemned(case, forgotten) <= before


def more_protection_never_deletes_more(case: Case, decided: Decided) -> None:
    before = decided.all_condemned()
    for policy in stricter(case.policy):
        assert condemned(dataclasses.replace(case, policy=policy)) <= before
    for name, room in case.world.rooms.items():
        for tag in list(room.tags)[:2]:
            used = InUse({**case.in_use.tags, (name, tag): "Pod e/f"}, case.in_use.digests)
            assert condemned(dataclasses.replace(case, in_use=used)) <= before


def stricter(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The policy with one keep criterion, one rule that keeps or one protection more."""
    found = []
    for rule in policy["rules"]:  # for its repositories: `untagged` goes where any rule goes
        tags = {"include": ["v*", "sha*"], "exclude": []}
        keeps = {**rule, "name": "keeps", "tags": tags, "keep": {"youngerThan": "20000d"}}
        found.append({**policy, "rules": [keeps, *policy["rules"]]})
    for number, rule in enumerate(policy["rules"]):
        keep = rule["keep"]
        changes: list[dict[str, Any]] = (
            [{"latest": 2, "orderBy": "SemVer"}] if "latest" not in keep else [{"latest": 4}]
        )
        changes.append({"youngerThan": "45d"})
        for change in changes:
            rules = [*policy["rules"]]
            rules[number] = {**rule, "keep": {**keep, **change}}
            found.append({**policy, "rules": rules})
    protect = policy["protect"]
    found.append({**policy, "protect": {**protect, "tags": [*protect["tags"], "pr-*"]}})
    found.append({**policy, "protect": {**protect, "repositories": [*protect["repositories"], "team/app"]}})
    found.append({**policy, "limits": {**policy["limits"], "minimumAge": "20d"}})
    found.append({key: value for key, value in policy.items() if key != "untagged"})
    return found
