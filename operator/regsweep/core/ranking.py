"""`keep.latest`: which images of a rule have a place, group by group. Counts images, not tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from regsweep.api.policy import Keep, OrderBy
from regsweep.core.ages import Ages
from regsweep.core.inventory import Tag
from regsweep.core.oci import Digest
from regsweep.core.ordering import Key, alphabetical_key, natural_key, semver_key, time_key
from regsweep.core.selection import BY_TIME


@dataclass(frozen=True, slots=True)
class Place:
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


def rank(tags: Iterable[Tag], keep: Keep, ages: Ages, counts: Callable[[Tag], bool]) -> Ranking:
    """Rank the tags of one rule, newest first.

    All tags of a digest in a group share the place of the best of them. A tag that does not count (on a referrer, or
    an orphaned accessory) takes no place: it stands at the place that an image there would have. So does, in an order
    by time, an image that is dated only by when it was first seen: what is older than that is surely older than it, but
    it may itself be older than what stands below it, and must not push that out.
    """
    order = _order(keep.order_by, ages)
    bounded: set[str] = set()
    groups: dict[str, list[tuple[Key, Tag]]] = {}
    ungrouped: set[str] = set()
    unordered: set[str] = set()
    for tag in tags:
        group = keep.per.group(tag.name) if keep.per is not None else ""
        key = order(tag)
        if key is None and keep.order_by in BY_TIME and (seen := ages.seen(tag)) is not None:
            key = time_key(seen, tag.name)
            bounded.add(tag.name)
        if group is None:
            ungrouped.add(tag.name)
        elif key is None:
            unordered.add(tag.name)
        else:
            groups.setdefault(group, []).append((key, tag))
    places: dict[str, Place] = {}
    for group, members in groups.items():
        places.update(_places(group, members, lambda tag: tag.name not in bounded and counts(tag)))
    return Ranking(places, frozenset(ungrouped), frozenset(unordered))


def _places(group: str, members: list[tuple[Key, Tag]], counts: Callable[[Tag], bool]) -> dict[str, Place]:
    members.sort(key=lambda member: member[0], reverse=True)
    ranks: dict[Digest | None, int] = {}
    counted: set[Digest | None] = set()
    for _, tag in members:
        ranks.setdefault(tag.digest, len(counted) + 1)
        if counts(tag):
            counted.add(tag.digest)
    return {tag.name: Place(ranks[tag.digest], len(counted), group) for _, tag in members}


def _order(order_by: OrderBy, ages: Ages) -> Callable[[Tag], Key | None]:
    def by_push(tag: Tag) -> Key | None:
        moment = ages.pushed(tag)
        return None if moment is None else time_key(moment, tag.name)

    def by_creation(tag: Tag) -> Key | None:
        moment = None if tag.digest is None else ages.created(tag.digest)
        return None if moment is None else time_key(moment, tag.name)

    orders: dict[OrderBy, Callable[[Tag], Key | None]] = {
        OrderBy.PUSH_TIME: by_push,
        OrderBy.CREATED_TIME: by_creation,
        OrderBy.SEMVER: lambda tag: semver_key(tag.name),
        OrderBy.NUMERIC: lambda tag: natural_key(tag.name),
        OrderBy.ALPHABETICAL: lambda tag: alphabetical_key(tag.name),
    }
    return orders[order_by]
