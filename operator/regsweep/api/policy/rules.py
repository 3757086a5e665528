"""What a policy lets go: the rules, and what becomes of untagged manifests."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from regsweep.api.meta import Model, no_default
from regsweep.api.names import Label
from regsweep.api.policy.choices import OrderBy
from regsweep.api.scalars import Duration, GroupPattern, OptionalPatterns, Pattern, Patterns, PositiveDuration

# Said by pydantic and by the API server alike.
_NOTHING_KEPT = "a rule must say what it keeps: set keep.latest or keep.youngerThan"
_LATEST_ZERO = "keep.latest: 0 alone would delete every image that the rule selects: set keep.youngerThan with it"
_NAME_TAKEN = "a rule cannot be called child, referrer or untagged: expired.child and its like are reasons of their own"
_NOTHING_ORDERED = "orderBy and per order what keep.latest counts: set keep.latest, or leave them out"


class RepositorySelector(Model):
    """Repositories by name. A repository is selected by any `include` that no `exclude` takes back."""

    include: Patterns = (Pattern("**"),)
    """Globs, or RE2 expressions between slashes. Without it, all repositories."""
    exclude: OptionalPatterns = ()
    """Globs, or RE2 expressions between slashes, of repositories that are not meant."""


class TagSelector(Model):
    """Tags by name. A tag is selected by any `include` that no `exclude` takes back."""

    include: Patterns = (Pattern("*"),)
    """Globs, or RE2 expressions between slashes. Without it, all tags."""
    exclude: OptionalPatterns = ()
    """Globs, or RE2 expressions between slashes, of tags that are not meant."""


class Keep(Model):
    """What a rule keeps of the tags that it selects. Any criterion that holds keeps."""

    latest: Annotated[int, Field(strict=True, ge=0, le=100_000)] | None = None
    """Keep this many images, the newest first. Several tags on one image count once."""
    order_by: Annotated[OrderBy, Field(json_schema_extra=no_default)] = OrderBy.PUSH_TIME
    """What newest means for `latest`."""
    per: GroupPattern | None = None
    """Keep `latest` images for each group of tags: /regex/ whose first group names it."""
    younger_than: PositiveDuration | None = None
    """Keep images younger than this, as `14d`."""

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.latest is None and self.younger_than is None:
            raise ValueError(_NOTHING_KEPT)
        if self.latest == 0 and self.younger_than is None:
            raise ValueError(_LATEST_ZERO)
        if self.latest is None and (self.per is not None or "order_by" in self.model_fields_set):
            raise ValueError(_NOTHING_ORDERED)
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "has(self.latest) || has(self.youngerThan)",
            _NOTHING_KEPT,
        ),
        (
            "!has(self.latest) || self.latest != 0 || has(self.youngerThan)",
            _LATEST_ZERO,
        ),
        (
            "has(self.latest) || (!has(self.per) && !has(self.orderBy))",
            _NOTHING_ORDERED,
        ),
    )


class Rule(Model):
    """One retention rule. The first rule that selects a tag decides about it; a tag that no rule selects is kept."""

    name: Label
    """Appears in every decision of this rule, as `expired.<name>`."""
    repositories: RepositorySelector = RepositorySelector()
    tags: TagSelector = TagSelector()
    keep: Keep

    @model_validator(mode="after")
    def _has_a_name_of_its_own(self) -> Self:
        if self.name in {"child", "referrer", "untagged"}:
            raise ValueError(_NAME_TAKEN)
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (("!(self.name in ['child', 'referrer', 'untagged'])", _NAME_TAKEN),)


class Untagged(Model):
    """Manifests that no tag points to any more. Needs the storage inventory: the API does not list them."""

    older_than: Duration
    """Delete an untagged manifest when its last push is longer ago than this."""
