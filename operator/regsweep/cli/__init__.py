"""The terminal's door: arguments in, exit codes out. It knows the pipeline and the report, and not the other door.

The result goes to standard output, and nothing else does. Progress, questions and errors go to standard error.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import traceback
from pathlib import Path

from regsweep.errors import DOORS, RegsweepError, door

_MAXIMUM_WORDS = 300


def main() -> None:
    """The `regsweep` command, and `kubectl regsweep`. Every error of the tree leaves as one paragraph on standard error
    and its exit code; any other is a mistake of ours, said in one line (-v: with its traceback).
    """
    name = "kubectl regsweep" if Path(sys.argv[0]).name.startswith("kubectl-") else "regsweep"
    try:
        look_for_cycles_rarely()
        from regsweep.cli.app import app

        gc.freeze()  # what the imports made stays anyway
        app(prog_name=name)
    except RegsweepError as error:
        _leave(f"{name}: {error}", door(error).exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the last flush says it again
        raise SystemExit(0) from None
    except Exception as error:  # noqa: BLE001 - the last door: said, and an exit code of its own
        if any(re.fullmatch(r"-v+|--verbose", argument) for argument in sys.argv):
            traceback.print_exc()
        words = " ".join(f"{type(error).__name__}: {error}".split())[:_MAXIMUM_WORDS]
        _leave(
            f"{name}: internal error: {words}. This is a mistake in regsweep: please report it, with what -v shows",
            DOORS[RegsweepError].exit_code,
        )


def look_for_cycles_rarely() -> None:
    """Python looks for garbage that holds itself after every 700 objects, and again and again through all that is kept.
    A run makes millions of values, and none of them holds itself: looking costs it a third of its time, and an eighth
    of the time in which all is imported. For both doors.
    """
    gc.set_threshold(50_000, 20, 100)


def _leave(message: str, code: int) -> None:
    from regsweep.cli.terminal import say

    say(message)
    raise SystemExit(code) from None
