"""What must stay, and what may go only for a reason."""

from __future__ import annotations

from regsweep.core.verdict import REASONS
from tests.property.engine import Decided, reached, visible
from tests.property.reading import began, holds_as_child, is_opaque, kept_by, matches, rule_of, span
from tests.property.registries import NOW
from tests.property.strategies import Case


def every_object_has_one_documented_verdict(case: Case, decided: Decided) -> None:
    rules = {f"expired.{rule['name']}" for rule in case.policy["rules"]}
    for name, room in case.world.rooms.items():
        judgement = decided.judgements[name]
        assert judgement.tags.keys() == room.tags.keys()
        assert judgement.manifests.keys() == reached(case, name)
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


def what_no_tag_names_and_stays_is_whole(case: Case, decided: Decided) -> None:
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
                if not room.follows(tag):
                    assert (rule := rule_of(case.policy, name, tag)) is not None
                    assert not kept_by(rule, case, name, tag), f"{name}:{tag} is kept by {rule['name']}"
            assert set(action.tags) == {tag for tag, target in room.tags.items() if target == action.digest}


def nothing_goes_unexplained(case: Case, decided: Decided) -> None:
    """Every deleted manifest has an expired tag, or belongs to one that goes, or is long untagged."""
    for name, room in case.world.rooms.items():
        condemned = decided.condemned(name)
        for digest in condemned:
            judged = [tag for tag, target in room.tags.items() if target == digest and not room.follows(tag)]
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
                moment = began(case, name, tag)
                assert room.follows(tag) or not minimum or (moment is not None and NOW - moment >= minimum)
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
        assert not is_opaque(case.world, action.digest)


def all_that_only_the_expired_held_goes(case: Case, decided: Decided) -> None:
    """S3: nothing is left behind by what held it, unless something else holds it or it stays for its own sake."""
    if case.storage:  # there it may stay for its push time
        return
    world = visible(case)
    for name, room in world.rooms.items():
        condemned = decided.condemned(name)
        staying = room.revisions - condemned
        own = {digest for tag, digest in room.tags.items() if tag in decided.kept_tags(name)}
        own |= {digest for digest in staying if is_opaque(world, digest)}
        used: set[str] = set(case.in_use.digests)
        used |= {digest for digest in staying if world.document(digest).get("config", {}).get("digest") in used}
        own |= used | {digest for digest in staying if holds_as_child(world, digest, used)}
        held = {digest for holder in staying for digest in world.needs(name, holder) - {holder}}
        for holder in condemned:
            left = {*world.children(holder), *world.referrers(name, holder)} & staying
            assert left <= own | held


def nothing_outside_the_selected_repositories_is_touched(case: Case, decided: Decided) -> None:
    """A repository that no rule selects, or that is protected, loses nothing, whatever else the policy says."""
    for name in case.world.rooms:
        selected = any(matches(rule["repositories"], name) for rule in case.policy["rules"])
        everywhere = "untagged" in case.policy and not case.policy["rules"]
        protected = matches({"include": case.policy["protect"]["repositories"], "exclude": []}, name)
        if protected or not (selected or everywhere):
            assert not decided.actions(name)
            assert not decided.condemned(name)


def an_accessory_goes_only_with_or_after_its_subject(case: Case, decided: Decided) -> None:
    """Whoever has a subject in the registry, tagged or not, stays while that stays."""
    world = visible(case)
    for name, room in world.rooms.items():
        condemned = decided.condemned(name)
        for digest in condemned:
            tags = [tag for tag, target in room.tags.items() if target == digest]
            subjects = {world.subject(digest), *(room.subject_of(tag) for tag in tags)} - {digest}
            assert subjects & room.revisions <= condemned
