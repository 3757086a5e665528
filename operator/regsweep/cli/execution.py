"""One run from the terminal: ports made from options, the pipeline, and what to say when it was interrupted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.api.run import Collect
from regsweep.cli.connection import open_cache, target
from regsweep.cli.interrupt import Interrupt
from regsweep.cli.journal import TerminalJournal
from regsweep.cli.keepsakes import FileKeepsakes
from regsweep.cli.options import Login, Showing
from regsweep.cli.terminal import LiveProgress, PlainProgress, progress, say
from regsweep.clients.registry import Deleter, Putter, Reader, probe_deletes
from regsweep.core.inuse import Usage
from regsweep.core.outcome import RunRecord
from regsweep.core.plan import Plan
from regsweep.core.ports import Archive, Collector, Listen, Progress, Stop, WindowJournal
from regsweep.core.restoration import Image
from regsweep.pipeline import Ports, Request, run
from regsweep.steps.storage import Store

Confirm = Callable[[Plan], bool]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a way of collecting works with."""

    reader: Reader
    stop: Stop
    progress: Progress
    window: WindowJournal


@dataclass(frozen=True, slots=True)
class Hands:
    """What can be done to the registry's workload from here: nothing, unless it is said how."""

    collector: Callable[[Surroundings], Collector] | None = None
    enable_delete: Callable[[Surroundings], None] | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """How the registry's files, and its log, can be read from here; `missing` says why they cannot."""

    find: Callable[[], Store] | None = None
    listen: Callable[[Stop], Listen] | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the options say about a run. `again` is the command that goes on from a plan, without the plan. `restore`
    puts back what the file `keepsake` holds of these images.
    """

    login: Login
    showing: Showing
    mode: Mode
    collect: Collect = Collect.AUTO
    given: Plan | None = None
    confirm: Confirm | None = None
    hands: Hands = Hands()
    again: str = ""
    usage: Callable[[Stop], Usage] | None = None
    archive: Archive | None = None
    restore: tuple[Image, ...] | None = None
    keepsake: Path | None = None
    files: Files = Files()


def now() -> datetime:
    return datetime.now(UTC)


def execute(policy: RegistryCleanupPolicy, wish: Wish) -> tuple[RunRecord, Plan | None]:
    """The record of the run, and its plan. Raises every error of the tree that ended it before there was a plan."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # that it tries again is not worth a line
    where = target(policy, wish.login)
    journal = TerminalJournal(wish.given, wish.again)
    keepsakes = FileKeepsakes(policy.spec.registry.url, wish.keepsake)

    def left_behind() -> str:
        words = "\n  ".join(filter(None, (journal.left_behind(), keepsakes.to_undo())))
        return f"; {words}" if words else ""

    with ExitStack() as stack:
        if wish.showing.verbose > 1:
            _log_requests(stack)
        limit = policy.spec.limits.run_timeout.timedelta.total_seconds()
        stop = stack.enter_context(Interrupt(limit, left_behind))
        cache = stack.enter_context(closing(open_cache(wish.showing.cache_dir)))
        reader = stack.enter_context(Reader(where))
        live = progress(quiet=wish.showing.quiet)
        stack.enter_context(live)
        around = Surroundings(reader, stop, live, journal.window)
        ports = Ports(
            reader=reader,
            deleter=lambda: stack.enter_context(Deleter(where)),
            probe=partial(probe_deletes, where),
            cache=cache,
            clock=now,
            stop=stop,
            progress=live,
            journal=journal,
            collector=wish.hands.collector(around) if wish.hands.collector else None,
            enable_delete=partial(wish.hands.enable_delete, around) if wish.hands.enable_delete else None,
            usage=partial(wish.usage, stop) if wish.usage else None,
            archive=wish.archive,
            keepsakes=keepsakes,
            putter=lambda: stack.enter_context(Putter(where)),
            storage=wish.files.find,
            storage_missing=wish.files.missing,
            listen=wish.files.listen(stop) if wish.files.listen else None,
            listen_missing=wish.files.missing,
        )
        approved = wish.given.digest if wish.given else None
        try:
            confirm = _paused(wish.confirm, live)
            record = run(Request(policy, wish.mode, wish.collect, approved, confirm, wish.restore), ports)
        finally:
            journal.end()
            for words in filter(None, (journal.to_go_on(), keepsakes.to_undo())):
                say(f"regsweep: {words}")
    return record, journal.plan()


def _log_requests(stack: ExitStack) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    handler.addFilter(_without_query)
    requests = logging.getLogger("urllib3.connectionpool")
    requests.setLevel(logging.DEBUG)
    requests.addHandler(handler)
    stack.callback(requests.removeHandler, handler)
    stack.callback(requests.setLevel, logging.NOTSET)


def _without_query(record: logging.LogRecord) -> bool:
    """A registry sends readers to signed URLs of its storage: whoever has the query may read there."""
    if isinstance(record.args, tuple):
        record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
    return True


def _paused(confirm: Confirm | None, live: LiveProgress | PlainProgress) -> Confirm | None:
    """The question with no line drawn over it."""
    if confirm is None:
        return None

    def asked(plan: Plan) -> bool:
        with live.paused():
            return confirm(plan)

    return asked
