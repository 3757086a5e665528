"""An explanation as a document, version 1. The schema is docs/explanation.schema.json."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from regsweep.api.described import Described

EXPLANATION_VERSION: Literal[1] = 1

Decision = Literal["stays", "goes"]
AgeSource = Literal["tag-push", "manifest-push", "created", "platform-created", "first-seen", "unknown"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class RulePart(_Part):
    """A rule of the policy and what it has to do with the image."""

    name: str
    selects: bool
    decides: bool
    """The first rule that selects a tag decides, unless something decided before any rule was asked."""
    why: str
    keep: str
    """What it keeps, in words."""


class NeighbourPart(_Part):
    """An image of the same group. Tags on one digest share a place."""

    rank: int
    tags: tuple[str, ...]
    digest: str
    decision: Decision
    reason: str
    since: str | None
    """Where the order goes by time."""


class PlacePart(_Part):
    """Where the image stands in what `keep.latest` counts; `neighbours` are the places around it and around the end of
    what is kept.
    """

    rule: str
    rank: int
    of: int
    kept: int
    order_by: str
    group: str
    neighbours: tuple[NeighbourPart, ...]


class AgePart(_Part):
    """How old it is taken to be."""

    since: str | None
    """Null: not known."""
    source: AgeSource
    age: str
    """In words."""
    note: str


class ProtectionPart(_Part):
    """One of the things that keep it. It goes only where there is none."""

    reason: str
    text: str


class UserPart(_Part):
    """An object that uses it. `cluster` is empty for the cluster at hand, `container` outside of containers."""

    kind: str
    namespace: str
    name: str
    container: str
    cluster: str


class TagPart(_Part):
    """A tag and what becomes of it."""

    name: str
    decision: Decision
    reason: str
    rule: str | None


class TiePart(_Part):
    """Another manifest that it has to do with."""

    tie: Literal["listed-by", "subject", "lists", "referrer"]
    digest: str
    tags: tuple[str, ...]
    decision: Decision
    reason: str


class ChangePart(_Part):
    """A change of the policy that decides otherwise: all its edits together, tried on what was read."""

    edits: tuple[str, ...]
    decision: Decision
    reason: str
    also_kept: int
    """Other tags of the repository that would stay with it, and go now."""
    also_gone: int
    """Other tags of the repository that would go with it, and stay now."""


class PlannedPart(_Part):
    """What a plan says about it."""

    plan: str
    expires_at: str
    step: int
    """Its place in the order of deletions, from 1; 0 where the plan leaves it alone."""
    steps: int
    root: str
    """The expired manifest in whose train it goes."""
    after: tuple[str, ...]
    """What must be gone before it."""


class Explanation(_Part):
    """Why one image is kept or goes."""

    version: Literal[1] = EXPLANATION_VERSION
    registry: str
    policy: str
    source: Literal["registry", "inventory", "plan"]
    at: str
    """The time up to which ages are counted."""
    repository: str
    tag: str | None
    """The tag that is explained; of a digest, the one that stands for it."""
    digest: str | None
    media_type: str
    decision: Decision
    reason: str
    meaning: str
    rule: str | None
    detail: str
    because: str
    age: AgePart | None = None
    rules: tuple[RulePart, ...] = ()
    place: PlacePart | None = None
    protections: tuple[ProtectionPart, ...] = ()
    users: tuple[UserPart, ...] = ()
    """All who use it, or an image that it is part of. Of a saved inventory, they are not known one by one."""
    tags: tuple[TagPart, ...] = ()
    """All tags on its digest."""
    ties: tuple[TiePart, ...] = ()
    changes: tuple[ChangePart, ...] = ()
    planned: PlannedPart | None = None
    notes: tuple[str, ...] = ()


def to_json(explanation: Explanation) -> str:
    return json.dumps(explanation.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False)


def explanation_schema() -> str:
    """The JSON schema of an explanation, as docs/explanation.schema.json holds it."""
    title = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An explanation of regsweep, version 1",
    }
    document = Explanation.model_json_schema(by_alias=True, mode="serialization", schema_generator=Described)
    return json.dumps({**document, **title}, indent=2, sort_keys=True) + "\n"
