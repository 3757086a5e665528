"""What must hold of every plan, as plain checks that raise AssertionError.

The tests try them on many cases; the mutation tests try them on a broken engine, where one must fail.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from regsweep.core.inventory import InUse
from regsweep.core.oci import Digest
from regsweep.core.plan_file import plan_from_json, plan_to_json
from regsweep.core.verdict import REASONS
from tests.property.engine import Decided, decide, seen, shuffled, visible
from tests.property.model import Room, World
from tests.property.strategies import NOW, UNKNOWN, Case

ACCESSORY = re.compile(r".*sha256-([0-9a-f]{64})(\.(sig|att|sbom))?")


def every_object_has_one_documented_verdict(case: Case, decided: Decided) -> None:
    rules = {f"expired.{rule['name']}" for rule in case.policy["rules"]}
    for name, room in case.world.rooms.items():
        judgement = decided.judgements[name]
        assert judgement.tags.keys() == room.tags.keys()
        assert judgement.manifests.keys() == seen(case.world, name, case.storage)
        reasons = {verdict.reason for verdict in [*judgement.tags.values(), *judgement.manifests.values()]}
        assert reasons <= REASONS.keys() | rules


def what_is_kept_stays_whole_at_every_moment(case: Case, decided: Decided) -> None:
    world = visible(case)
    needed = {}
    for name, room in world.rooms.items():
        for tag in decided.kept_tags(name):
            target = room.tags[tag]
            if target in room.revisions and target is not None:
                needed[name, tag, target] = world.needs(name, target)
    parts = {part for (name, _, _), all_of_it in needed.items() for digest in all_of_it for part in world.parts(digest)}
    stored = parts & world.blobs.keys()
    for action in decided.plan.actions:
        world.delete(action.repository, action.digest)
        for (name, tag, target), all_of_it in needed.items():
            assert world.rooms[name].tags.get(tag) == target
            assert all_of_it <= world.rooms[name].revisions, f"{name}:{tag} lost a part"
    world.collect()
    assert stored <= world.blobs.keys()


def an_untagged_index_that_stays_is_whole(case: Case, decided: Decided) -> None:
    world = visible(case)
    for name, room in world.rooms.items():
        condemned = decided.condemned(name)
        for digest in room.revisions - condemned:
            assert not world.needs(name, digest) & condemned


def nothing_goes_that_no_rule_lets_go(case: Case, decided: Decided) -> None:
    """S1, by a second reading of the policy: selected, not protected, and not among what the rule keeps."""
    for name, room in case.world.rooms.items():
        for action in decided.actions(name):
            for tag in action.tags:
                if not is_accessory(room, tag):
                    assert (rule := rule_of(case.policy, name, tag)) is not None
                    assert not kept_by(rule, case, name, tag), f"{name}:{tag} is kept by {rule['name']}"
            assert set(action.tags) == {tag for tag, target in room.tags.items() if target == action.digest}


def nothing_goes_unexplained(case: Case, decided: Decided) -> None:
    """Every deleted manifest has an expired tag, or belongs to one that goes, or is long untagged."""
    for name, room in case.world.rooms.items():
        condemned = decided.condemned(name)
        for digest in condemned:
            judged = [tag for tag, target in room.tags.items() if target == digest and not is_accessory(room, tag)]
            follows = any(
                digest in case.world.children(holder) or digest in case.world.referrers(name, holder)
                for holder in condemned - {digest}
            )
            tagged = digest in room.tags.values()
            old = "untagged" in case.policy and case.storage and not tagged
            old = old and NOW - room.pushed[digest] >= span(case.policy["untagged"]["olderThan"])
            assert judged or follows or old


def nothing_young_goes(case: Case, decided: Decided) -> None:
    minimum = span(case.policy["limits"]["minimumAge"])
    for name, room in case.world.rooms.items():
        for action in decided.actions(name):
            for tag in action.tags:
                moment = pushed(case, name, tag)
                assert is_accessory(room, tag) or not minimum or (moment is not None and NOW - moment >= minimum)
            if case.storage:
                assert NOW - room.pushed[action.digest] >= minimum


def what_is_used_stays(case: Case, decided: Decided) -> None:
    world = visible(case)
    for name, room in world.rooms.items():
        used = {target for tag, target in room.tags.items() if (name, tag) in case.in_use.tags}
        for digest in room.revisions:
            config = world.document(digest).get("config", {}).get("digest")
            if digest in case.in_use.digests or config in case.in_use.digests:
                used.add(digest)
        used |= {digest for digest in room.revisions if holds_as_child(world, digest, used)}
        assert not used & decided.condemned(name)


def unknown_types_stay(case: Case, decided: Decided) -> None:
    for action in decided.plan.actions:
        assert case.world.document(action.digest).get("mediaType") != UNKNOWN


def all_that_only_the_expired_held_goes(case: Case, decided: Decided) -> None:
    """S3: nothing is left behind by what held it, unless something else holds it or it stays for its own sake."""
    if case.storage:  # there it may stay for its push time
        return
    world = visible(case)
    for name, room in world.rooms.items():
        condemned = decided.condemned(name)
        staying = room.revisions - condemned
        own = {digest for tag, digest in room.tags.items() if tag in decided.kept_tags(name)}
        own |= {digest for digest in staying if world.document(digest).get("mediaType") == UNKNOWN}
        used: set[str] = set(case.in_use.digests)
        used |= {digest for digest in staying if world.document(digest).get("config", {}).get("digest") in used}
        own |= used | {digest for digest in staying if holds_as_child(world, digest, used)}
        held = {digest for holder in staying for digest in world.needs(name, holder) - {holder}}
        for holder in condemned:
            left = {*world.children(holder), *world.referrers(name, holder)} & staying
            assert left <= own | held


def holders_go_first(case: Case, decided: Decided) -> None:
    world = visible(case)
    for name in world.rooms:
        actions = decided.actions(name)
        place = {action.digest: number for number, action in enumerate(actions)}
        for action in actions:
            document = world.document(action.digest)
            holders = {h for h in map(str, place) if action.digest in world.parts(h) - {h}}
            if subject := (document.get("subject") or {}).get("digest"):
                holders |= {subject} & place.keys()
            for holder in holders:
                if holder in world.needs(name, action.digest):
                    continue  # a knot that a fallback tag ties
                assert place[Digest(holder)] < place[action.digest]
                assert holder in action.after
            assert all(place[holder] < place[action.digest] for holder in action.after)


def a_skipped_action_keeps_its_parts(case: Case, decided: Decided) -> None:
    """Whichever action is skipped, with what waits for it: nothing that is left misses a part."""
    world = visible(case)
    for name in world.rooms:
        actions = decided.actions(name)
        for skipped in actions:
            spared = {skipped.digest}
            for action in actions:
                if spared & set(action.after):
                    spared.add(action.digest)
            gone = {action.digest for action in actions} - spared
            if any(tag for tag in skipped.tags if ACCESSORY.fullmatch(tag)):
                continue  # a fallback tag can tie a knot
            assert not world.needs(name, skipped.digest) & gone or is_knotted(world, name, skipped.digest)


def planning_again_adds_nothing(case: Case, decided: Decided) -> None:
    """Interrupted anywhere: a new plan wants nothing that the first did not; after the whole sweep it wants nothing."""
    world = case.world.copy()
    wanted = decided.all_condemned()
    for done, action in enumerate(decided.plan.actions, start=1):
        world.delete(action.repository, action.digest)
        if done in {1, len(decided.plan.actions) // 2, len(decided.plan.actions)}:
            again = decide(dataclasses.replace(case, world=world))
            what_is_kept_stays_whole_at_every_moment(dataclasses.replace(case, world=world), again)
            assert again.all_condemned() <= wanted
            if done == len(decided.plan.actions):
                assert again.plan.actions == ()


def bytes_promised_are_freed(case: Case, decided: Decided) -> None:
    world = case.world.copy()
    expected = world.collect()
    assert expected >= 0  # what was garbage before is not the plan's doing
    before = sum(world.blobs.values())
    for action in decided.plan.actions:
        world.delete(action.repository, action.digest)
    world.collect()
    freed = before - sum(world.blobs.values())
    assert freed == decided.plan.bytes if case.storage else freed <= decided.plan.bytes


def marks_are_those_of_the_collector(case: Case, decided: Decided) -> None:
    world = case.world.copy()
    for action in decided.plan.actions:
        world.delete(action.repository, action.digest)
    assert decided.plan.expected_marks <= len(world.marks())
    revisions = [digest for room in world.rooms.values() for digest in room.revisions]
    plain = all(world.document(digest).get("mediaType") != UNKNOWN for digest in revisions)
    absent = any(set(world.children(d)) - room.revisions for room in world.rooms.values() for d in room.revisions)
    if case.storage and plain and not absent:
        assert decided.plan.expected_marks == len(world.marks())


def the_order_of_listing_is_irrelevant(case: Case, decided: Decided) -> None:
    for seed in (1, 2):
        again = decide(case, shuffled(seed))
        assert plan_to_json(again.plan) == plan_to_json(decided.plan)
        assert again.judgements == decided.judgements
        assert again.builder.findings() == decided.builder.findings()


def a_plan_survives_its_file(case: Case, decided: Decided) -> None:
    assert plan_from_json(plan_to_json(decided.plan)) == decided.plan


def unknown_only_protects(case: Case, decided: Decided) -> None:
    """Whatever age is forgotten, nothing goes that stayed before. An index's age is forgotten with those of its
    platforms, which stand in for it."""
    everything = sorted({digest for room in case.world.rooms.values() for digest in room.revisions})
    for some in [everything, everything[::2], everything[1::3]]:
        forget = frozenset(some).union(*(platforms(case.world, digest) for digest in some))
        assert decide(case, forget=forget).all_condemned() <= decided.all_condemned()


def more_protection_never_deletes_more(case: Case, decided: Decided) -> None:
    for policy in stricter(case.policy):
        assert decide(dataclasses.replace(case, policy=policy)).all_condemned() <= decided.all_condemned()
    for name, room in case.world.rooms.items():
        for tag in list(room.tags)[:2]:
            used = InUse({**case.in_use.tags, (name, tag): "Pod e/f"}, case.in_use.digests)
            assert decide(dataclasses.replace(case, in_use=used)).all_condemned() <= decided.all_condemned()


PROMISES: tuple[Callable[[Case, Decided], None], ...] = (
    every_object_has_one_documented_verdict,
    what_is_kept_stays_whole_at_every_moment,
    an_untagged_index_that_stays_is_whole,
    nothing_goes_that_no_rule_lets_go,
    nothing_goes_unexplained,
    nothing_young_goes,
    what_is_used_stays,
    unknown_types_stay,
    all_that_only_the_expired_held_goes,
    holders_go_first,
    a_skipped_action_keeps_its_parts,
    planning_again_adds_nothing,
    bytes_promised_are_freed,
    marks_are_those_of_the_collector,
    the_order_of_listing_is_irrelevant,
    a_plan_survives_its_file,
    unknown_only_protects,
    more_protection_never_deletes_more,
)

PLANNING_AGAIN = (
    planning_again_adds_nothing,
    the_order_of_listing_is_irrelevant,
    unknown_only_protects,
    more_protection_never_deletes_more,
)
"""The costly ones."""


# ------------------------------------------------------------------------------- a second reading of the policy


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


def is_accessory(room: Room, tag: str) -> bool:
    found = ACCESSORY.fullmatch(tag)
    return found is not None and "sha256:" + found[1] != room.tags[tag]


def created(world: World, name: str, digest: str) -> datetime | None:
    """What the generator meant by the dates. Of an index: the newest platform, if all are known."""
    if not world.is_index(digest):
        return world.dates.get(world.document(digest).get("config", {}).get("digest"))
    found: list[datetime | None] = []
    open_ends, done = [digest], set()
    while open_ends:
        at = open_ends.pop()
        if at in done or at not in world.rooms[name].revisions:
            continue
        done.add(at)
        if not world.is_index(at):
            found.append(created(world, name, at))
            continue
        attested = {entry["digest"] for entry in world.document(at)["manifests"] if "annotations" in entry}
        open_ends += [child for child in world.children(at) if child not in attested]
    known = [moment for moment in found if moment is not None]
    return max(known) if known and len(known) == len(found) else None


def platforms(world: World, index: str) -> set[str]:
    found: set[str] = set()
    open_ends = [index]
    while open_ends:
        children = {child for child in world.children(open_ends.pop()) if child in world.documents} - found
        found |= children
        open_ends += children
    return found


def pushed(case: Case, name: str, tag: str) -> datetime | None:
    room = case.world.rooms[name]
    target = room.tags[tag]
    if case.storage:
        return room.tag_pushed[tag]
    return created(case.world, name, target) if target in room.revisions and target is not None else None


def kept_by(rule: dict[str, Any], case: Case, name: str, tag: str) -> bool:
    """Whether the rule surely keeps the tag, by its own criteria or for want of an age."""
    keep, moment = rule["keep"], pushed(case, name, tag)
    if "youngerThan" in keep and (moment is None or NOW - moment < span(keep["youngerThan"])):
        return True
    return "latest" in keep and case.world.rooms[name].tags[tag] in latest(rule, case, name, tag)


def latest(rule: dict[str, Any], case: Case, name: str, tag: str) -> set[str | None]:
    """The digests that `keep.latest` keeps in the group of `tag`, and its own where it has no place in any."""
    room, keep = case.world.rooms[name], rule["keep"]
    group = group_of(keep, tag)
    ranked = []
    for other, target in room.tags.items():
        if target is None or is_accessory(room, other) or rule_of(case.policy, name, other) is not rule:
            continue
        document = case.world.document(target)
        if document.get("subject") or document.get("mediaType") == UNKNOWN:
            continue
        key = key_of(keep["orderBy"], case, name, other)
        if group_of(keep, other) == group and key is not None:
            ranked.append((key, target))
    if group is None or key_of(keep["orderBy"], case, name, tag) is None:
        return {room.tags[tag]}
    digests: list[str] = []
    for _, target in sorted(ranked, key=lambda entry: entry[0], reverse=True):
        if target not in digests:
            digests.append(target)
    return set(digests[: keep["latest"]])


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
    moment = pushed(case, name, tag) if order_by == "PushTime" else created(case.world, name, target or "")
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


def is_knotted(world: World, name: str, digest: str) -> bool:
    """A fallback tag makes something belong to a manifest that it holds itself."""
    return any(digest in world.needs(name, part) for part in world.needs(name, digest) - {digest})


def stricter(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The policy with one keep criterion or one protection more."""
    found = []
    for number, rule in enumerate(policy["rules"]):
        keep = rule["keep"]
        changes: list[dict[str, Any]] = (
            [{"latest": 2, "orderBy": "SemVer"}] if "latest" not in keep else [{"latest": 4}]
        )
        changes.append({"youngerThan": "45d"})
        for change in changes:
            rules = [*policy["rules"]]
            rules[number] = {**rule, "keep": {**keep, **change}}
            found.append({**policy, "rules": rules})
    protect = policy["protect"]
    found.append({**policy, "protect": {**protect, "tags": [*protect["tags"], "pr-*"]}})
    found.append({**policy, "protect": {**protect, "repositories": [*protect["repositories"], "team/app"]}})
    found.append({**policy, "limits": {**policy["limits"], "minimumAge": "20d"}})
    return found
