"""The engine at work on a model registry: what a perfect scan would hand it, and the plan that it makes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regsweep.core.ages import IMAGE_CONFIGS
from regsweep.core.inventory import Repository, Tag
from regsweep.core.oci import Digest, Manifest, parse_digest, parse_manifest, parse_time
from regsweep.core.plan import Action, Plan
from regsweep.core.planning import PlanBuilder
from regsweep.core.retention import judge
from regsweep.core.verdict import Judgement
from tests.property.model import World
from tests.property.policies import spec_of
from tests.property.registries import NOW
from tests.property.strategies import Case

Order = Callable[[list[Any]], list[Any]]


def unchanged(items: list[Any]) -> list[Any]:
    return items


def shuffled(seed: int) -> Order:
    rng = random.Random(seed)

    def shuffle(items: list[Any]) -> list[Any]:
        return rng.sample(items, len(items))

    return shuffle


@dataclass(frozen=True)
class Forgotten:
    """Digests that nothing is known of: no push and no created time; no first sight."""

    dates: frozenset[str] = frozenset()
    sights: frozenset[str] = frozenset()


ALL_KNOWN = Forgotten()


def reached(case: Case, name: str) -> set[str]:
    """The manifests that an inventory holds: all of them, or what can be reached from tags and from what is used, over
    subjects too."""
    world, room = case.world, case.world.rooms[name]
    if case.storage:
        return set(room.revisions)
    open_ends: list[str | None] = [*room.tags.values(), *(room.subject_of(tag) for tag in room.tags)]
    open_ends += case.in_use.places.get(name, frozenset())
    found: set[str] = set()
    while open_ends:
        digest = open_ends.pop()
        if digest is not None and digest in room.revisions and digest not in found:
            found.add(digest)
            open_ends += [*world.children(digest), world.subject(digest)]
    return found


def absent(world: World, name: str, manifests: set[str]) -> set[str]:
    """What an inventory asks for and does not get: children and subjects."""
    room = world.rooms[name]
    asked = {child for digest in manifests for child in world.children(digest)}
    asked |= {subject for digest in manifests if (subject := world.subject(digest))}
    asked |= {subject for tag in room.tags if (subject := room.subject_of(tag))}
    return asked - room.revisions


def visible(case: Case) -> World:
    """A copy of the registry that holds only what the inventory can see: the rest cannot be judged, nor promised."""
    world = case.world.copy()
    for name, room in world.rooms.items():
        room.revisions = reached(case, name)
    return world


def inventory(case: Case, name: str, order: Order = unchanged, forgotten: Forgotten = ALL_KNOWN) -> Repository:
    """What a scan says about one repository."""
    world, room = case.world, case.world.rooms[name]
    digests = order(sorted(reached(case, name)))
    manifests = {parse_digest(digest): manifest(world, digest) for digest in digests}
    dated = [found for digest, found in manifests.items() if digest not in forgotten.dates]
    created = {found.digest: moment for found in dated if (moment := stated(world, found))}
    tags, pushed, seen = [], {}, {}
    for tag, target in room.tags.items():
        push = room.tag_pushed[tag] if case.storage and target not in forgotten.dates else None
        tags.append(Tag(tag, Digest(target) if target in manifests and target else None, push))
    if case.storage:
        pushed = {found.digest: room.pushed[found.digest] for found in dated}
        pushed[Digest("sha256:" + "0" * 64)] = NOW  # a storage inventory always knows some push time
    else:
        seen = {digest: room.seen[digest] for digest in manifests if digest in room.seen.keys() - forgotten.sights}
    missing = frozenset(map(parse_digest, absent(world, name, set(digests))))
    return Repository(name, tuple(order(tags)), manifests, created, missing, pushed, seen)


def manifest(world: World, digest: str) -> Manifest:
    """Parsed once, as a scan does that has a cache."""
    if digest not in world.parsed:
        world.parsed[digest] = parse_manifest(world.documents[digest], "")
    return world.parsed[digest]


def stated(world: World, manifest: Manifest) -> datetime | None:
    """What an annotation says, else the config of an image."""
    by_annotation = parse_time(manifest.created)
    if by_annotation is not None:
        return by_annotation
    if manifest.config is None or manifest.config.media_type not in IMAGE_CONFIGS:
        return None
    return parse_time(world.texts[manifest.config.digest])


@dataclass(frozen=True)
class Decided:
    judgements: Mapping[str, Judgement]
    plan: Plan
    builder: PlanBuilder

    def condemned(self, name: str) -> set[str]:
        return {digest for digest, verdict in self.judgements[name].manifests.items() if verdict.expired}

    def all_condemned(self) -> set[tuple[str, str]]:
        return {(action.repository, action.digest) for action in self.plan.actions}

    def kept_tags(self, name: str) -> list[str]:
        return [tag for tag, verdict in self.judgements[name].tags.items() if not verdict.expired]

    def actions(self, name: str) -> list[Action]:
        return [action for action in self.plan.actions if action.repository == name]


def condemned(case: Case, forgotten: Forgotten = ALL_KNOWN) -> set[tuple[str, str]]:
    """Every manifest that would go, without a plan around it."""
    spec = spec_of(case.policy)
    found: set[tuple[str, str]] = set()
    for name in case.world.rooms:
        judgement = judge(inventory(case, name, forgotten=forgotten), spec, case.in_use, NOW)
        found |= {(name, digest) for digest, verdict in judgement.manifests.items() if verdict.expired}
    return found


def decide(case: Case, order: Order = unchanged) -> Decided:
    spec = spec_of(case.policy)
    builder, judgements = PlanBuilder(), {}
    for name in order(sorted(case.world.rooms)):
        repository = inventory(case, name, order)
        judgements[name] = judge(repository, spec, case.in_use, NOW)
        builder.add(repository, judgements[name])
    plan = builder.build(
        registry="http://registry:5000",
        policy="nightly",
        spec=spec,
        policy_digest="sha256:" + "0" * 64,
        inventory="Storage" if case.storage else "API",
        now=NOW,
        whole_registry=True,
    )
    return Decided(judgements, plan, builder)
