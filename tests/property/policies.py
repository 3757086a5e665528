"""Policies that nobody thought of, as they stand in YAML, so that a test can change them."""

from __future__ import annotations

from random import Random
from typing import Any

from regsweep.api.policy import PolicySpec
from tests.property.registries import rarely


def keep(rng: Random) -> dict[str, Any]:
    keep: dict[str, Any] = {}
    if rng.random() < 0.5:
        keep["youngerThan"] = rng.choice(["1d", "7d", "30d"])
    if not keep or rng.random() < 0.5:
        keep["latest"] = rng.choice([1, 1, 1, 2, 2, 3])
        orders = ["PushTime", "CreatedTime", "SemVer", "SemVer", "Numeric", "Alphabetical"]
        keep["orderBy"] = rng.choice(orders)
        if rarely(rng, 4):
            keep["per"] = r"/^(.*?)-[0-9a-f]{7,}$/"
    return keep


def rule(rng: Random, number: int) -> dict[str, Any]:
    return {
        "name": f"rule-{number}",
        "repositories": {
            "include": rng.choice([["**"], ["**"], ["**"], ["team/*"], ["base/**", "team/web"]]),
            "exclude": ["team/app"] if rarely(rng, 8) else [],
        },
        "tags": {
            "include": rng.choice([["*"]] * 5 + [["v*"], ["pr-*", "main*"], ["[0-9]*"]]),
            "exclude": rng.choice([[], [], [], ["stable"], ["*-rc*"]]),
        },
        "keep": keep(rng),
    }


def policy(rng: Random) -> dict[str, Any]:
    """Some rules, some protection, limits that let the whole plan pass."""
    if rarely(rng, 3):
        return bold_policy(rng)
    spec: dict[str, Any] = {
        "registry": {"url": "http://registry:5000"},
        "rules": [rule(rng, number) for number in range(rng.choice([1, 1, 1, 1, 1, 2, 2, 3, 0]))],
        "protect": {
            "tags": rng.choice([[]] * 5 + [["latest"], ["v*"]]),
            "repositories": ["base/**"] if rarely(rng, 8) else [],
        },
        "limits": {
            "minimumAge": rng.choice(["0s", "0s", "1h", "1h", "5d"]),
            "maxDeletionPercent": 100,
        },
    }
    if rarely(rng, 3):
        spec["untagged"] = {"olderThan": rng.choice(["1d", "30d"])}
    return spec


def bold_policy(rng: Random) -> dict[str, Any]:
    """One image of everything is enough."""
    order_by = rng.choice(["PushTime", "CreatedTime", "SemVer", "SemVer", "Numeric", "Alphabetical"])
    every = {"repositories": {"include": ["**"], "exclude": []}, "tags": {"include": ["*"], "exclude": []}}
    return {
        "registry": {"url": "http://registry:5000"},
        "rules": [{"name": "rule-0", **every, "keep": {"latest": 1, "orderBy": order_by}}],
        "protect": {"tags": [], "repositories": []},
        "limits": {"minimumAge": "0s", "maxDeletionPercent": 100},
    }


def spec_of(policy: dict[str, Any]) -> PolicySpec:
    return PolicySpec.model_validate(policy)
