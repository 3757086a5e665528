"""The terminal's journal: the plan lies in a file while it is being swept.

Over HTTP the children of a deleted index cannot be found again, so an interrupted sweep must go on from its plan.
"""

from __future__ import annotations

import os
from pathlib import Path

from regsweep.api.run import RunStep
from regsweep.cli.files import write_text
from regsweep.core.plan import Plan
from regsweep.core.plan_file import plan_to_json
from regsweep.pipeline.memory import MemoryJournal


class TerminalJournal(MemoryJournal):
    """`file` names the plan of a sweep that has begun and has not come to its end."""

    def __init__(self, given: Plan | None = None) -> None:
        super().__init__(given)
        self.file: Path | None = None

    def enter(self, step: RunStep) -> None:
        plan = self.plan()
        if step is RunStep.SWEEPING and plan is not None:
            self.file = state_directory() / f"{plan.digest[7:19]}.plan.json"
            write_text(self.file, plan_to_json(plan))
        elif self.file is not None and step in (RunStep.COLLECTING, RunStep.VERIFYING):
            self.file.unlink(missing_ok=True)
            self.file = None
        super().enter(step)

    def to_go_on(self) -> str:
        """How an interrupted sweep goes on; empty where none was."""
        return f"go on with: regsweep apply -f POLICY --mode Delete --plan {self.file}" if self.file else ""

    def left_behind(self) -> str:
        """What is to be done where the process ends in this very moment; empty for nothing."""
        if self.step() is RunStep.COLLECTING:
            return "the registry may be stopped or read-only: look at it, and run the same command again"
        return self.to_go_on()


def state_directory() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "regsweep"
