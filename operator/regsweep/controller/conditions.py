"""The conditions of both kinds: all of them from first sight, Unknown until known. Values only; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from regsweep.api.meta import Condition, set_condition

READY = "Ready"
SUSPENDED = "Suspended"
REGISTRY_REACHABLE = "RegistryReachable"
DELETE_ENABLED = "DeleteEnabled"
MAINTENANCE_ACTIVE = "MaintenanceActive"
POLICY_CONDITIONS = (READY, SUSPENDED, REGISTRY_REACHABLE, DELETE_ENABLED, MAINTENANCE_ACTIVE)

COMPLETE = "Complete"
FAILED = "Failed"
AWAITING_APPROVAL = "AwaitingApproval"
RUNNING = "Running"
RUN_CONDITIONS = (RUNNING, AWAITING_APPROVAL, COMPLETE, FAILED)

SUCCESSES = frozenset({"DryRun", "NothingToDelete", "Deleted", "Collected", "Restored"})
"""The reasons of `Complete`; every other end is `Failed`."""

_MESSAGE = 2048

Status = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, slots=True)
class Fact:
    """What a condition says, without when."""

    status: Status
    reason: str
    message: str = ""


UNKNOWN = Fact("Unknown", "NotKnownYet")


def true(reason: str, message: str = "") -> Fact:
    return Fact("True", reason, message)


def false(reason: str, message: str = "") -> Fact:
    return Fact("False", reason, message)


def fact(conditions: tuple[Condition, ...], kind: str) -> Fact:
    """What the condition of that type says; UNKNOWN where there is none."""
    found = next((condition for condition in conditions if condition.type == kind), None)
    return UNKNOWN if found is None else Fact(found.status, found.reason, found.message)


def is_true(conditions: tuple[Condition, ...], kind: str) -> bool:
    return fact(conditions, kind).status == "True"


def with_facts(
    conditions: tuple[Condition, ...], facts: Mapping[str, Fact], *, generation: int, now: datetime
) -> tuple[Condition, ...]:
    """`conditions` with `facts` in place. The transition time moves only where the status does."""
    for kind, said in facts.items():
        new = Condition(
            type=kind,
            status=said.status,
            reason=said.reason,
            message=said.message[:_MESSAGE],
            last_transition_time=now.replace(microsecond=0),
            observed_generation=generation,
        )
        conditions = set_condition(conditions, new)
    return conditions


def at_first_sight(conditions: tuple[Condition, ...], kinds: tuple[str, ...]) -> dict[str, Fact]:
    """The facts of all `kinds`, as they stand."""
    return {kind: fact(conditions, kind) for kind in kinds}
