"""The engine at work on a model registry: what a perfect scan would hand it, and the plan that it makes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regsweep.core.inventory import Repository, Tag
from regsweep.core.oci import Digest, Kind, parse_digest, parse_manifest, parse_time
from regsweep.core.plan import Action, Plan
from regsweep.core.planning import PlanBuilder
from regsweep.core.retention import judge
from regsweep.core.verdict import Judgement
from tests.property.model import World
from tests.property.strategies import NOW, Case, spec_of

Order = Callable[[list[Any]], list[Any]]


def unchanged(items: list[Any]) -> list[Any]:
    return items


def shuffled(seed: int) -> Order:
    rng = random.Random(seed)

    def shuffle(items: list[Any]) -> list[Any]:
        return rng.sample(items, len(items))

    return shuffle


def seen(world: World, name: str, storage: bool) -> set[str]:
    """The manifests that an inventory holds: all of them, or what can be reached from tags."""
    room = world.rooms[name]
    if storage:
        return set(room.revisions)
    open_ends: list[str] = [digest for digest in room.tags.values() if digest is not None]
    found: set[str] = set()
    while open_ends:
        digest = open_ends.pop()
        if digest in room.revisions and digest not in found:
            found.add(digest)
            open_ends += world.children(digest)
    return found


def visible(case: Case) -> World:
    """A copy of the registry that holds only what the inventory can see: the rest cannot be judged, nor promised."""
    world = case.world.copy()
    for name, room in world.rooms.items():
        room.revisions = seen(case.world, name, case.storage)
    return world


def inventory(case: Case, name: str, order: Order = unchanged, forget: frozenset[str] = frozenset()) -> Repository:
    """What a scan says about one repository. Nothing is known about the age of what is in `forget`."""
    world, room = case.world, case.world.rooms[name]
    digests = order(sorted(seen(world, name, case.storage)))
    manifests = {parse_digest(digest): parse_manifest(world.documents[digest], "") for digest in digests}
    created = {
        digest: moment
        for digest, manifest in manifests.items()
        if manifest.kind is Kind.IMAGE and manifest.config is not None and digest not in forget
        if (moment := parse_time(world.texts[manifest.config.digest])) is not None
    }
    tags = [
        Tag(
            tag,
            Digest(target) if target in manifests else None,
            room.tag_pushed[tag] if case.storage and target not in forget else None,
        )
        for tag, target in room.tags.items()
    ]
    pushed = {digest: room.pushed[digest] for digest in manifests if case.storage and digest not in forget}
    if case.storage:
        pushed[Digest("sha256:" + "0" * 64)] = NOW  # a storage inventory always knows some push time
    absent = {child for digest in digests for child in world.children(digest) if child not in room.revisions}
    return Repository(name, tuple(order(tags)), manifests, created, frozenset(map(parse_digest, absent)), pushed)


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


def decide(case: Case, order: Order = unchanged, forget: frozenset[str] = frozenset()) -> Decided:
    spec = spec_of(case.policy)
    builder, judgements = PlanBuilder(), {}
    for name in order(sorted(case.world.rooms)):
        repository = inventory(case, name, order, forget)
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
