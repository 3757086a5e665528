"""What a policy's conditions say, from what is known about it. Values only."""

from __future__ import annotations

from regsweep.api.policy import CollectMode, LastRun, Mode, PolicySpec
from regsweep.api.run import RegistryCleanupRun
from regsweep.controller.checks import Check
from regsweep.controller.conditions import (
    DELETE_ENABLED,
    MAINTENANCE_ACTIVE,
    READY,
    REGISTRY_REACHABLE,
    SUCCESSES,
    SUSPENDED,
    UNKNOWN,
    Fact,
    false,
    true,
)

_NOT_OUR_FAULT = frozenset({"Cancelled", "PlanExpired", "AlreadyCollected", "NothingToRestore"})
"""Ends that a person chose, or came too late for: they say nothing about the policy."""


def facts(
    spec: PolicySpec, check: Check | None, last: LastRun | None, in_window: RegistryCleanupRun | None
) -> dict[str, Fact]:
    """All conditions of a policy that is valid."""
    reachable, deletes = (check.reachable, check.deletes) if check else (UNKNOWN, UNKNOWN)
    return {
        READY: _ready(spec, reachable, deletes, last),
        SUSPENDED: true("Suspended", "spec.suspend is true: no run is made by schedule")
        if spec.suspend
        else false("Active"),
        REGISTRY_REACHABLE: reachable,
        DELETE_ENABLED: deletes,
        MAINTENANCE_ACTIVE: maintenance(in_window),
    }


def maintenance(in_window: RegistryCleanupRun | None) -> Fact:
    if in_window is None or in_window.status.garbage_collection is None:
        return false("NoMaintenance")
    window = in_window.status.garbage_collection
    since = f" since {window.started_at:%Y-%m-%d %H:%M} UTC" if window.started_at else ""
    return true(window.step, f"run {in_window.metadata.name} holds the registry in maintenance{since}")


def _ready(spec: PolicySpec, reachable: Fact, deletes: Fact, last: LastRun | None) -> Fact:
    """Accepted, its registry reachable, able to do what it is to do, and its last run good."""
    if reachable.status != "True":
        return Fact(reachable.status, reachable.reason, reachable.message)
    if deletes.status == "False" and spec.mode is Mode.DELETE and not spec.registry.enable_delete:
        return false(f"Delete{deletes.reason}", deletes.message)
    if last is not None and last.result not in SUCCESSES | _NOT_OUR_FAULT:
        return false(last.result, f"the last run, {last.name}, failed: see its status")
    return true("Ready", f"the policy is valid and its registry answers{_collecting(spec)}")


_COLLECTING = {
    CollectMode.DISABLED: "; garbageCollection is Disabled: what is deleted frees no space before the registry is "
    "collected by its own means",
    CollectMode.UNPROTECTED: "; garbageCollection is Unprotected: an image that is pushed meanwhile can be lost",
}
"""What a mode means that is not the safe one, for who reads the condition."""


def _collecting(spec: PolicySpec) -> str:
    return _COLLECTING.get(spec.garbage_collection.mode, "") if spec.mode is Mode.DELETE else ""
