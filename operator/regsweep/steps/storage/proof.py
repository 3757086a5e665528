"""Whether a store is that of the registry at the policy's address: a few repositories are asked over HTTP.

A folder of another registry, an old copy, a replica with a volume of its own: nothing is deleted by what those say.
"""

from __future__ import annotations

from regsweep.clients.registry import Reader
from regsweep.errors import RegistryError, StorageUnavailable
from regsweep.steps.storage.listing import Listing, look_again
from regsweep.steps.storage.places import Kind, is_tag, place_of, tag_folder, tag_link
from regsweep.steps.storage.shelf import Shelf
from regsweep.steps.storage.store import Store

SAMPLE = 3
"""Repositories with the newest pushes: there an old copy differs first."""
ASKED = 10
"""Repositories that are tried until as many could be compared."""
ATTEMPTS = 3


def prove(reader: Reader, store: Store, listing: Listing) -> None:
    """Raises StorageUnavailable where registry and store do not say the same; RegistryError, ClusterError, OSError and
    ValueError where either cannot be asked.
    """
    if not listing.shelves and (name := next(iter(reader.repositories()), None)) is not None:
        raise StorageUnavailable(f"{store.name} is empty, and the registry has the repository {name}")
    proven, failure = 0, None
    for name, shelf in _newest(listing):
        try:
            _prove_one(reader, store, name, shelf)
            proven += 1
        except RegistryError as error:  # what is broken in one repository says nothing about the others
            failure = error
        if proven == SAMPLE:
            return
    if failure is not None and not proven:
        raise failure


def _prove_one(reader: Reader, store: Store, name: str, shelf: Shelf) -> None:
    doubtful = _differing(reader, name, shelf)
    for _ in range(ATTEMPTS):
        if doubtful:
            doubtful = _still_differing(reader, store, name, doubtful)
    if doubtful:
        raise StorageUnavailable(
            f"{store.name} is not what the registry says: they differ in tag {min(doubtful)} of {name}. "
            "Is it the folder of this registry?"
        )


def _newest(listing: Listing) -> list[tuple[str, Shelf]]:
    last = {
        name: max((written for _, written in shelf.tags().values()), default=0)
        for name, shelf in listing.shelves.items()
        if not shelf.broken
    }
    return [(name, listing.shelves[name]) for name in sorted(last, key=lambda name: (-last[name], name))[:ASKED]]


def _differing(reader: Reader, name: str, shelf: Shelf) -> set[str]:
    """Tags that only one of both has, and the newest where it points elsewhere."""
    stored = shelf.tags()
    differing = {tag for tag in reader.tags(name) if is_tag(tag)} ^ (stored.keys() | shelf.bare)
    if stored:
        newest = max(stored, key=lambda tag: (stored[tag][1], tag))
        if _points_elsewhere(reader, name, newest, stored[newest][0]):
            differing.add(newest)
    return differing


def _still_differing(reader: Reader, store: Store, name: str, tags: set[str]) -> set[str]:
    """The same tags once more, in both: a push may have come in between."""
    seen = Listing()
    paths = [path for tag in sorted(tags) for path in (tag_folder(name, tag), tag_link(name, tag))]
    look_again(seen, store.look(paths))
    shelf = seen.shelf(name)
    unclear = shelf.bare | {place_of(path).name for path in shelf.broken if place_of(path).kind is Kind.TAG_LINK}
    stored = {tag: hexes for tag, (hexes, _) in shelf.tags().items()}
    listed = set(reader.tags(name))
    return {
        tag
        for tag in tags - unclear
        if (tag in stored) != (tag in listed) or (tag in stored and _points_elsewhere(reader, name, tag, stored[tag]))
    }


def _points_elsewhere(reader: Reader, name: str, tag: str, hexes: str) -> bool:
    """A tag whose manifest is lost points nowhere, in both."""
    head = reader.head(name, tag)
    return head is not None and head.digest != f"sha256:{hexes}"
