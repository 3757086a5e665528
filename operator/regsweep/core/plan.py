"""The plan: ordered deletions with the tag → digest pairs that they rely on, fixed by its own digest (S6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from regsweep.core.oci import Digest

PLAN_VERSION = 1


@dataclass(frozen=True, slots=True)
class Action:
    """Delete one manifest by digest.

    `tags` are all the tags that pointed at it when the plan was made: they go with it. `root` is the expired manifest
    in whose train it goes (itself, for a root). `size` is the length of the manifest's own bytes.

    `after` are the condemned manifests that hold this one: the indexes that list it, the subjects that it belongs to.
    It may be deleted only when each of them is gone. Where one of them was skipped (a tag moved onto it since the plan
    was made) or failed, it is needed, and must be skipped too. They stand before it in the plan.
    """

    repository: str
    digest: Digest
    media_type: str
    reason: str
    tags: tuple[str, ...]
    root: Digest
    size: int
    after: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What was read, and how much of it goes. A manifest counts once in each repository that holds it."""

    repositories: int
    tags: int
    manifests: int
    deleted_tags: int
    deleted_manifests: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be deleted, in this order. Same input, same bytes.

    `bytes` is what the next garbage collection can free, each blob counted once over the whole registry; an upper
    bound where only a part of the registry was read. `expected_marks` is the number of distinct digests (manifests and
    blobs) that the kept manifests reach: a collector that marks fewer would lose one of them. `unread` are repositories
    that could not be read: they are left alone. `over_limit` says, in words, each limit that the plan is over; such a
    plan waits for a person. `inventory` is how the registry was read, Storage or API; `inventory_reason` says why.
    """

    registry: str
    policy: str
    policy_digest: str
    inventory: str
    created_at: datetime
    expires_at: datetime
    actions: tuple[Action, ...]
    counts: Counts
    bytes: int
    bytes_are_upper_bound: bool
    expected_marks: int
    unread: tuple[str, ...] = ()
    over_limit: tuple[str, ...] = ()
    inventory_reason: str = ""
    version: int = PLAN_VERSION
    digest: str = ""
