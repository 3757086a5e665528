"""What a run knows so far: the only mutable thing of the pipeline. It becomes the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regsweep.core.inventory import Census, Finding
from regsweep.core.outcome import RESTORE, Collection, Kept, Outcome, Result, RunRecord, Verification
from regsweep.core.plan import Plan
from regsweep.core.rollcall import UsedImage
from regsweep.errors import PartialInventory, SweepIncomplete
from regsweep.pipeline.ports import Ports, Request
from regsweep.steps.restore import Restored
from regsweep.steps.scan import census


@dataclass(slots=True)
class RunState:
    """Filled hop by hop. `census` is the one that was taken inside the maintenance window, where there was one.
    `unhealed` counts pushes that were lost to the sweep and could not be put back.
    """

    request: Request
    ports: Ports
    started_at: datetime
    plan: Plan | None = None
    kept: Kept = field(default_factory=Kept)
    findings: list[Finding] = field(default_factory=list)
    used: tuple[UsedImage, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    collection: Collection | None = None
    collect_skipped: str = ""
    verification: Verification | None = None
    restored: Restored | None = None
    census: Census | None = None
    unhealed: int = 0

    def count(self, *results: Result) -> int:
        return sum(outcome.result in results for outcome in self.outcomes)

    def take_census(self, names: list[str] | None = None) -> Census:
        """Read all that must survive, in all repositories or in `names`. Raises PartialInventory."""
        ports, limits = self.ports, self.request.policy.spec.limits
        return census(
            ports.reader,
            ports.cache,
            names=names,
            concurrency=limits.concurrency,
            stop=ports.stop,
            progress=ports.progress,
        )

    def record(self, reason: str, message: str = "") -> RunRecord:
        return RunRecord(
            policy=self.request.policy_name,
            registry=self.request.policy.spec.registry.url,
            mode=self.request.mode.value if self.request.restore is None else RESTORE,
            started_at=self.started_at,
            finished_at=self.ports.clock(),
            reason=reason,
            message=message,
            inventory=self.plan.inventory if self.plan else "",
            inventory_reason=self.plan.inventory_reason if self.plan else "",
            plan=self.plan,
            kept=self.kept,
            outcomes=self.outcomes,
            collection=self.collection,
            collect_skipped=self.collect_skipped,
            verification=self.verification,
            restored=self.restored.outcomes if self.restored else (),
            findings=tuple(self.findings),
            used=self.used,
        )

    def success(self, reason: str) -> RunRecord:
        """The record, unless something was left: raises PartialInventory or SweepIncomplete, after all the rest was
        done.
        """
        if self.plan is not None and self.plan.unread:
            names = ", ".join(self.plan.unread[:5])
            raise PartialInventory(
                f"{len(self.plan.unread)} repositories could not be read and were left alone: {names}"
            )
        if failed := self.count(Result.FAILED):
            raise SweepIncomplete(f"{failed} of {len(self.outcomes)} deletions failed; the next run tries them again")
        return self.record(reason)
