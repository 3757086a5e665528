"""A second reading of the policy, from YAML and the model alone: what it lets go, by other code than the engine's."""

from __future__ import annotations

import fnmatch
import re
from datetime import datetime, timedelta
from typing import Any

from tests.property.model import World
from tests.property.registries import CHART, NOW, OPAQUE
from tests.property.strategies import Case


def span(text: str) -> timedelta:
    return timedelta(**{{"s": "seconds", "h": "hours", "d": "days"}[text[-1]]: int(text[:-1])})


def matches(selector: dict[str, Any], name: str) -> bool:
    def any_of(globs: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(name, glob) for glob in globs)

    return any_of(selector["include"]) and not any_of(selector["exclude"])


def rule_of(policy: dict[str, Any], name: str, tag: str) -> dict[str, Any] | None:
    """The rule that decides; None where nothing may be deleted."""
    protect = policy["protect"]
    if any(fnmatch.fnmatchcase(name, glob) for glob in protect["repositories"]):
        return None
    if any(fnmatch.fnmatchcase(tag, glob) for glob in protect["tags"]):
        return None
    return next((r for r in policy["rules"] if matches(r["repositories"], name) and matches(r["tags"], tag)), None)


def created(world: World, name: str, digest: str) -> datetime | None:
    """What the generator meant by the dates. Of an index: the newest of its own and its platforms', if all are known;
    its own date is known enough."""
    own = world.dates.get(digest)
    if not world.is_index(digest):
        if (world.texts.get(digest) or "x")[0].isdigit():
            return own  # an annotation that is a time is not replaced, however odd it is
        return own or world.dates.get(world.document(digest).get("config", {}).get("digest"))
    found: list[datetime | None] = []
    open_ends, done = [digest], set()
    while open_ends:
        at = open_ends.pop()
        if at in done or at not in world.rooms[name].revisions:
            continue
        done.add(at)
        if not world.is_index(at):
            if world.document(at).get("config", {}).get("mediaType") != CHART:
                found.append(created(world, name, at))
            continue
        attested = {entry["digest"] for entry in world.document(at)["manifests"] if "annotations" in entry}
        open_ends += [child for child in world.children(at) if child not in attested]
    known = [moment for moment in (own, *found) if moment is not None]
    return max(known) if known and (own or None not in found) else None


def families(world: World, digests: list[str]) -> frozenset[str]:
    """The manifests with all that list them or that they list, and so on."""
    children = {digest: {*world.children(digest)} & world.documents.keys() for digest in world.documents}
    found, open_ends = set(digests), list(digests)
    while open_ends:
        at = open_ends.pop()
        near = children[at] | {holder for holder, listed in children.items() if at in listed}
        open_ends += near - found
        found |= near
    return frozenset(found)


def dated(case: Case, name: str, tag: str) -> datetime | None:
    """The last push, else the created time."""
    room = case.world.rooms[name]
    target = room.tags[tag]
    if case.storage:
        return room.tag_pushed[tag]
    return created(case.world, name, target) if target in room.revisions and target is not None else None


def began(case: Case, name: str, tag: str) -> datetime | None:
    """From when on the tag's age counts: its date, else its first sight."""
    target = case.world.rooms[name].tags[tag]
    seen = None if case.storage else case.world.rooms[name].seen.get(target or "")
    return dated(case, name, tag) or seen


def kept_by(rule: dict[str, Any], case: Case, name: str, tag: str) -> bool:
    """Whether the rule surely keeps the tag, by its own criteria or for want of an age."""
    keep, moment = rule["keep"], began(case, name, tag)
    if "youngerThan" in keep and (moment is None or NOW - moment < span(keep["youngerThan"])):
        return True
    return "latest" in keep and among_latest(rule, case, name, tag)


def among_latest(rule: dict[str, Any], case: Case, name: str, tag: str) -> bool:
    """Whether `keep.latest` keeps the tag: fewer images than it allows are surely newer than the tag's, in its group.
    A tag that has no place in any is kept, too."""
    room, keep = case.world.rooms[name], rule["keep"]
    group = group_of(keep, tag)
    if group is None or key_of(keep["orderBy"], case, name, tag) is None:
        return True
    best: dict[str, Any] = {}
    images: set[str] = set()
    for other, target in room.tags.items():
        if target is None or rule_of(case.policy, name, other) is not rule or group_of(keep, other) != group:
            continue
        if room.follows(other) or is_opaque(case.world, target):
            continue
        key = key_of(keep["orderBy"], case, name, other)
        if key is None:
            continue
        best[target] = max(best.get(target, key), key)
        if is_image(case, name, other, target, keep["orderBy"]):
            images.add(target)
    own = best[room.tags[tag] or ""]
    return sum(best[image] > own for image in images) < keep["latest"]


def is_image(case: Case, name: str, tag: str, target: str, order_by: str) -> bool:
    """Whether the tag gives its digest a place: no accessory does, and in an order by time nothing without a date."""
    if case.world.subject(target) or case.world.rooms[name].subject_of(tag):
        return False
    if order_by == "PushTime":
        return dated(case, name, tag) is not None
    return order_by != "CreatedTime" or created(case.world, name, target) is not None


def is_opaque(world: World, digest: str) -> bool:
    return world.document(digest).get("mediaType") in OPAQUE


def group_of(keep: dict[str, Any], tag: str) -> str | None:
    if "per" not in keep:
        return ""
    found = re.search(keep["per"].strip("/"), tag)
    return found[1] if found else None


def natural(tag: str) -> list[Any]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", tag)]


def key_of(order_by: str, case: Case, name: str, tag: str) -> Any:
    room = case.world.rooms[name]
    target = room.tags[tag]
    if order_by == "Alphabetical":
        return tag
    if order_by == "Numeric":
        return (natural(tag), tag)
    if order_by == "SemVer":
        versions = ["v2.0.0-rc.1", "v2.0.0-rc.10", "v2.0.0"]
        order = ["1.0.0", "v1.0.0", "v1.2.0", "v1.10.0", *versions]
        return order.index(tag) if tag in order else None
    moment = dated(case, name, tag) if order_by == "PushTime" else created(case.world, name, target or "")
    if moment is None and not case.storage:
        moment = room.seen.get(target or "")
    return None if moment is None else (moment, natural(tag), tag)


def holds_as_child(world: World, digest: str, used: set[Any]) -> bool:
    open_ends, done = [digest], set()
    while open_ends:
        at = open_ends.pop()
        if at in done or at not in world.documents:
            continue
        done.add(at)
        children = world.children(at)
        if set(children) & used:
            return True
        open_ends += children
    return False
