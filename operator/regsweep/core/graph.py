"""The artifact graph of one repository: what each manifest holds, and who belongs to whom. Knows no rule.

A manifest *holds* what it lists (children; also a config or layer that happens to be a manifest here, because deleting
that digest takes the layer's link with it in Distribution 2.8) and its referrers (by `subject`, by fallback tag).
Holding decides what stays. It *takes along* its children and referrers, never a blob: that decides what may go with it.

Nothing here recurses: depth, fan-out and cycles of what strangers pushed cannot exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

from regsweep.core.inventory import Repository
from regsweep.core.oci import Descriptor, Digest, Manifest, accessory_subject


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
    """`tags` are the names on each digest, `referrers` the manifests that belong to a digest (itself never); sorted.

    Most manifests are bound to no other: what binds is looked up once, and only of those that it binds.
    """

    manifests: Mapping[Digest, Manifest]
    tags: Mapping[Digest, tuple[str, ...]]
    referrers: Mapping[Digest, tuple[Digest, ...]]
    _takes_along: dict[Digest, tuple[Bond, ...]] = field(init=False, repr=False, default_factory=dict)
    _holds: dict[Digest, tuple[Bond, ...]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for digest, manifest in self.manifests.items():
            bonds = [Bond(digest, referrer, Tie.REFERRER) for referrer in self.referrers.get(digest, ())]
            bonds += self._children(digest, manifest.children)
            along = tuple(bonds)
            if along:
                self._takes_along[digest] = along
            if holds := along + tuple(self._children(digest, manifest.blobs)):  # most often `along` itself
                self._holds[digest] = holds

    def takes_along(self, digest: Digest) -> tuple[Bond, ...]:
        """The bonds by which others go when `digest` goes."""
        return self._takes_along.get(digest, ())

    def holds(self, digest: Digest) -> tuple[Bond, ...]:
        """The bonds by which others stay when `digest` stays."""
        return self._holds.get(digest, ())

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

    def _children(self, digest: Digest, listed: tuple[Descriptor, ...]) -> list[Bond]:
        manifests = self.manifests
        return [Bond(digest, it.digest, Tie.CHILD) for it in listed if it.digest in manifests and it.digest != digest]


def graph_of(repository: Repository) -> Graph:
    """The graph of all that is in the inventory. Tags without a manifest are not in it."""
    tags: dict[Digest, tuple[str, ...]] = {}
    several: dict[Digest, list[str]] = {}  # of the few manifests that have more than one tag
    referrers: dict[Digest, set[Digest]] = {}
    for tag in repository.tags:
        if tag.digest is None or tag.digest not in repository.manifests:
            continue
        if tag.digest in tags:
            several.setdefault(tag.digest, list(tags[tag.digest])).append(tag.name)
        else:
            tags[tag.digest] = (tag.name,)
        subject = accessory_subject(tag.name)
        if subject is not None:
            referrers.setdefault(subject, set()).add(tag.digest)
    for manifest in repository.manifests.values():
        if manifest.subject is not None:
            referrers.setdefault(manifest.subject, set()).add(manifest.digest)
    tags.update((digest, tuple(sorted(names))) for digest, names in several.items())
    return Graph(
        repository.manifests,
        tags,
        {subject: tuple(sorted(found - {subject})) for subject, found in referrers.items()},
    )


def closure(roots: AbstractSet[Digest], bonds: Callable[[Digest], Sequence[Bond]]) -> dict[Digest, Bond]:
    """All that `roots` reach over `bonds`, roots left out, each with the bond by which it was reached first.

    Breadth first from the sorted roots, so that the nearest holder is named, and the same one every time.
    """
    reached: dict[Digest, Bond] = {}
    level = sorted(root for root in roots if bonds(root))
    while level:
        following: list[Digest] = []
        for digest in level:
            for bond in bonds(digest):
                if bond.held not in roots and bond.held not in reached:
                    reached[bond.held] = bond
                    following.append(bond.held)
        level = following
    return reached
