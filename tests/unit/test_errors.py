"""One table says what an error means outside, and both doors follow it."""

from __future__ import annotations

import re

import pytest

from regsweep import errors
from regsweep.cli.outcome import exit_code
from regsweep.errors import DOORS, ApprovalRequired, PolicyInvalid, RegsweepError, door

CONDITION_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")  # Kubernetes, metav1.Condition
TREE = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RegsweepError)),
    key=lambda kind: kind.__name__,
)


def made(kind: type[RegsweepError]) -> RegsweepError:
    if kind is PolicyInvalid:
        return PolicyInvalid([("spec", "is required")])
    return ApprovalRequired("wait", "ManualApproval") if kind is ApprovalRequired else kind("words")


@pytest.mark.parametrize("kind", TREE)
def test_every_error_has_a_door_of_its_own(kind: type[RegsweepError]) -> None:
    assert kind in DOORS
    assert door(made(kind)) is DOORS[kind]


@pytest.mark.parametrize("kind", TREE)
def test_every_reason_can_stand_in_a_condition(kind: type[RegsweepError]) -> None:
    assert CONDITION_REASON.fullmatch(DOORS[kind].reason)
    assert len(DOORS[kind].reason) <= 63


@pytest.mark.parametrize("kind", TREE)
def test_a_record_leaves_with_the_code_of_the_error(kind: type[RegsweepError]) -> None:
    """A run that got further than its plan ends as a record: its reason must give the same exit code."""
    assert exit_code(DOORS[kind].reason) == DOORS[kind].exit_code != 0


@pytest.mark.parametrize("reason", ["Collected", "Deleted", "NothingToDelete", "DryRun"])
def test_a_run_that_reached_its_end_is_0(reason: str) -> None:
    assert exit_code(reason) == 0


def test_the_table_holds_nothing_else() -> None:
    assert set(DOORS) == set(TREE)


def test_an_error_below_the_tree_has_the_door_of_its_class() -> None:
    class Odd(errors.RegistryUnreachable):
        pass

    assert door(Odd("words")) is DOORS[errors.RegistryUnreachable]


@pytest.mark.parametrize("kind", TREE)
def test_the_tree_is_drawn(kind: type[RegsweepError]) -> None:
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or "")


CODES = {
    "InvalidInput": 2, "PolicyInvalid": 2, "PlanUnreadable": 2, "InventoryUnreadable": 2, "KeepsakeUnreadable": 2,
    "Refused": 3, "ApprovalRequired": 3, "PlanExpired": 3, "PolicyChanged": 3, "InUseUnknown": 3,
    "StorageUnavailable": 3,
    "KeepsakeTooLarge": 3, "AlreadyCollected": 3, "NothingToRestore": 3, "RestoreIncomplete": 1,
    "Incomplete": 1, "PartialInventory": 1, "SweepIncomplete": 1, "DeadlineExceeded": 1,
    "Cancelled": 130, "ImagesDamaged": 5,
}  # fmt: skip


@pytest.mark.parametrize("kind", TREE)
def test_exit_codes_are_those_of_the_documentation(kind: type[RegsweepError]) -> None:
    assert DOORS[kind].exit_code == CODES.get(kind.__name__, 4)
