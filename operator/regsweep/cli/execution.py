"""One run from the terminal: ports made from options, the pipeline, and what to say when it was interrupted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.cli.connection import Login, open_cache, target
from regsweep.cli.journal import TerminalJournal
from regsweep.cli.terminal import Interrupt, progress
from regsweep.clients.registry import Deleter, Reader, probe_deletes
from regsweep.core.outcome import RunRecord
from regsweep.core.plan import Plan
from regsweep.core.ports import Collector, Progress, Stop
from regsweep.errors import Cancelled
from regsweep.pipeline import Ports, Request, run

Confirm = Callable[[Plan], bool]
CollectorFactory = Callable[[Reader, Stop, Progress], Collector]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the options say about a run."""

    login: Login
    cache_dir: Path | None
    quiet: bool
    verbose: int
    mode: Mode
    given: Plan | None = None
    confirm: Confirm | None = None
    collector: CollectorFactory | None = None


def now() -> datetime:
    return datetime.now(UTC)


def execute(policy: RegistryCleanupPolicy, wish: Wish) -> tuple[RunRecord, Plan | None]:
    """The record of the run, and its plan. Raises every error of the tree that ended it before there was a plan."""
    if wish.verbose > 1:
        logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(name)s %(message)s")
    where = target(policy, wish.login)
    journal = TerminalJournal(wish.given)
    stop = Interrupt(policy.spec.limits.run_timeout.timedelta.total_seconds())
    with stop, progress(quiet=wish.quiet) as live, Reader(where) as reader, Deleter(where) as deleter:
        ports = Ports(
            reader=reader,
            deleter=lambda: deleter,
            probe=lambda: probe_deletes(where),
            cache=open_cache(wish.cache_dir),
            clock=now,
            stop=stop,
            progress=live,
            journal=journal,
            collector=wish.collector(reader, stop, live) if wish.collector else None,
        )
        approved = wish.given.digest if wish.given else None
        try:
            record = run(Request(policy, wish.mode, approved=approved, confirm=wish.confirm), ports)
        finally:
            if journal.file is not None:
                typer.echo(f"regsweep: go on with this plan: regsweep apply --plan {journal.file} -f POLICY", err=True)
    if record.reason == "Cancelled" and record.plan is None:
        raise Cancelled(record.message)
    return record, journal.plan()
