"""The artifact graph of one repository: what each manifest holds, and who belongs to whom. Knows no rule.

A manifest *holds* what it lists (children; also a config or layer that happens to be a manifest here, because deleting
that digest takes the layer's link with it in Distribution 2.8) and its referrers (by `subject`, by fallback tag).
Holding decides what stays. It *takes along* its children and referrers, never a blob: that decides what may go with it.

Nothing here recurses: depth, fan-out and cycles of what strangers pushed cannot exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from regsweep.core.inventory import Repository
from regsweep.core.oci import Digest, Manifest, accessory_subject


class Tie(StrEnum):
    """Why one manifest goes where another goes."""

    CHILD = "child"
    REFERRER = "referrer"


@dataclass(frozen=True, slots=True)
class Bond:
    """`held` is tied to `holder`, which stays or goes first."""

    holder: Digest
    held: Digest
    tie: Tie


@dataclass(frozen=True, slots=True)
class Graph:
    """`tags` are the names on each digest, `referrers` the manifests that belong to a digest (itself never); sorted."""

    manifests: Mapping[Digest, Manifest]
    tags: Mapping[Digest, tuple[str, ...]]
    referrers: Mapping[Digest, tuple[Digest, ...]]

    def takes_along(self, digest: Digest) -> Iterator[Bond]:
        """The bonds by which others go when `digest` goes."""
        for referrer in self.referrers.get(digest, ()):
            yield Bond(digest, referrer, Tie.REFERRER)
        for child in self.manifests[digest].children:
            if child.digest in self.manifests and child.digest != digest:
                yield Bond(digest, child.digest, Tie.CHILD)

    def holds(self, digest: Digest) -> Iterator[Bond]:
        """The bonds by which others stay when `digest` stays."""
        yield from self.takes_along(digest)
        for blob in self.manifests[digest].blobs:
            if blob.digest in self.manifests and blob.digest != digest:
                yield Bond(digest, blob.digest, Tie.CHILD)

    def parents(self, digests: Iterable[Digest]) -> dict[Digest, Digest]:
        """Every index that lists one of `digests`, at any depth, with the digest among them that it was found by."""
        listed_by: dict[Digest, list[Digest]] = {}
        for manifest in self.manifests.values():
            for child in manifest.children:
                listed_by.setdefault(child.digest, []).append(manifest.digest)
        found: dict[Digest, Digest] = {}
        open_ends = sorted((digest, digest) for digest in digests)
        while open_ends:
            digest, origin = open_ends.pop()
            for parent in listed_by.get(digest, ()):
                if parent not in found:
                    found[parent] = origin
                    open_ends.append((parent, origin))
        return found


def graph_of(repository: Repository) -> Graph:
    """The graph of all that is in the inventory. Tags without a manifest are not in it."""
    tags: dict[Digest, list[str]] = {}
    referrers: dict[Digest, set[Digest]] = {}
    for tag in repository.tags:
        if tag.digest is None or tag.digest not in repository.manifests:
            continue
        tags.setdefault(tag.digest, []).append(tag.name)
        subject = accessory_subject(tag.name)
        if subject is not None:
            referrers.setdefault(subject, set()).add(tag.digest)
    for manifest in repository.manifests.values():
        if manifest.subject is not None:
            referrers.setdefault(manifest.subject, set()).add(manifest.digest)
    return Graph(
        repository.manifests,
        {digest: tuple(sorted(names)) for digest, names in tags.items()},
        {subject: tuple(sorted(found - {subject})) for subject, found in referrers.items()},
    )


def closure(roots: Iterable[Digest], bonds: Callable[[Digest], Iterator[Bond]]) -> dict[Digest, Bond]:
    """All that `roots` reach over `bonds`, roots left out, each with the bond by which it was reached first.

    Breadth first from the sorted roots, so that the nearest holder is named, and the same one every time.
    """
    reached: dict[Digest, Bond] = {}
    level = sorted(roots)
    seen = set(level)
    while level:
        following: list[Digest] = []
        for digest in level:
            for bond in bonds(digest):
                if bond.held not in seen:
                    seen.add(bond.held)
                    reached[bond.held] = bond
                    following.append(bond.held)
        level = following
    return reached
