"""`keep.latest`: which images of a rule have a place, group by group. Counts images, not tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from regsweep.api.policy import Keep, OrderBy
from regsweep.core.ages import Ages
from regsweep.core.inventory import Tag
from regsweep.core.oci import Digest
from regsweep.core.ordering import alphabetical_key, natural_key, newest_first, semver_key
from regsweep.core.selection import BY_TIME


class Place(NamedTuple):
    """Where the image of a tag stands among the `of` images of its group, from 1. Kept up to `keep.latest`."""

    rank: int
    of: int
    group: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """`places` by tag. `per` does not match the `ungrouped`, and `orderBy` cannot place the `unordered`."""

    places: Mapping[str, Place]
    ungrouped: frozenset[str]
    unordered: frozenset[str]


NO_RANKING = Ranking({}, frozenset(), frozenset())
"""Of a rule that keeps none for its place."""


def rank(tags: Iterable[Tag], keep: Keep, ages: Ages, counts: Callable[[Tag], bool]) -> Ranking:
    """Rank the tags of one rule, newest first.

    All tags of a digest in a group share the place of the best of them. A tag that does not count (on a referrer, or
    an orphaned accessory) takes no place: it stands at the place that an image there would have. So does, in an order
    by time, an image that is dated only by when it was first seen: what is older than that is surely older than it, but
    it may itself be older than what stands below it, and must not push that out.
    """
    order, by_time, per = _order(keep.order_by, ages), keep.order_by in BY_TIME, keep.per
    bounded: set[str] = set()
    groups: dict[str, list[tuple[Any, Tag]]] = {}
    ungrouped: set[str] = set()
    unordered: set[str] = set()
    for tag in tags:
        group = "" if per is None else per.group(tag.name)
        key = order(tag)
        if key is None and by_time and (seen := ages.seen(tag)) is not None:
            key = seen
            bounded.add(tag.name)
        if group is None:
            ungrouped.add(tag.name)
        elif key is None:
            unordered.add(tag.name)
        else:
            groups.setdefault(group, []).append((key, tag))
    places: dict[str, Place] = {}
    for group, members in groups.items():
        places |= _places(group, members, lambda tag: tag.name not in bounded and counts(tag))
    return Ranking(places, frozenset(ungrouped), frozenset(unordered))


def _places(group: str, members: list[tuple[Any, Tag]], counts: Callable[[Tag], bool]) -> dict[str, Place]:
    tags = newest_first(members)
    ranks: dict[Digest | None, int] = {}
    counted: set[Digest | None] = set()
    for tag in tags:
        ranks.setdefault(tag.digest, len(counted) + 1)
        if counts(tag):
            counted.add(tag.digest)
    of = len(counted)
    return {tag.name: Place(ranks[tag.digest], of, group) for tag in tags}


def _order(order_by: OrderBy, ages: Ages) -> Callable[[Tag], Any]:
    """The key of a tag, None where it has none; comparable among the tags of one order."""
    orders: dict[OrderBy, Callable[[Tag], Any]] = {
        OrderBy.PUSH_TIME: ages.pushed,
        OrderBy.CREATED_TIME: lambda tag: None if tag.digest is None else ages.created(tag.digest),
        OrderBy.SEMVER: lambda tag: semver_key(tag.name),
        OrderBy.NUMERIC: lambda tag: natural_key(tag.name),
        OrderBy.ALPHABETICAL: lambda tag: alphabetical_key(tag.name),
    }
    return orders[order_by]
