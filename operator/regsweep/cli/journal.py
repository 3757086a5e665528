"""The terminal's journal: the step in memory, the plan in a file while it is being applied.

Over HTTP the children of a deleted index cannot be found again, so an interrupted sweep must go on from its plan.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from regsweep.api.run import CollectionStatus, RunStep
from regsweep.cli.files import write_text
from regsweep.core.outcome import Outcome
from regsweep.core.plan import Plan
from regsweep.core.plan_file import plan_to_json
from regsweep.core.ports import WindowJournal


class MemoryWindow:
    """A window that nobody takes over: who runs the command sees it fail, and runs `regsweep lift`."""

    def __init__(self) -> None:
        self._status: CollectionStatus | None = None

    def load(self) -> CollectionStatus | None:
        return self._status

    def save(self, status: CollectionStatus) -> None:
        self._status = status


class TerminalJournal:
    """`given` is the plan of --plan: the run goes on as one that was waiting for its approval."""

    def __init__(self, given: Plan | None = None) -> None:
        self._plan = given
        self._step = RunStep.AWAITING_APPROVAL if given else RunStep.PENDING
        self._window = MemoryWindow()
        self.file: Path | None = None

    @property
    def window(self) -> WindowJournal:
        return self._window

    def step(self) -> RunStep:
        return self._step

    def enter(self, step: RunStep) -> None:
        if step is RunStep.SWEEPING and self._plan is not None:
            self.file = _state_directory() / f"{self._plan.digest[7:19]}.plan.json"
            write_text(self.file, plan_to_json(self._plan))
        if step in (RunStep.COLLECTING, RunStep.VERIFYING):
            self.forget()
        self._step = step

    def plan(self) -> Plan | None:
        return self._plan

    def planned(self, plan: Plan) -> None:
        self._plan = plan

    def swept(self, outcomes: Sequence[Outcome]) -> None:
        pass  # the progress line shows them; the record keeps them

    def forget(self) -> None:
        """The sweep came to its end: the file is not needed any more."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)
            self.file = None


def _state_directory() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "regsweep"
