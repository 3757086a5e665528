"""Storage → one `Repository` at a time, read whole from the registry's files, without HTTP: by exec in a pod, or here.

`pod` finds the store of a registry in a cluster; it is imported by those who have a cluster.

It sees what the API cannot: push times, manifests without a tag, broken links, repositories that the catalog hides.
It decides nothing and changes nothing. A listing is believed only whole (S5), and only where the registry itself says
the same of a few repositories.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from regsweep.clients.registry import Reader
from regsweep.core.dating import Memory
from regsweep.core.inventory import Finding, Repository, Unread
from regsweep.core.oci import Digest
from regsweep.core.ports import ManifestCache, Progress, Stop
from regsweep.errors import ClusterError, StorageUnavailable
from regsweep.steps.storage.asking import answered, watched
from regsweep.steps.storage.directory import DirectoryStore
from regsweep.steps.storage.findings import findings_outside
from regsweep.steps.storage.listing import Listing, SymbolicLink, look_again, read_listing
from regsweep.steps.storage.manifests import Blobs, portions
from regsweep.steps.storage.proof import prove
from regsweep.steps.storage.reading import Dated, Work, read_repositories
from regsweep.steps.storage.store import Store
from regsweep.steps.storage.traces import read_traces

__all__ = ["Dated", "DirectoryStore", "Store", "Stored", "open_storage", "read_traces"]

CLOCKS_MAY_DIFFER = timedelta(minutes=5)
"""Ages are counted from times that the store's machine wrote."""

MOST_DOUBTS = 20_000
"""Paths that are looked at again; where more are in doubt, the store itself is broken."""

MEASURED_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A store that was listed whole, and is the registry's."""

    store: Store
    blobs: Blobs
    listing: Listing
    progress: Progress

    @property
    def names(self) -> tuple[str, ...]:
        """Every repository that has a folder, also those that the catalog does not show."""
        return tuple(sorted(self.listing.shelves))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What belongs to no repository; of the others, each says its own."""
        return findings_outside(self.listing)

    def read(
        self, names: Sequence[str], cache: ManifestCache, dated: Dated, memory: Memory | None = None
    ) -> Iterator[Repository | Unread]:
        """The repositories in the order of `names`; one that was not there when it was listed is empty.

        Raises StorageUnavailable: then what came before is void, too.
        """
        self.progress.begin("scan", len(names))
        for found in read_repositories(self.listing, names, Work(self.blobs, cache, dated, memory)):
            yield found
            self.progress.advance(1, found.name)

    def measure(self, digests: Iterable[Digest]) -> int:
        """The bytes on disk of all these blobs together. Raises StorageUnavailable."""
        return sum(sum(self.blobs.sizes(some).values()) for some in portions(digests, MEASURED_AT_ONCE))


def open_storage(store: Store, reader: Reader, now: datetime, stop: Stop, progress: Progress) -> Stored:
    """List the store, twice where that is in doubt. Raises StorageUnavailable with the reason, and RegistryError."""
    progress.begin("list storage")
    listing = _listed(store, stop)
    apart = abs(now - datetime.fromtimestamp(listing.clock, now.tzinfo))
    if apart > CLOCKS_MAY_DIFFER:
        raise StorageUnavailable(
            f"the clock of {store.name} and this one are {int(apart.total_seconds())} seconds apart: "
            "push times cannot be compared"
        )
    try:
        prove(reader, store, listing)
    except (ValueError, ClusterError, OSError) as error:
        raise StorageUnavailable(f"{store.name} cannot be compared with the registry: {error}") from error
    return Stored(store, Blobs(store, stop), listing, progress)


def _listed(store: Store, stop: Stop) -> Listing:
    """The listing. Raises StorageUnavailable where it could not be had whole after some attempts."""

    def ask() -> Listing:
        try:
            listing = read_listing(watched(store.listing(), stop))
            doubts = list(listing.doubtful())
            if doubts and len(doubts) <= MOST_DOUBTS:
                stop.wait(1)
                look_again(listing, watched(store.look(doubts), stop))
        except SymbolicLink as error:  # asking again would not change it
            raise StorageUnavailable(f"{store.name}: {error}, which is not followed") from error
        return listing

    return answered(ask, stop, f"{store.name} could not be listed whole")
