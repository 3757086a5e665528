"""Keepsake → one outcome for each manifest and each tag that was to come back. One repository at a time.

It deletes nothing and uploads no blob. It never moves a tag, and puts no index before its children: a tag never names
half an image. Doing it again goes on where it was interrupted. `look` asks first whether all content is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from regsweep.clients.registry import Putter
from regsweep.core.inventory import Census
from regsweep.core.keepsake import Saved
from regsweep.core.oci import Digest
from regsweep.core.ports import Progress, Stop
from regsweep.core.restoration import Image, Put, PutOutcome, turns
from regsweep.steps.restore.content import Looked, Looker, Lost, look
from regsweep.steps.restore.shelf import Shelf

__all__ = ["Looked", "Looker", "Lost", "Restored", "Restorer", "look", "restore"]


@dataclass(frozen=True, slots=True)
class Restorer:
    """What a restore works with. `tell` gets the outcomes as they come."""

    putter: Putter
    concurrency: int
    stop: Stop
    progress: Progress
    tell: Callable[[Sequence[PutOutcome]], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of all, repository by repository: manifests before tags. `census` is all that must be whole now."""

    outcomes: tuple[PutOutcome, ...]
    census: Census

    def count(self, *results: Put, tags: bool) -> int:
        return sum(outcome.result in results and bool(outcome.tag) is tags for outcome in self.outcomes)


def restore(kept: Iterable[Saved], images: Collection[Image], work: Restorer) -> Restored:
    """Put back all that `kept` holds of these images; of all, where none is named.

    A manifest that the registry does not take fails, with all that needs it; the others are put back. Raises
    RegistryReadOnly, RegistryDenied, RegistryUnreachable, RegistryMisbehaved, Cancelled and DeadlineExceeded: then what
    was put until then stays.
    """
    work.progress.begin("restore")
    outcomes: list[PutOutcome] = []
    roots: list[tuple[str, str, Digest]] = []
    manifests: dict[str, frozenset[Digest]] = {}
    blobs: dict[str, frozenset[Digest]] = {}
    for name, group in groupby(kept, key=lambda one: one.repository):
        shelf = Shelf(name, turns(list(group), images), work.putter, work.concurrency, work.stop)
        for outcome in _put_all(shelf, work):
            outcomes.append(outcome)
            work.tell((outcome,))
            work.progress.advance(1, name)
        standing = shelf.standing()
        manifests[name] = manifests.get(name, frozenset()) | {turn.digest for turn in standing}
        blobs[name] = blobs.get(name, frozenset()) | {digest for turn in standing for digest in turn.content}
    roots = [(o.repository, o.tag, o.digest) for o in outcomes if o.tag and o.result in {Put.RESTORED, Put.PRESENT}]
    return Restored(tuple(outcomes), Census(tuple(roots), manifests, blobs))


def _put_all(shelf: Shelf, work: Restorer) -> Iterator[PutOutcome]:
    for turn in shelf.turns:
        work.stop.check()
        yield shelf.put(turn)
    for turn in shelf.turns:
        for tag in turn.saved.tags:
            work.stop.check()
            yield shelf.tag(turn, tag)
