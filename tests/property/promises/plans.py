"""What the plan says: its order, its numbers, its file."""

from __future__ import annotations

import dataclasses

from regsweep.core.oci import Digest
from regsweep.core.plan_file import plan_from_json, plan_to_json
from tests.property.engine import Decided, decide, reached, shuffled, visible
from tests.property.model import ACCESSORY, World
from tests.property.promises.keeping import what_is_kept_stays_whole_at_every_moment
from tests.property.reading import is_opaque
from tests.property.strategies import Case


def holders_go_first(case: Case, decided: Decided) -> None:
    world = visible(case)
    for name in world.rooms:
        actions = decided.actions(name)
        place = {action.digest: number for number, action in enumerate(actions)}
        for action in actions:
            holders = {h for h in map(str, place) if action.digest in world.parts(h) - {h}}
            if subject := world.subject(action.digest):
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
    """Interrupted anywhere: a new plan wants nothing that the first did not; after the whole sweep it wants nothing.

    Over the API one thing can be forgotten in between: what an index that is gone listed, and what only that needed.
    """
    world = case.world.copy()
    wanted = decided.all_condemned()
    for done, action in enumerate(decided.plan.actions, start=1):
        world.delete(action.repository, action.digest)
        if done in {1, len(decided.plan.actions) // 2, len(decided.plan.actions)}:
            later = dataclasses.replace(case, world=world)
            again = decide(later)
            what_is_kept_stays_whole_at_every_moment(later, again)
            more = again.all_condemned() - wanted
            assert more <= _out_of_sight(case, later)
            if done == len(decided.plan.actions) and not more:
                assert again.plan.actions == ()


def _out_of_sight(before: Case, after: Case) -> set[tuple[str, str]]:
    """What is needed only by manifests that are there and can no longer be found from any tag."""
    found = set()
    for name, room in after.world.rooms.items():
        hidden = reached(before, name) & room.revisions
        hidden -= reached(after, name)
        found |= {(name, part) for digest in hidden for part in after.world.needs(name, digest)}
    return found


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
    plain = not any(is_opaque(world, digest) for digest in revisions)
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


def is_knotted(world: World, name: str, digest: str) -> bool:
    """A fallback tag makes something belong to a manifest that it holds itself."""
    return any(digest in world.needs(name, part) for part in world.needs(name, digest) - {digest})
