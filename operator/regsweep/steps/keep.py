"""Plan → keepsake: the bytes of every manifest that is to go, read before the first one goes (S12).

It changes nothing. What cannot be read is not kept, and what is not kept is not deleted: the sweep sees to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, islice

from regsweep.clients.registry import Reader
from regsweep.core.keepsake import Saved, saved
from regsweep.core.plan import Action, Plan
from regsweep.core.ports import Progress, Stop
from regsweep.errors import RegistryMisbehaved


@dataclass(frozen=True, slots=True)
class Keeper:
    """What keeping works with. `unread` gets (repository, digest, why) of each manifest that is there and could not be
    read whole.
    """

    reader: Reader
    concurrency: int
    stop: Stop
    progress: Progress
    unread: list[tuple[str, str, str]] = field(default_factory=list)


def keep(plan: Plan, work: Keeper) -> Iterator[Saved]:
    """What the registry still has of the plan, in its order, with the tags that are still there.

    A few are read ahead. Raises RegistryUnreachable, RegistryDenied, Cancelled and DeadlineExceeded.
    """
    work.progress.begin("keep", len(plan.actions))
    with ThreadPoolExecutor(work.concurrency, thread_name_prefix="keep") as pool:
        for name, group in groupby(plan.actions, key=lambda action: action.repository):
            work.stop.check()
            tags = frozenset(work.reader.tags(name))
            for found in _ahead(pool, list(group), tags, work):
                work.progress.advance(1, name)
                if found is not None:
                    yield found


def _ahead(
    pool: ThreadPoolExecutor, actions: list[Action], tags: frozenset[str], work: Keeper
) -> Iterator[Saved | None]:
    rest = iter(actions)
    ahead: deque[Future[Saved | None]] = deque()
    try:
        while True:
            wanted = islice(rest, 2 * work.concurrency - len(ahead))
            ahead.extend(pool.submit(_read, action, tags, work) for action in wanted)
            if not ahead:
                return
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()


def _read(action: Action, tags: frozenset[str], work: Keeper) -> Saved | None:
    work.stop.check()
    try:
        found = work.reader.manifest(action.repository, action.digest)
    except RegistryMisbehaved as error:
        work.unread.append((action.repository, action.digest, str(error)))
        return None
    return None if found is None else saved(action, found.body, found.media_type, tags)
