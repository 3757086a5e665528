"""The terminal's journal: the plan lies in a file while it is being swept, and as long as it is not swept to its end.

Over HTTP the children of a deleted index cannot be found again, so an interrupted sweep must go on from its plan. The
file is there before the first deletion, however the process ends; `cli.unfinished` finds it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regsweep.api.run import RunStep
from regsweep.cli.files import replace_text
from regsweep.cli.state import journal_file
from regsweep.core.outcome import Outcome, Result
from regsweep.core.plan import Plan
from regsweep.core.plan_file import plan_to_json
from regsweep.pipeline.memory import MemoryJournal


class TerminalJournal(MemoryJournal):
    """`file` names the plan of a sweep that has begun and has not come to its end. `again` is the command that goes on
    from a plan, without the name of its file.
    """

    def __init__(self, given: Plan | None = None, again: str = "") -> None:
        super().__init__(given)
        self.file: Path | None = None
        self._again = again
        self._touched = self._failed = False

    def enter(self, step: RunStep) -> None:
        plan = self.plan()
        if step is RunStep.SWEEPING and plan is not None:
            self.file = journal_file(plan)
            replace_text(self.file, plan_to_json(plan))
        elif step in (RunStep.COLLECTING, RunStep.VERIFYING) and not self._failed:
            self._forget()
        super().enter(step)

    def swept(self, outcomes: Sequence[Outcome]) -> None:
        """Told by several threads. What failed may have been done all the same: nobody heard the answer."""
        self._touched = self._touched or any(outcome.result is not Result.SKIPPED for outcome in outcomes)
        self._failed = self._failed or any(outcome.result is Result.FAILED for outcome in outcomes)

    def end(self) -> None:
        """The run is over in this process. A sweep that did nothing needs no going on: the next plan is as good."""
        if not self._touched:
            self._forget()

    def to_go_on(self) -> str:
        """How an unfinished sweep goes on; empty where there is none."""
        return f"the sweep is not finished: go on with: {self._again} --plan {self.file}" if self.file else ""

    def left_behind(self) -> str:
        """What is to be done where the process ends in this very moment; empty for nothing."""
        if self.step() is RunStep.COLLECTING:
            return "the registry may be stopped or read-only: look at it, and run the same command again"
        return self.to_go_on()

    def _forget(self) -> None:
        if self.file is not None:
            self.file.unlink(missing_ok=True)
            self.file = None
