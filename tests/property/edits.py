"""A change of policy as `explain` prints it, done by hand to the YAML: a second reading of its words."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import yaml


def named(policy: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(each for each in policy["rules"] if each["name"] == rule)


def keep(policy: dict[str, Any], rule: str, **criteria: Any) -> None:
    named(policy, rule)["keep"].update(criteria)


def move(policy: dict[str, Any], rule: str, other: str) -> None:
    moved = named(policy, rule)
    policy["rules"].remove(moved)
    policy["rules"].insert(policy["rules"].index(named(policy, other)), moved)


def add(holder: dict[str, Any], field: str, patterns: list[str]) -> None:
    holder[field] = [*holder.get(field, []), *patterns]


def take(holder: dict[str, Any], field: str, patterns: list[str]) -> None:
    assert set(patterns) <= set(holder[field])
    holder[field] = [pattern for pattern in holder[field] if pattern not in patterns]


FORMS: dict[str, Callable[[dict[str, Any], Any, Any], object]] = {
    r"rules\[(?P<rule>.+)\]\.keep\.latest: \d+ -> (?P<value>\d+)": lambda policy, rule, value: keep(
        policy, rule, latest=value
    ),
    r"rules\[(?P<rule>.+)\]\.keep\.youngerThan: \w+ -> (?P<value>\w+)": lambda policy, rule, value: keep(
        policy, rule, youngerThan=value
    ),
    r"rules\[(?P<rule>.+)\]\.keep: \{.+\} -> (?P<value>\{.+\})": lambda policy, rule, value: keep(
        policy, rule, **value
    ),
    r"rules\[(?P<rule>.+)\]\.tags\.exclude \+= (?P<value>.+)": lambda policy, rule, value: add(
        named(policy, rule).setdefault("tags", {}), "exclude", value
    ),
    r"rules\[(?P<rule>.+)\]\.tags\.include \+= (?P<value>.+)": lambda policy, rule, value: add(
        named(policy, rule)["tags"], "include", value
    ),
    r"rules: put first (?P<value>.+)": lambda policy, _, value: policy.setdefault("rules", []).insert(0, value),
    r"rules: move (?P<rule>.+) before (?P<value>.+)": move,
    r"protect\.(?P<rule>tags) \+= (?P<value>.+)": lambda policy, field, value: add(
        policy.setdefault("protect", {}), field, value
    ),
    r"protect\.(?P<rule>tags|repositories) -= (?P<value>.+)": lambda policy, field, value: take(
        policy["protect"], field, value
    ),
    r"limits\.minimumAge: \w+ -> (?P<value>\w+)": lambda policy, _, value: policy.setdefault("limits", {}).update(
        minimumAge=value
    ),
    r"untagged\.olderThan: \w+ -> (?P<value>\w+)": lambda policy, _, value: policy.update(
        untagged={"olderThan": value}
    ),
    r"(?P<value>untagged): remove it": lambda policy, _, value: policy.pop(value),
}


def done(policy: dict[str, Any], edit: str) -> dict[str, Any]:
    """`policy`, as it stands in YAML, after the edit. Fails for words that nobody understands."""
    (found, change), *more = [(m, change) for form, change in FORMS.items() if (m := re.fullmatch(form, edit))]
    assert not more
    changed = copy.deepcopy(policy)
    change(changed, found.groupdict().get("rule"), yaml.safe_load(found["value"]))
    return changed
