"""The run of a slot: its name, its owner, and what it is to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.api.load import load_policy
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.controller.ownership import policy_label
from regsweep.controller.slots import Slot, run_of
from tests.unit.controller.world import SPEC

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def policy(name: str = "nightly", **spec: Any) -> RegistryCleanupPolicy:
    meta = {"name": name, "namespace": "team", "uid": "uid-1"}
    document = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy", "metadata": meta}
    return load_policy({**document, "spec": {**SPEC, **spec}})


OWN = {"garbageCollection": {"mode": "ReadOnly", "schedule": "0 4 * * 0"}}
RUNS: dict[str, tuple[dict[str, Any], bool, str, str]] = {
    "collects where it has deleted": ({}, False, "nightly-29923380", "Auto"),
    "leaves collecting to its own schedule": (OWN, False, "nightly-29923380", "Skip"),
    "only collects": (OWN, True, "nightly-29923380-collect", "Only"),
}


@pytest.mark.parametrize(("spec", "collect_only", "name", "collect"), RUNS.values(), ids=RUNS)
def test_the_run_of_a_slot(spec: dict[str, Any], collect_only: bool, name: str, collect: str) -> None:
    run = run_of(policy(**spec), Slot(AT, collect_only))
    assert (run["metadata"]["name"], run["spec"]) == (name, {"policyRef": {"name": "nightly"}, "collect": collect})


def test_a_long_name_fits_into_a_run_and_into_a_label() -> None:
    one, other = "a" * 253, "a" * 252 + "b"
    assert len(run_of(policy(one), Slot(AT, True))["metadata"]["name"]) <= 253
    assert len(policy_label(one)) == 63
    assert policy_label(one) != policy_label(other)
    assert policy_label("nightly") == "nightly"
