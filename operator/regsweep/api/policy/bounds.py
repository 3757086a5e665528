"""How far a run may go: limits, garbage collection, undo."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, StrictBool, model_validator

from regsweep.api.meta import Model
from regsweep.api.names import Cron
from regsweep.api.policy.choices import CollectMode, RedisCacheMode
from regsweep.api.scalars import Duration, PositiveDuration, Quantity

# Said by pydantic and by the API server alike.
_REMOVING_NEEDS_READ_ONLY = (
    "removeEmptyRepositories needs mode ReadOnly: a push into a repository that is being removed would be lost"
)
_FLUSHING_NEEDS_READ_ONLY = (
    "redisCache Flush needs mode ReadOnly: a replica that accepts writes would fill the cache again"
)
_SCHEDULE_NEEDS_MODE = "a schedule needs a mode: set garbageCollection.mode to ReadOnly, or remove the schedule"


class Limits(Model):
    """Bounds of a run."""

    max_deletions: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] = 5000
    """A plan that deletes more manifests, or more tags, waits for approval."""
    max_deletion_percent: Annotated[int, Field(strict=True, ge=0, le=100)] = 50
    """A plan that deletes a larger share of the manifests, or of the tags, that were read waits for approval."""
    minimum_age: Duration = Duration("1h")
    """Nothing younger is ever deleted; nor is anything of unknown age, unless this is 0s."""
    concurrency: Annotated[int, Field(strict=True, ge=1, le=64)] = 8
    """Requests to the registry at once. Deletes are serial within a repository."""
    requests_per_second: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 0
    """0 is no limit."""
    run_timeout: PositiveDuration = Duration("6h")
    """A run that takes longer ends as Failed; what it has deleted stays deleted."""


class GarbageCollection(Model):
    """Running `registry garbage-collect` in the registry's pod."""

    mode: CollectMode = CollectMode.DISABLED
    """ReadOnly: nobody can push meanwhile. Unprotected: pushes during the collection can lose images."""
    schedule: Cron | None = None
    """When to collect; without it, after every run that deleted something."""
    minimum_reclaim: Quantity = Quantity("0")
    """Skip the maintenance window when less than this would come back."""
    timeout: PositiveDuration = Duration("2h")
    """A collection that takes longer is stopped, and the registry accepts pushes again."""
    rollout_timeout: PositiveDuration = Duration("10m")
    """How long the registry's pods may take to restart."""
    remove_empty_repositories: StrictBool = False
    """Remove repositories without tag, manifest and open upload from the catalog, in the maintenance window."""

    @model_validator(mode="after")
    def _schedule_means_something(self) -> Self:
        if self.schedule is not None and self.mode is CollectMode.DISABLED:
            raise ValueError(_SCHEDULE_NEEDS_MODE)
        return self

    redis_cache: RedisCacheMode = RedisCacheMode.REFUSE
    """Where the registry's blob cache is in Redis. Refuse: nothing is collected. Flush: in the maintenance window the
    registry does without it, and its keys there are deleted."""

    @model_validator(mode="after")
    def _what_needs_a_window_has_one(self) -> Self:
        if self.mode is CollectMode.READ_ONLY:
            return self
        if self.remove_empty_repositories:
            raise ValueError(_REMOVING_NEEDS_READ_ONLY)
        if self.redis_cache is RedisCacheMode.FLUSH:
            raise ValueError(_FLUSHING_NEEDS_READ_ONLY)
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (
        ("!has(self.schedule) || self.mode != 'Disabled'", _SCHEDULE_NEEDS_MODE),
        # The API server holds the default of the whole, an empty object, against these before it fills in the rest.
        (
            "!has(self.removeEmptyRepositories) || !self.removeEmptyRepositories || self.mode == 'ReadOnly'",
            _REMOVING_NEEDS_READ_ONLY,
        ),
        (
            "!has(self.redisCache) || self.redisCache != 'Flush' || self.mode == 'ReadOnly'",
            _FLUSHING_NEEDS_READ_ONLY,
        ),
    )


class Undo(Model):
    """Keep what is needed to bring deleted images back until the next garbage collection."""

    enabled: StrictBool = True
    """Without it, a deleted image can only come back by a push."""
