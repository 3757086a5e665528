"""The order of the hops: scan → judge → plan → (approve) → sweep → collect → verify → report. Knows neither door.

The only `if` for a dry run is here: it stops after the plan, and never makes a client that can delete (S11).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.api.run import Collect
from regsweep.clients.registry import Deleter, DeleteState, Reader
from regsweep.core.inventory import InUse
from regsweep.core.outcome import RunRecord
from regsweep.core.plan import Plan
from regsweep.core.ports import Clock, Collector, ManifestCache, Progress, RunJournal, Stop


@dataclass(frozen=True, slots=True)
class Request:
    """What a door asks for.

    `approved` is the digest of a plan that a person looked at: exactly that plan is applied. `confirm` is asked once with
    the finished plan before anything is deleted (a terminal's question); it returns False to refuse.
    """

    policy: RegistryCleanupPolicy
    mode: Mode
    collect: Collect = Collect.AUTO
    approved: str | None = None
    confirm: Callable[[Plan], bool] | None = None


@dataclass(frozen=True, slots=True)
class Ports:
    """What the run works with. `deleter` and `probe` are called only when something is to be deleted."""

    reader: Reader
    deleter: Callable[[], Deleter]
    probe: Callable[[], DeleteState]
    cache: ManifestCache
    clock: Clock
    stop: Stop
    progress: Progress
    journal: RunJournal
    collector: Collector | None = None
    enable_delete: Callable[[], None] | None = None
    in_use: Callable[[], InUse] | None = None


def run(request: Request, ports: Ports) -> RunRecord:
    """Begin a run, or go on from the step that its journal names. Raises ApprovalRequired, and every error of the tree that
    ends a run before it has something to tell; a run that got further returns its record with the failure's reason."""
    raise AssertionError("written next")
