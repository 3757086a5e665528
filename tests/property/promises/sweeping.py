"""What must hold of a plan that is carried out: by the real sweep, over the model as the registry."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from regsweep.clients.cache import MemoryCache
from regsweep.core.oci import Digest
from regsweep.core.outcome import Outcome, Result
from regsweep.core.plan import Plan
from regsweep.errors import Cancelled
from regsweep.steps.sweep import Sweeper, sweep
from tests.property.engine import Decided, visible
from tests.property.model import World
from tests.property.promises.plans import is_knotted
from tests.property.registries import NOW
from tests.property.strategies import Case


class Registry:
    """A Deleter over the model."""

    def __init__(self, world: World) -> None:
        self._world = world

    def tags(self, name: str) -> tuple[str, ...]:
        return tuple(sorted(self._world.rooms[name].tags))

    def head(self, name: str, reference: str) -> SimpleNamespace | None:
        room = self._world.rooms[name]
        digest = room.tags.get(reference, reference)
        return SimpleNamespace(digest=digest) if digest in room.revisions else None

    def manifest(self, name: str, reference: str) -> SimpleNamespace | None:
        found = self.head(name, reference)
        return SimpleNamespace(body=self._world.documents[found.digest], media_type="") if found else None

    def delete_manifest(self, name: str, digest: Digest) -> bool:
        if digest not in self._world.rooms[name].revisions:
            return False
        self._world.delete(name, digest)
        return True


class Door:
    """Stop, progress and ear of a sweep; it is told to stop after so many outcomes."""

    def __init__(self, most: int) -> None:
        self.outcomes: list[Outcome] = []
        self._most = most

    def check(self) -> None:
        if len(self.outcomes) >= self._most:
            raise Cancelled("asked to stop")

    def begin(self, hop: str, total: int | None = None) -> None:
        pass

    def advance(self, done: int = 1, detail: str = "") -> None:
        pass

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes += outcomes


def carry_out(plan: Plan, world: World, cache: MemoryCache, most: int = 10**9) -> list[Result]:
    """One sweep, which may be cut short. One repository at a time, so that the cut is where it was asked for."""
    door = Door(most)
    work = Sweeper(cast(Any, Registry(world)), cache, 1, lambda: NOW, cast(Any, door), cast(Any, door), door.tell)
    try:
        sweep(plan, work)
    except Cancelled:
        assert most < len(plan.actions)
    return [outcome.result for outcome in door.outcomes]


def a_sweep_that_was_interrupted_goes_on_from_its_plan(case: Case, decided: Decided) -> None:
    """Wherever it stopped: the end is that of a sweep that did not stop, and that is the whole plan."""
    plan, cache = decided.plan, MemoryCache()
    whole = case.world.copy()
    results = carry_out(plan, whole, cache)
    knotted = any(is_knotted(visible(case), action.repository, action.digest) for action in plan.actions)
    assert knotted or set(results) <= {Result.DELETED}
    for cut in {1, len(plan.actions) // 2} if plan.actions else set():
        world = case.world.copy()
        carry_out(plan, world, cache, cut)
        carry_out(plan, world, cache)
        assert world.rooms == whole.rooms


def what_is_tagged_again_meanwhile_stays_whole(case: Case, decided: Decided) -> None:
    """Somebody tags a condemned manifest anew between two halves of a sweep: it stays, with all that it lists."""
    plan = decided.plan
    if not plan.actions:
        return
    rng, world, cache = Random(len(plan.actions)), case.world.copy(), MemoryCache()
    carry_out(plan, world, cache, len(plan.actions) // 2)
    left = [action for action in plan.actions if action.digest in world.rooms[action.repository].revisions]
    for action in rng.sample(left, min(2, len(left))):
        world.rooms[action.repository].tags[f"again-{rng.randint(0, 9)}"] = action.digest
    needed = {name: _listed(world, name) for name in world.rooms}
    carry_out(plan, world, cache)
    for name, digests in needed.items():
        assert digests <= world.rooms[name].revisions


def _listed(world: World, name: str) -> set[str]:
    """What the tags that were set again reach through children."""
    room = world.rooms[name]
    open_ends = [digest for tag, digest in room.tags.items() if tag.startswith("again-") and digest]
    found: set[str] = set()
    while open_ends:
        digest = open_ends.pop()
        if digest in room.revisions and digest not in found:
            found.add(digest)
            open_ends += world.children(digest)
    return found
