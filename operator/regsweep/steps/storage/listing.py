"""The listing of a store: of each repository the tags with digest and push time, and the revisions with push time.

Pure. What is not plainly good (a broken link, a tag without one, a tag whose revision was not listed) is `doubtful`: it
may have been half written in that very moment, and is looked at a second time before anybody is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from regsweep.steps.storage.answers import Batch, Pieces, Record, batches, closing, opening
from regsweep.steps.storage.places import LINK_BYTES, Kind, Place, place_of, revision_link, tag_folder, tag_link
from regsweep.steps.storage.shelf import Shelf

MOST_NAMED = 100
"""So many foreign things are named."""


class SymbolicLink(ValueError):
    """The registry would follow it. A listing does not, and so could be shorter than the registry."""


@dataclass(slots=True)
class Listing:
    """`clock` is that of the store when it began, in seconds since 1970. `misnamed` and `foreign` are paths."""

    clock: int = 0
    shelves: dict[str, Shelf] = field(default_factory=dict)
    misnamed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def shelf(self, repository: str) -> Shelf:
        found = self.shelves.get(repository)
        if found is None:
            found = self.shelves[repository] = Shelf()
        return found

    def doubtful(self) -> Iterator[str]:
        """Paths to be looked at again."""
        for repository, shelf in self.shelves.items():
            places = [place_of(path) for path in shelf.broken]
            tags = {place.name for place in places if place.kind is Kind.TAG_LINK} | shelf.bare
            revisions = {place.name for place in places if place.kind is Kind.REVISION}
            there = shelf.pushes().keys()
            for tag, (hexes, _) in shelf.tags().items():
                if hexes not in there:
                    tags.add(tag)
                    revisions.add(hexes)
            for tag in sorted(tags):
                yield from (tag_folder(repository, tag), tag_link(repository, tag))
            yield from (revision_link(repository, hexes) for hexes in sorted(revisions))


def read_listing(pieces: Iterable[bytes]) -> Listing:
    """Raises ValueError for half a listing, and SymbolicLink."""
    answer = Pieces(pieces)
    listing = Listing(clock=opening(answer))
    reader = _Reader(listing)
    for part in ("tags", "revisions"):
        for batch in batches(answer, part):
            reader.take(batch)
    closing(answer)
    reader.settle()
    return listing


def look_again(listing: Listing, pieces: Iterable[bytes]) -> None:
    """Correct `listing` by a second look at what was doubtful. Raises as `read_listing`."""
    answer = Pieces(pieces)
    opening(answer)
    reader = _Reader(listing)
    for batch in batches(answer, "look"):
        for record in batch.records:
            _forget(listing, record)
        reader.take(batch)
    closing(answer)
    reader.settle()


def _forget(listing: Listing, record: Record) -> None:
    """What was doubtful about it; what is not there any more is not broken either."""
    place = place_of(record.path)
    shelf = listing.shelf(place.repository)
    shelf.broken.pop(record.path, None)
    if place.kind is Kind.TAG:
        shelf.bare.discard(place.name)
        if record.mark == "-":
            shelf.gone.add(place.name)


class _Reader:
    """Puts records onto the shelves."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._linkless: set[tuple[str, str]] = set()

    def take(self, batch: Batch) -> None:
        for record in batch.records:
            if record.mark == "L":
                raise SymbolicLink(f"{record.path} is a symbolic link")
            place = place_of(record.path)
            if record.mark == "I" or place.kind is Kind.MISNAMED:
                _name(self._listing.misnamed, record.path)
            elif record.mark == "F" or place.kind is Kind.FOREIGN:
                self._foreign(record, place)
            elif record.mark == "D":
                self._folder(place)
            elif record.mark == "S":
                self._file(record, place, batch.contents)

    def settle(self) -> None:
        """A tag whose link was not listed has none."""
        for repository, tag in self._linkless:
            self._listing.shelf(repository).bare.add(tag)
        self._linkless.clear()

    def _foreign(self, record: Record, place: Place) -> None:
        _name(self._listing.foreign, record.path)
        if place.repository and "/_manifests/revisions/" in record.path:
            self._listing.shelf(place.repository).strange = True

    def _folder(self, place: Place) -> None:
        shelf = self._listing.shelf(place.repository)
        if place.kind is Kind.LAYERS:
            shelf.layers = True
        elif place.kind is Kind.TAG:
            self._linkless.add((place.repository, place.name))

    def _file(self, record: Record, place: Place, contents: Mapping[str, str]) -> None:
        shelf = self._listing.shelf(place.repository)
        if place.kind is Kind.LEFTOVER:
            shelf.leftovers[record.path] = record.written
        elif place.kind is Kind.TAG_LINK:
            self._linkless.discard((place.repository, place.name))
            digest = contents.get(record.path, "")
            if record.size == LINK_BYTES and digest:
                shelf.put_tag(place.name, digest, record.written)
            else:
                shelf.broken[record.path] = record.size
        elif place.kind is Kind.REVISION and record.size == LINK_BYTES:
            shelf.put_revision(place.name, record.written)
        elif place.kind is Kind.REVISION:
            shelf.broken[record.path] = record.size


def _name(paths: list[str], path: str) -> None:
    if len(paths) < MOST_NAMED:
        paths.append(path)
