"""Single changes of a policy, in words and done. One that makes no valid policy, or the same one, is no edit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from regsweep.api.policy import PolicySpec, Rule
from regsweep.core.explain.chain import matching

NEW_RULE = "only-this"


@dataclass(frozen=True, slots=True)
class Edit:
    """`spec` is the policy with the change that `text` names."""

    text: str
    spec: PolicySpec


Made = Edit | None


def keep_latest(spec: PolicySpec, rule: Rule, latest: int) -> Made:
    text = f"rules[{rule.name}].keep.latest: {rule.keep.latest} -> {latest}"
    return _edited(spec, text, lambda document: _keep(document, rule).update(latest=latest))


def younger_than(spec: PolicySpec, rule: Rule, duration: str | None) -> Made:
    if duration is None:
        return None
    text = f"rules[{rule.name}].keep.youngerThan: {rule.keep.younger_than or 'none'} -> {duration}"
    return _edited(spec, text, lambda document: _keep(document, rule).update(youngerThan=duration))


def only_younger_than(spec: PolicySpec, rule: Rule, duration: str | None) -> Made:
    """No image by its place, and what is younger than `duration`."""
    if duration is None:
        return None
    younger = f", youngerThan: {rule.keep.younger_than}" if rule.keep.younger_than is not None else ""
    after = f"{{latest: 0, youngerThan: {duration}}}"
    text = f"rules[{rule.name}].keep: {{latest: {rule.keep.latest}{younger}}} -> {after}"
    return _edited(spec, text, lambda document: _keep(document, rule).update(latest=0, youngerThan=duration))


def exclude_tag(spec: PolicySpec, rule: Rule, tag: str) -> Made:
    def change(document: dict[str, Any]) -> None:
        selector = _rule(document, rule).setdefault("tags", {})
        selector["exclude"] = [*selector.get("exclude", []), tag]

    return _edited(spec, f"rules[{rule.name}].tags.exclude += [{json.dumps(tag)}]", change)


def move_before(spec: PolicySpec, rule: Rule, other: Rule) -> Made:
    def change(document: dict[str, Any]) -> None:
        rules = document["rules"]
        moved = rules.pop(_at(document, rule))
        rules.insert(_at(document, other), moved)

    return _edited(spec, f"rules: move {rule.name} before {other.name}", change)


def first_rule(spec: PolicySpec, repository: str, tag: str, duration: str | None) -> Made:
    """A rule for this tag alone, before all others; where another tag has got one already, that takes this one too."""
    if duration is None:
        return None
    if spec.rules and spec.rules[0].name == NEW_RULE:
        return _include_tag(spec, spec.rules[0], tag)
    name, quoted = json.dumps(repository), json.dumps(tag)
    text = (
        f"rules: put first {{name: {NEW_RULE}, repositories: {{include: [{name}]}}, tags: {{include: [{quoted}]}}, "
        f"keep: {{youngerThan: {duration}}}}}"
    )
    rule = {
        "name": NEW_RULE,
        "repositories": {"include": [repository]},
        "tags": {"include": [tag]},
        "keep": {"youngerThan": duration},
    }
    return _edited(spec, text, lambda document: document.update(rules=[rule, *document.get("rules", [])]))


def _include_tag(spec: PolicySpec, rule: Rule, tag: str) -> Made:
    def change(document: dict[str, Any]) -> None:
        _rule(document, rule)["tags"]["include"].append(tag)

    return _edited(spec, f"rules[{rule.name}].tags.include += [{json.dumps(tag)}]", change)


def protect_tag(spec: PolicySpec, tag: str) -> Made:
    def change(document: dict[str, Any]) -> None:
        protect = document.setdefault("protect", {})
        protect["tags"] = [*protect.get("tags", []), tag]

    return _edited(spec, f"protect.tags += [{json.dumps(tag)}]", change)


def unprotect(spec: PolicySpec, field: str, name: str) -> Made:
    """Without the patterns of `protect.tags` or `protect.repositories` that match `name`."""
    patterns = spec.protect.tags if field == "tags" else spec.protect.repositories
    out = {str(pattern) for pattern in matching(patterns, name)}
    left = [str(pattern) for pattern in patterns if str(pattern) not in out]
    text = f"protect.{field} -= [{', '.join(json.dumps(pattern) for pattern in sorted(out))}]"
    return _edited(spec, text, lambda document: document["protect"].update({field: left}))


def minimum_age(spec: PolicySpec, duration: str | None) -> Made:
    if duration is None:
        return None
    text = f"limits.minimumAge: {spec.limits.minimum_age} -> {duration}"
    return _edited(spec, text, lambda document: document.setdefault("limits", {}).update(minimumAge=duration))


def untagged(spec: PolicySpec, duration: str | None) -> Made:
    if duration is None:
        return None
    before = spec.untagged.older_than if spec.untagged is not None else "none"
    return _edited(
        spec,
        f"untagged.olderThan: {before} -> {duration}",
        lambda document: document.update(untagged={"olderThan": duration}),
    )


def no_untagged(spec: PolicySpec) -> Made:
    return _edited(spec, "untagged: remove it", lambda document: document.pop("untagged", None))


def at_most(age: timedelta) -> str | None:
    """The longest round duration that is not longer than `age`; None for less than a second."""
    for unit, size in _UNITS:
        if age >= size:
            return f"{age // size}{unit}"
    return None


def more_than(age: timedelta) -> str:
    """A round duration that is a little longer than `age`."""
    for unit, size in _UNITS:
        if age >= size:
            return f"{age // size + 1}{unit}"
    return "1s"


_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)), ("s", timedelta(seconds=1)))


def _edited(spec: PolicySpec, text: str, change: Callable[[dict[str, Any]], object]) -> Made:
    document = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    change(document)
    try:
        made = PolicySpec.model_validate(document)
    except ValidationError:
        return None
    return None if made == spec else Edit(text, made)


def _at(document: dict[str, Any], rule: Rule) -> int:
    return next(at for at, each in enumerate(document["rules"]) if each["name"] == rule.name)


def _rule(document: dict[str, Any], rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = document["rules"][_at(document, rule)]
    return found


def _keep(document: dict[str, Any], rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = _rule(document, rule)["keep"]
    return found
