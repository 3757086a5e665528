"""Cases: a registry, a policy, and who uses what; each made from two numbers, the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from regsweep.core.inventory import InUse
from regsweep.core.oci import Digest
from tests.property.model import World
from tests.property.policies import policy
from tests.property.registries import make_world, rarely


@dataclass(frozen=True, repr=False)
class Case:
    """A registry, a policy, who uses what, and whether the inventory sees all (storage) or what tags reach (API)."""

    world: World
    policy: dict[str, Any]
    in_use: InUse
    storage: bool
    made_by: str

    def __repr__(self) -> str:
        return self.made_by


def make_case(seed: int, size: int) -> Case:
    """The same case for the same numbers; `size` bounds the manifests of a repository."""
    rng = Random(seed)
    world = make_world(rng, size)
    tags = [(name, tag) for name, room in world.rooms.items() for tag in room.tags]
    digests = [digest for room in world.rooms.values() for digest in room.revisions]
    used_tags = [rng.choice(tags)] if tags and rarely(rng, 5) else []
    used = [rng.choice(sorted({*digests, *world.dates}))] if rarely(rng, 5) else []
    in_use = InUse(dict.fromkeys(used_tags, "Pod a/b"), dict.fromkeys(map(Digest, used), "Pod c/d"))
    return Case(world, policy(rng), in_use, rng.random() < 0.5, f"make_case({seed}, {size})")
