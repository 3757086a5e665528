"""Shelves become repositories: tags, all manifests, push times, and created times where those are wanted.

A repository in which anything is broken is Unread, never a shorter one (S5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from regsweep.core.ages import EARLIEST_PLAUSIBLE
from regsweep.core.dating import Dates, Memory, aging, dates_of, noted
from regsweep.core.inventory import Finding, Repository, Tag, Unread
from regsweep.core.oci import Digest, accessory_subject
from regsweep.core.ports import ManifestCache
from regsweep.steps.storage.findings import BROKEN_MANIFEST, findings_of
from regsweep.steps.storage.listing import Listing
from regsweep.steps.storage.manifests import Blobs, Manifests, read_created, read_manifests
from regsweep.steps.storage.places import data_path
from regsweep.steps.storage.shelf import Shelf

Dated = Callable[[Repository], Iterable[str]]
"""Of a repository whose push times are known: the tags for which the created time is wanted as well."""

REVISIONS_AT_ONCE = 5_000
"""Repositories are read together up to so many revisions; a larger one is read alone."""

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Work:
    """What reading takes."""

    blobs: Blobs
    cache: ManifestCache
    dated: Dated
    memory: Memory | None = None


def read_repositories(listing: Listing, names: Sequence[str], work: Work) -> Iterator[Repository | Unread]:
    """The repositories in the order of `names`. Raises StorageUnavailable: then none of those before holds either."""
    for group in _groups(listing, names):
        whole = [(name, shelf) for name, shelf in group if not (shelf.broken or shelf.strange)]
        manifests = read_manifests(
            sorted({_digest(hexes) for _, shelf in whole for hexes in shelf.pushes()}), work.blobs, work.cache
        )
        found = {name: _repository(name, shelf, manifests, listing.clock) for name, shelf in whole}
        dated = _with_dates([each for each in found.values() if isinstance(each, Repository)], work)
        for name, shelf in group:
            yield dated.get(name) or found.get(name) or _left_alone(name, shelf, listing.clock)


def _groups(listing: Listing, names: Sequence[str]) -> Iterator[list[tuple[str, Shelf]]]:
    group: list[tuple[str, Shelf]] = []
    weight = 0
    for name in names:
        shelf = listing.shelves.get(name) or Shelf()
        if group and weight + len(shelf.revisions) > REVISIONS_AT_ONCE * 40:
            yield group
            group, weight = [], 0
        group.append((name, shelf))
        weight += len(shelf.revisions)
    if group:
        yield group


def _left_alone(name: str, shelf: Shelf, clock: int) -> Unread:
    findings = findings_of(name, shelf, clock)
    if shelf.strange:
        return Unread(name, "it has a revision whose digest is not sha256", findings)
    path, size = min(shelf.broken.items())
    more = f", and {len(shelf.broken) - 1} more" if len(shelf.broken) > 1 else ""
    return Unread(name, f"a link is broken: {path} has {size} bytes{more}", findings)


def _repository(name: str, shelf: Shelf, manifests: Manifests, clock: int) -> Repository | Unread:
    findings = findings_of(name, shelf, clock)
    pushes = {_digest(hexes): written for hexes, written in shelf.pushes().items()}
    damaged = sorted(pushes.keys() & manifests.damaged.keys())
    if damaged:
        told = tuple(
            Finding(
                BROKEN_MANIFEST,
                name,
                digest,
                f"{manifests.damaged[digest]} ({data_path(digest[7:])}): push the image again, or delete the manifest",
            )
            for digest in damaged
        )
        return Unread(name, f"the manifest {damaged[0]} is damaged: {manifests.damaged[damaged[0]]}", findings + told)
    held = {digest: manifests.found[digest] for digest in pushes if digest in manifests.found}
    tags = [
        Tag(tag, digest if (digest := _digest(hexes)) in held else None, _time(written))
        for tag, (hexes, written) in shelf.tags().items()
    ]
    tags += [Tag(tag, None) for tag in shelf.bare]
    named = {child.digest for manifest in held.values() for child in manifest.children}
    subjects = {accessory_subject(tag.name) for tag in tags} | {manifest.subject for manifest in held.values()}
    return Repository(
        name,
        tuple(sorted(tags, key=lambda tag: tag.name)),
        held,
        absent=frozenset(named | {subject for subject in subjects if subject}) - held.keys(),
        pushed={digest: time for digest in held if (time := _time(pushes[digest])) is not None},
        findings=findings,
    )


def _with_dates(found: Sequence[Repository], work: Work) -> dict[str, Repository]:
    wanted = {each.name: _aging(each, work.dated) for each in found}
    dates: dict[str, Dates] = {each.name: dates_of(set(wanted[each.name].values()), each.manifests) for each in found}
    configs = {config for stated in dates.values() for config in stated.asking.values()}
    texts = read_created(sorted(configs), work.blobs, work.cache)
    dated = (replace(each, created=dates[each.name].with_configs(texts)) for each in found)
    return {each.name: replace(each, seen=_noted(each, wanted[each.name], work.memory)) for each in dated}


def _aging(found: Repository, dated: Dated) -> dict[str, Digest]:
    needed = set(dated(found))
    return aging({tag.name: tag.digest for tag in found.tags if tag.digest and tag.name in needed}, found.absent)


def _noted(found: Repository, tags: Collection[str], memory: Memory | None) -> dict[Digest, datetime]:
    """Where every push is known, nobody has to remember."""
    unknown = {tag.name for tag in found.tags if tag.name in tags and tag.pushed is None}
    return dict(noted(found, unknown, memory)) if unknown else {}


def _digest(hexes: str) -> Digest:
    return Digest(f"sha256:{hexes}")


def _time(written: int) -> datetime | None:
    """A time of the file system; one that a copy or an image builder made up is none."""
    if not EARLIEST_PLAUSIBLE.timestamp() <= written < _LATEST.timestamp():
        return None
    return datetime.fromtimestamp(written, UTC)
