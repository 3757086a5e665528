"""The output of `regsweep validate` as a document, version 1. The schema is docs/validation.schema.json."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from regsweep.api.described import Described

VALIDATION_VERSION: Literal[1] = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class ProblemPart(_Part):
    """What is wrong with one field, and the fix."""

    field: str
    message: str


class FilePart(_Part):
    """What is said of one policy, or of a file that holds none."""

    file: str
    policy: str
    valid: bool
    problems: tuple[ProblemPart, ...]


class ChangedTagPart(_Part):
    """A tag that is decided otherwise. Before and after are reason codes."""

    repository: str
    tag: str
    before: str
    before_rule: str | None
    after: str
    after_rule: str | None


class ChangesPart(_Part):
    """How many tags are decided otherwise in a repository, or by a rule."""

    name: str
    newly_gone: int
    newly_kept: int


class SidePart(_Part):
    """What goes under one of the two policies, of what was read."""

    deleted_tags: int
    deleted_manifests: int
    bytes: int
    bytes_are_upper_bound: bool
    over_limit: tuple[str, ...]


class HintPart(_Part):
    """Something that the new policy says in vain."""

    code: str
    reference: str
    message: str


class Comparison(_Part):
    """What one policy would change on one inventory."""

    file: str
    policy: str
    compared_with: str
    inventory: str
    registry: str
    taken_at: str
    whole: bool
    repositories: int
    tags: int
    unread: tuple[str, ...]
    before: SidePart
    after: SidePart
    newly_gone: tuple[ChangedTagPart, ...]
    newly_kept: tuple[ChangedTagPart, ...]
    untagged_newly_gone: int
    """Manifests without a tag that would go, and stay now, on their own account."""
    untagged_newly_kept: int
    by_repository: tuple[ChangesPart, ...]
    by_rule: tuple[ChangesPart, ...]
    """By the rule that lets them go: the new policy's for what newly goes, the old one's for what is newly kept."""
    hints: tuple[HintPart, ...]
    notes: tuple[str, ...]


class Validation(_Part):
    """Everything that was checked."""

    version: Literal[1] = VALIDATION_VERSION
    files: tuple[FilePart, ...]
    comparisons: tuple[Comparison, ...] = ()


def validation_schema() -> str:
    """The JSON schema, as docs/validation.schema.json holds it."""
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A validation of regsweep, version 1"}
    document = Validation.model_json_schema(by_alias=True, mode="serialization", schema_generator=Described)
    return json.dumps({**document, **title}, indent=2, sort_keys=True) + "\n"
