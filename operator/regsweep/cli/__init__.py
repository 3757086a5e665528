"""The terminal's door: arguments in, exit codes out. It knows the pipeline and the report, and not the other door."""

from __future__ import annotations

import sys

from regsweep.errors import RegsweepError, door


def main() -> None:
    """The `regsweep` command. Every error of the tree leaves as one paragraph on stderr and its exit code."""
    from regsweep.cli.app import app  # late: `python -m regsweep version` need not load a Kubernetes client

    try:
        app(prog_name="regsweep")
    except RegsweepError as error:
        print(f"regsweep: {error}", file=sys.stderr)
        raise SystemExit(door(error).exit_code) from None
