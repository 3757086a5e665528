"""Where an image stands: its place among its neighbours, and its age with where that comes from."""

from __future__ import annotations

from datetime import datetime, timedelta

from regsweep.api.policy import Keep, OrderBy
from regsweep.core.explain.case import Case, decision
from regsweep.core.explain.document import AgePart, AgeSource, NeighbourPart, PlacePart
from regsweep.core.inventory import Tag
from regsweep.core.inventory_document import time_text
from regsweep.core.oci import Digest, Kind
from regsweep.core.ranking import Place
from regsweep.core.selection import BY_TIME

_AROUND = 2
"""So many places are shown on each side."""

_SAME = 3
"""So many images are shown that stand at one place: those that take none may be many."""

_UNKNOWN = "nobody knows when it was pushed or made"


def place_of(case: Case, tag: str) -> PlacePart | None:
    """None where no rule counts it, or it has no place in what the rule counts."""
    rule = case.rule(case.judgement.tags[tag].rule)
    if rule is None or rule.keep.latest is None:
        return None
    places = case.ranking(rule).places
    own = places.get(tag)
    if own is None:
        return None
    return PlacePart(
        rule=rule.name,
        rank=own.rank,
        of=own.of,
        kept=rule.keep.latest,
        order_by=rule.keep.order_by.value,
        group=own.group,
        neighbours=_neighbours(
            case, {name: at for name, at in places.items() if at.group == own.group}, case.tags[tag], rule.keep
        ),
    )


def age_of(case: Case, tag: str | None, digest: Digest | None) -> AgePart | None:
    """Of a tag, or of an untagged manifest; None for a tag without manifest."""
    if digest is None:
        return None
    subject = case.tags[tag] if tag is not None else Tag("", digest)
    began = case.ages.began(subject)
    source, note = _source(case, subject, digest, began)
    return AgePart(
        since=time_text(began) if began else None,
        source=source,
        age=span(case.now - began) if began else "unknown",
        note=note,
    )


def span(length: timedelta) -> str:
    """`36 days`, `5 hours`, `12 minutes`: rounded down."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size or (unit == "minute" and seconds >= size):
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return f"{seconds} seconds"


def _neighbours(case: Case, places: dict[str, Place], own: Tag, keep: Keep) -> tuple[NeighbourPart, ...]:
    latest, own_digest, rank_of_own = keep.latest or 0, own.digest or "", places[own.name].rank
    wanted = {*range(rank_of_own - _AROUND, rank_of_own + _AROUND + 1), latest, latest + 1}
    found: dict[tuple[int, str], list[str]] = {}
    for name, place in places.items():
        if place.rank in wanted:
            found.setdefault((place.rank, case.tags[name].digest or ""), []).append(name)
    shown: dict[int, int] = {}
    for rank, digest in sorted(found, key=lambda each: (each[0], each[1] != own_digest, each[1])):
        shown[rank] = shown.get(rank, 0) + 1
        if shown[rank] > _SAME:
            del found[rank, digest]
    return tuple(
        NeighbourPart(
            rank=rank,
            tags=tuple(sorted(tags)),
            digest=digest,
            decision=decision(case.judgement.tags[min(tags)]),
            reason=case.judgement.tags[min(tags)].reason,
            since=_since(case, tags, keep.order_by),
        )
        for (rank, digest), tags in sorted(found.items())
    )


def _since(case: Case, tags: list[str], order_by: OrderBy) -> str | None:
    if order_by not in BY_TIME:
        return None
    tag = case.tags[min(tags)]
    moment = case.ages.began(tag) if order_by is OrderBy.PUSH_TIME else case.ages.created(Digest(tag.digest or ""))
    return time_text(moment) if moment else None


def _source(case: Case, tag: Tag, digest: Digest, began: datetime | None) -> tuple[AgeSource, str]:
    if began is None:
        return "unknown", _distrusted(case, digest) or _UNKNOWN
    if began == tag.pushed:
        return "tag-push", "the tag was pushed then"
    if began == case.repository.pushed.get(digest):
        return "manifest-push", "its manifest was pushed then"
    if began == case.ages.created(digest):
        if case.repository.manifests[digest].kind is Kind.INDEX and digest not in case.repository.created:
            return "platform-created", "the newest of its platforms was made then, as its config says"
        return "created", "it was made then, as its config or annotation says"
    distrusted = _distrusted(case, digest)
    return "first-seen", f"regsweep saw it first then; {distrusted or _UNKNOWN}"


def _distrusted(case: Case, digest: Digest) -> str:
    said = case.repository.created.get(digest) or case.repository.pushed.get(digest)
    return f"{time_text(said)} is written in it, which is no date to be believed" if said else ""
