"""Registry → one `Repository` at a time, read whole over the HTTP API; and the census of all that must survive.

It decides nothing and changes nothing. A repository that could not be read whole is Unread, never a shorter one (S5).
A few repositories are in flight at once, so that memory is bounded by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from regsweep.clients.registry import Reader
from regsweep.core.dating import Memory
from regsweep.core.inventory import Census, Finding, Repository, Unread
from regsweep.core.oci import Digest
from regsweep.core.ports import ManifestCache, Progress, Stop
from regsweep.core.verdict import BROKEN_NO_MANIFEST
from regsweep.errors import PartialInventory, RegistryError, RegistryUnreachable
from regsweep.steps.scan.crew import Crew
from regsweep.steps.scan.reading import Dated, Reading, read_repository

__all__ = ["Dated", "census", "scan"]

UNREACHABLE_IN_A_ROW = 10
"""After so many repositories in a row that did not answer, the registry itself does not."""


def scan(  # noqa: PLR0913  (what a run lends, each by its name)
    reader: Reader,
    names: Sequence[str],
    cache: ManifestCache,
    *,
    concurrency: int,
    dated: Dated,
    stop: Stop,
    progress: Progress,
    memory: Memory | None = None,
    used: Mapping[str, AbstractSet[Digest]] | None = None,
) -> Iterator[Repository | Unread]:
    """The repositories in the order of `names`. `dated` says for which tags the age is needed; `memory` dates those
    that do not say it themselves by when they were first seen. `used` are digests that are looked for in a repository
    even if no tag leads there.

    Raises Cancelled and DeadlineExceeded, and RegistryUnreachable where the registry itself is gone.
    """
    progress.begin("scan", len(names))
    silent = 0
    with Crew(concurrency, stop) as crew:
        for name, found in _read(names, Reading(reader, cache, crew, dated, memory, used or {})):
            if isinstance(found, Repository):
                silent = 0
                yield found
            else:
                silent = silent + 1 if isinstance(found, RegistryUnreachable) else 0
                if silent >= UNREACHABLE_IN_A_ROW:
                    raise found
                yield Unread(name, str(found))
            progress.advance(1, name)


def census(  # noqa: PLR0913
    reader: Reader,
    cache: ManifestCache,
    *,
    names: Sequence[str] | None = None,
    concurrency: int,
    stop: Stop,
    progress: Progress,
) -> Census:
    """A fresh look at all that must survive, in all repositories or in `names`.

    What the registry has is asked anew, by HEAD; what a manifest says is taken from the cache.
    Raises PartialInventory, naming the repository, where anything could not be read; Cancelled, DeadlineExceeded.
    """
    try:
        everything = tuple(reader.repositories()) if names is None else tuple(names)
    except RegistryError as error:
        raise PartialInventory(f"the catalog could not be read to its end: {error}") from error
    progress.begin("census", len(everything))
    taken = _Taken()
    with Crew(concurrency, stop) as crew:
        for name, found in _read(everything, Reading(reader, cache, crew, _undated)):
            if isinstance(found, RegistryError):
                raise PartialInventory(f"repository {name} could not be read: {found}") from found
            taken.add(found)
            progress.advance(1, name)
    return taken.census()


class _Taken:
    """What a census has so far."""

    def __init__(self) -> None:
        self._roots: list[tuple[str, str, Digest]] = []
        self._manifests: dict[str, frozenset[Digest]] = {}
        self._blobs: dict[str, frozenset[Digest]] = {}
        self._foreign: set[Digest] = set()
        self._findings: list[Finding] = []

    def add(self, repository: Repository) -> None:
        name = repository.name
        self._roots += [(name, tag.name, tag.digest) for tag in repository.tags if tag.digest]
        self._manifests[name] = frozenset(repository.manifests)
        blobs = [blob for manifest in repository.manifests.values() for blob in manifest.blobs]
        self._blobs[name] = frozenset(blob.digest for blob in blobs)
        self._foreign.update(blob.digest for blob in blobs if blob.is_foreign)
        self._findings += [
            Finding(BROKEN_NO_MANIFEST, name, tag.name, "the tag is listed and has no manifest")
            for tag in repository.tags
            if tag.digest is None
        ]
        children = {child.digest for manifest in repository.manifests.values() for child in manifest.children}
        self._findings += [
            Finding(
                "broken.missing-content", name, digest, f"the manifest {digest} is named by an index and is not there"
            )
            for digest in sorted(repository.absent & children)
        ]

    def census(self) -> Census:
        return Census(tuple(self._roots), self._manifests, self._blobs, tuple(self._findings), frozenset(self._foreign))


def _read(names: Iterable[str], work: Reading) -> Iterator[tuple[str, Repository | RegistryError]]:
    def one(name: str) -> Repository | RegistryError:
        try:
            return read_repository(name, work)
        except RegistryError as error:
            return error

    return work.crew.in_order(one, names)


def _undated(_repository: str, _tags: Sequence[str]) -> Collection[str]:
    return ()
