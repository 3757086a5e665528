"""What happened: to each action of the sweep, in the maintenance window, in the proof afterwards, and in a restore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from regsweep.core.inventory import Finding
from regsweep.core.oci import Digest
from regsweep.core.plan import Action, Plan
from regsweep.core.restoration import PutOutcome
from regsweep.core.rollcall import UsedImage

RESTORE = "Restore"
"""The mode of a record whose run put back what another one deleted."""


class Result(StrEnum):
    DELETED = "deleted"
    GONE = "gone"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One action's end. `message` says why it was skipped or failed."""

    action: Action
    result: Result
    message: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """One garbage collection that ran to its end. Bytes are measured on the registry's disk, before and after; None
    = not measurable.
    """

    started_at: datetime
    finished_at: datetime
    blobs_marked: int
    blobs_expected: int
    blobs_deleted: int
    manifests_deleted: int
    bytes_before: int | None
    bytes_after: int | None
    write_blocked_seconds: float
    swept: frozenset[Digest] = frozenset()
    repositories_removed: int = 0
    collector_seconds: float | None = None
    """What garbage-collect itself took, its dry run and its run; None = not known."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The proof. `damaged` are images that lost something to this run; `findings` were broken before it."""

    images: int
    blobs: int
    damaged: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """Why tags stay, in numbers: by reason, and by repository (kept tags, expired tags)."""

    by_reason: Mapping[str, int] = field(default_factory=dict)
    by_repository: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The whole run, for every report. `reason` is the condition's: Collected, Deleted, NothingToDelete, DryRun,
    Restored, or a failure's.
    """

    policy: str
    registry: str
    mode: str
    started_at: datetime
    finished_at: datetime
    reason: str
    message: str = ""
    inventory: str = ""
    inventory_reason: str = ""
    plan: Plan | None = None
    kept: Kept = Kept()
    outcomes: tuple[Outcome, ...] = ()
    collection: Collection | None = None
    collect_skipped: str = ""
    verification: Verification | None = None
    findings: tuple[Finding, ...] = ()
    used: tuple[UsedImage, ...] = ()
    restored: tuple[PutOutcome, ...] = ()

    def count(self, result: Result) -> int:
        return sum(outcome.result is result for outcome in self.outcomes)
