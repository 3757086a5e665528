"""The order of the hops: scan → judge → plan → (approve) → keep → sweep → collect → verify → report; and of the undo:
restore → verify → report. Knows neither door.

The only `if` for a dry run is in `run`: it stops after the plan, and never makes a client that can delete (S11).
"""

from regsweep.pipeline.ports import Ports, Request
from regsweep.pipeline.run import run

__all__ = ["Ports", "Request", "run"]
