"""The operator from source, which kills or freezes itself right before or right after it writes one step of a run.

python -m tests.cluster.killing.dying SIGKILL before:window:Lifting operator --namespace ...
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from regsweep.cli import main
from regsweep.controller.status import RunStatusWriter

_write = RunStatusWriter.change


def points(fields: dict[str, Any], before: str) -> set[str]:
    """The steps that this write is: `run:Sweeping`, `window:Entering`. `before` is the window's step as it stands."""
    found = {f"run:{fields['step']}"} if "step" in fields else set()
    window = fields.get("garbage_collection")
    if window is not None and window.step != before:
        found.add(f"window:{window.step}")
    return found


def die_at(moment: str, point: str, by: signal.Signals) -> None:
    """From now on. After SIGKILL nothing of this process runs any more, after SIGSTOP nothing until SIGCONT."""

    def change(writer: RunStatusWriter, facts: Any = None, **fields: Any) -> None:
        window = writer.status.garbage_collection
        here = point in points(fields, window.step if window else "")
        if here and moment == "before":
            os.kill(os.getpid(), by)
        _write(writer, facts, **fields)
        if here and moment == "after":
            os.kill(os.getpid(), by)

    RunStatusWriter.change = change  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    how, (when, _, where) = signal.Signals[sys.argv.pop(1)], sys.argv.pop(1).partition(":")
    die_at(when, where, how)
    main()
