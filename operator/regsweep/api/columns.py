"""What `kubectl get rcp,rcr` prints. Columns of priority 1 appear with `-o wide`.

A column of type date prints how long ago something was, and `<invalid>` for the future: the next run is a string.
"""

from __future__ import annotations

from typing import Any

Column = dict[str, Any]


def _column(name: str, path: str, description: str, *, kind: str = "string", wide: bool = False) -> Column:
    column = {"name": name, "type": kind, "jsonPath": path, "description": description}
    return column | {"priority": 1} if wide else column


def _condition(kind: str, field: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{field}'


_AGE = _column("Age", ".metadata.creationTimestamp", "Since when the object exists.", kind="date")

POLICY_COLUMNS: tuple[Column, ...] = (
    _column("Schedule", ".spec.schedule", "When it runs; empty: by hand."),
    _column("Mode", ".spec.mode", "DryRun only plans."),
    _column("Suspend", ".spec.suspend", "No new scheduled runs.", kind="boolean"),
    _column("Ready", _condition("Ready"), "The policy is understood and its last run did not fail."),
    _column("Last-Run", ".status.lastRun.result", "How the newest finished run ended."),
    _column("Last-Success", ".status.lastSuccessfulTime", "Since the newest run that succeeded.", kind="date"),
    _column("Registry", ".spec.registry.url", "The registry it cleans.", wide=True),
    _column("Reason", _condition("Ready", "reason"), "Why it is ready or not.", wide=True),
    _column("Deleted", ".status.lastRun.deleted", "Manifests that the newest run deleted.", kind="integer", wide=True),
    _column("Reclaimed", ".status.lastRun.reclaimedBytes", "Bytes it brought back.", kind="integer", wide=True),
    _column("Maintenance", _condition("MaintenanceActive"), "The registry is read-only now.", wide=True),
    _column("Next", ".status.nextScheduleTime", "When it runs next.", wide=True),
    _AGE,
)

RUN_COLUMNS: tuple[Column, ...] = (
    _column("Policy", ".spec.policyRef.name", "The policy that it runs."),
    _column("Mode", ".status.mode", "DryRun only plans."),
    _column("Step", ".status.step", "Where it is."),
    _column("Result", '.status.conditions[?(@.status=="True")].reason', "How it ended, or what it waits for."),
    _column("Planned", ".status.plan.deletions", "Manifests that the plan lets go.", kind="integer"),
    _column("Deleted", ".status.deletion.deleted", "Manifests that are deleted.", kind="integer"),
    _column("Reclaimed", ".status.garbageCollection.reclaimedBytes", "Bytes that came back.", kind="integer"),
    _column("Bytes", ".status.plan.bytes", "Bytes that the plan would bring back.", kind="integer", wide=True),
    _column("Restored", ".status.restoration.manifests", "Manifests that are put back.", kind="integer", wide=True),
    _column("Failures", ".status.deletion.failed", "Deletions that failed.", kind="integer", wide=True),
    _column("Damaged", ".status.verification.damaged", "Kept images that are not whole.", kind="integer", wide=True),
    _column("Message", '.status.conditions[?(@.status=="True")].message', "The result in a sentence.", wide=True),
    _AGE,
)
