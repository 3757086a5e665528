"""Records of runs for the tests of reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from regsweep.core.inuse import User
from regsweep.core.inventory import Finding
from regsweep.core.oci import Digest
from regsweep.core.outcome import RESTORE, Collection, Kept, Outcome, Result, RunRecord, Verification
from regsweep.core.plan import Action, Counts, Plan
from regsweep.core.restoration import Put, PutOutcome
from regsweep.core.rollcall import UsedImage

START = datetime(2026, 3, 1, 3, tzinfo=UTC)
EVIL = '<script>alert("x")</script>'


def digest(number: int) -> Digest:
    return Digest(f"sha256:{number:064x}")


def action(number: int, repository: str = "team/app", *tags: str) -> Action:
    return Action(repository, digest(number), "application/json", "expired.builds", tags, digest(number), 500)


def plan(*actions: Action) -> Plan:
    return Plan(
        registry="http://registry:5000", policy="registry/nightly", policy_digest=digest(900), inventory="API",
        created_at=START, expires_at=START + timedelta(days=1), actions=actions,
        counts=Counts(2, 20, 30, sum(len(each.tags) for each in actions), len(actions)),
        bytes=3 << 20, bytes_are_upper_bound=False, expected_marks=60, digest=digest(901),
    )  # fmt: skip


def record(reason: str = "DryRun", **fields: object) -> RunRecord:
    values: dict[str, object] = {
        "policy": "registry/nightly",
        "registry": "http://registry:5000",
        "mode": "DryRun",
        "started_at": START,
        "finished_at": START + timedelta(minutes=2),
        "inventory": "API",
        "inventory_reason": "registry.workloadRef is not set",
        "plan": plan(action(1, "team/app", "v1", "v2"), action(2, "team/web")),
        "kept": Kept({"kept.latest": 12, "protected.tag": 6}, {"team/app": (10, 2), "team/web": (8, 0)}),
    }
    return RunRecord(reason=reason, **{**values, **fields})  # type: ignore[arg-type]


def whole() -> RunRecord:
    """Everything that a record can hold."""
    done, failed = action(1, "team/app", "v1", "v2"), action(2, "team/web", "old")
    return record(
        "SweepIncomplete",
        mode="Delete",
        message="1 of 2 deletions failed",
        outcomes=(Outcome(done, Result.DELETED), Outcome(failed, Result.FAILED, "the registry said 500")),
        collection=Collection(START, START, 60, 58, 7, 1, 9 << 20, 6 << 20, 12.34),
        verification=Verification(18, 40, (Finding("damaged.by-run", "team/app", digest(3), "is gone"),)),
        findings=(Finding("broken.no-manifest", "team/app", "v9", "has no manifest"),),
        used=(
            UsedImage(
                "team/app", digest(4), ("v3", "v4"), tuple(User("Pod", "shop", f"web-{n:02}") for n in range(12))
            ),
            UsedImage("team/web", digest(5), (), (User("Job", "shop", "once", "main", "edge"),)),
            UsedImage("team/gone", "", ("v1",), (User("Deployment", "shop", "old", "old"),)),
        ),
    )


def undone() -> RunRecord:
    """A restore that left a tag alone and could not put back one manifest."""
    return record(
        "RestoreIncomplete",
        mode=RESTORE,
        plan=None,
        kept=Kept(),
        message="1 of 4 could not be put back",
        restored=(
            PutOutcome("team/app", digest(1), "", Put.RESTORED),
            PutOutcome("team/app", digest(2), "", Put.FAILED, f"its layer is gone {EVIL}"),
            PutOutcome("team/app", digest(1), "v1", Put.RESTORED),
            PutOutcome("team/app", digest(1), "v2", Put.SKIPPED, f"the tag points at {digest(9)} now"),
        ),
    )


def evil() -> RunRecord:
    """What a registry that means harm could bring into a report."""
    hostile = action(1, f"team/{EVIL}", EVIL)
    return record(
        "Deleted",
        mode="Delete",
        policy=EVIL,
        message=EVIL,
        plan=plan(hostile),
        outcomes=(Outcome(hostile, Result.SKIPPED, EVIL),),
        kept=Kept({EVIL: 1}, {EVIL: (1, 1)}),
        findings=(Finding(EVIL, EVIL, EVIL, "\x1b[2J" + EVIL),),
        used=(UsedImage(EVIL, "", (EVIL,), (User(EVIL, EVIL, EVIL, EVIL, "\x1b[2J" + EVIL),)),),
    )
