"""The order of deletions in one repository: holders before what they hold, so that nothing that stands misses a part.

A root goes first, then its referrers, then its children. What several condemned manifests hold waits for the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from regsweep.core.graph import Bond, Graph, Tie
from regsweep.core.oci import Digest


class Departure(NamedTuple):
    """One manifest in its turn: `root` is the first of its train, `after` what must be gone before it, sorted."""

    digest: Digest
    root: Digest
    after: tuple[Digest, ...]


def in_order(condemned: AbstractSet[Digest], graph: Graph) -> Iterator[Departure]:
    """Every condemned manifest once. Trains are ordered by the first tag of their roots, then by digest.

    A referrer that lists its own subject ties a knot, and so can a fallback tag. Those in a knot go one by one, and are
    not said to wait for what comes later; what holds any of them still goes before, and what they hold after.
    """
    station = _Station(condemned, graph)
    yield from station.depart(station.free())
    yield from station.depart(station.left())


class _Station:
    """Most manifests are bound to no other: only of those that are, anything is kept."""

    def __init__(self, condemned: AbstractSet[Digest], graph: Graph) -> None:
        self._graph, self._condemned = graph, condemned
        self._holders: dict[Digest, set[Digest]] = {}
        for holder in condemned:
            for bond in self._bonds(holder):
                self._holders.setdefault(bond.held, set()).add(holder)
        self._waits_for = {digest: len(found) for digest, found in self._holders.items()}
        self._bound = self._holders.keys() | set().union(*self._holders.values())
        self._gone: set[Digest] = set()

    def free(self) -> list[Digest]:
        """What waits for nothing, in order."""
        return self._in_turn(digest for digest in self._condemned if digest not in self._holders)

    def left(self) -> list[Digest]:
        """What has not gone: in the reverse order in which a depth-first walk leaves it, so that only within a knot can
        anything come before its holder."""
        found: list[Digest] = []
        seen = set(self._gone)
        for start in reversed(self._in_turn(self._holders.keys() - self._gone)):
            walk = [(start, False)]
            while walk:
                digest, leaving = walk.pop()
                if leaving:
                    found.append(digest)
                elif digest not in seen:
                    seen.add(digest)
                    walk.append((digest, True))
                    walk.extend((bond.held, False) for bond in sorted(self._bonds(digest), key=_turn))
        return found[::-1]

    def depart(self, roots: Iterable[Digest]) -> Iterator[Departure]:
        """Each root that has not gone yet, with its whole train."""
        for root in roots:
            ready = [root]
            while ready:
                digest = ready.pop()
                if digest not in self._gone:
                    yield Departure(digest, root, tuple(sorted(self._gone_before(digest))))
                    if digest in self._bound:
                        self._gone.add(digest)
                    ready.extend(self._freed_by(digest))

    def _gone_before(self, digest: Digest) -> set[Digest]:
        """Its holders; in a knot, for those that are still there, theirs."""
        if digest not in self._holders:
            return set()
        gone: set[Digest] = set()
        seen, open_ends = {digest}, [digest]
        while open_ends:
            holders = self._holders.get(open_ends.pop(), set())
            gone |= holders & self._gone
            waiting = holders - self._gone - seen
            seen |= waiting
            open_ends.extend(waiting)
        return gone

    def _freed_by(self, digest: Digest) -> list[Digest]:
        """What waited for `digest` last, in the reverse of its order: the end of the list goes next."""
        bonds = self._bonds(digest)
        if not bonds:
            return []
        for bond in bonds:
            self._waits_for[bond.held] -= 1
        freed = [bond for bond in bonds if self._waits_for[bond.held] == 0]
        return [bond.held for bond in sorted(freed, key=_turn, reverse=True)]

    def _bonds(self, holder: Digest) -> list[Bond]:
        """One bond to each condemned manifest that `holder` holds; as its referrer, where it is both."""
        bonds = self._graph.holds(holder)
        if not bonds:
            return []
        found: dict[Digest, Bond] = {}
        for bond in bonds:
            if bond.held in self._condemned:
                found.setdefault(bond.held, bond)
        return list(found.values())

    def _in_turn(self, digests: Iterable[Digest]) -> list[Digest]:
        """Ordered by their first tags, which no two share; what has none is last, by its digest."""
        tags = self._graph.tags
        tagged: list[Digest] = []
        untagged: list[Digest] = []
        for digest in digests:
            (tagged if digest in tags else untagged).append(digest)
        tagged.sort(key=lambda digest: tags[digest][0])
        untagged.sort()
        return tagged + untagged


def _turn(bond: Bond) -> tuple[bool, Digest]:
    return bond.tie is Tie.CHILD, bond.held
