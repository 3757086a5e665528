"""A run's record as a JSON document, version 1, and back from its text. The schema is docs/report.schema.json."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from regsweep.api.described import Described
from regsweep.core.inventory import Finding
from regsweep.core.outcome import Collection, Outcome, RunRecord, Verification
from regsweep.core.plan import Action, Plan
from regsweep.core.rollcall import UsedImage
from regsweep.errors import InvalidInput

REPORT_VERSION: Literal[1] = 1
MOST_USERS = 10
"""Of one image, in a report: thousands of jobs may use the same."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class FindingPart(_Part):
    """Something an admin should know, with its stable code."""

    code: str
    repository: str
    reference: str
    message: str


class ActionPart(_Part):
    """One deletion: planned, and what became of it ("planned" in a dry run)."""

    repository: str
    digest: str
    tags: tuple[str, ...]
    reason: str
    result: str
    message: str = ""


class RestoredPart(_Part):
    """What became of one manifest (`tag` empty), or of one of its tags, that was to be put back."""

    repository: str
    digest: str
    tag: str
    result: str
    message: str = ""


class PlanPart(_Part):
    """The plan in numbers. `bytes` is what the next garbage collection can free."""

    digest: str
    policy_digest: str
    created_at: str
    expires_at: str
    repositories: int
    tags: int
    manifests: int
    deleted_tags: int
    deleted_manifests: int
    bytes: int
    bytes_are_upper_bound: bool
    over_limit: tuple[str, ...]
    unread: tuple[str, ...]


class CollectionPart(_Part):
    """One garbage collection. Bytes are null where the registry's disk could not be measured."""

    started_at: str
    finished_at: str
    blobs_marked: int
    blobs_expected: int
    blobs_deleted: int
    bytes_before: int | None
    bytes_after: int | None
    write_blocked_seconds: float
    repositories_removed: int = 0
    collector_seconds: float | None = None


class VerificationPart(_Part):
    """The proof. `damaged` is empty, or the run failed with ImagesDamaged."""

    images: int
    blobs: int
    damaged: tuple[FindingPart, ...]


class RepositoryPart(_Part):
    """How many tags of a repository stay, and how many go."""

    name: str
    kept: int
    expired: int


class UserPart(_Part):
    """An object that uses an image. `cluster` is empty for the cluster at hand, `container` outside of containers."""

    kind: str
    namespace: str
    name: str
    container: str
    cluster: str


class UsedPart(_Part):
    """An image that is used. `digest` is empty where it is not in the registry any more: it cannot be pulled again.

    `references` are the tags by which it is used (or, of one that is not there, what it is called by); `users` the
    first of `user_count`.
    """

    repository: str
    digest: str
    references: tuple[str, ...]
    users: tuple[UserPart, ...]
    user_count: int


class Report(_Part):
    """The whole record of a run."""

    version: Literal[1] = REPORT_VERSION
    policy: str
    registry: str
    mode: str
    started_at: str
    finished_at: str
    reason: str
    message: str
    inventory: str
    inventory_reason: str = ""
    plan: PlanPart | None
    actions: tuple[ActionPart, ...]
    kept_by_reason: dict[str, int]
    repositories: tuple[RepositoryPart, ...]
    collection: CollectionPart | None
    collect_skipped: str
    verification: VerificationPart | None
    findings: tuple[FindingPart, ...]
    in_use: tuple[UsedPart, ...] = ()
    restored: tuple[RestoredPart, ...] = ()


def to_report(record: RunRecord) -> Report:
    repositories = sorted(record.kept.by_repository.items())
    return Report(
        policy=record.policy,
        registry=record.registry,
        mode=record.mode,
        started_at=record.started_at.isoformat(),
        finished_at=record.finished_at.isoformat(),
        reason=record.reason,
        message=record.message,
        inventory=record.inventory,
        inventory_reason=record.inventory_reason,
        plan=plan_part(record.plan) if record.plan else None,
        actions=_actions(record),
        kept_by_reason=dict(sorted(record.kept.by_reason.items())),
        repositories=tuple(RepositoryPart(name=name, kept=kept, expired=gone) for name, (kept, gone) in repositories),
        collection=_collection(record.collection) if record.collection else None,
        collect_skipped=record.collect_skipped,
        verification=_verification(record.verification) if record.verification else None,
        findings=tuple(_finding(finding) for finding in record.findings),
        in_use=tuple(_used(image) for image in record.used),
        restored=tuple(
            RestoredPart(
                repository=put.repository, digest=put.digest, tag=put.tag, result=put.result.value, message=put.message
            )
            for put in record.restored
        ),
    )


def to_json(report: Report) -> str:
    return json.dumps(report.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False)


def from_json(text: str) -> Report:
    """Raises InvalidInput for anything but a report of this version."""
    try:
        document = json.loads(text)
        version = document.get("version") if isinstance(document, Mapping) else None
        if version != REPORT_VERSION:
            raise InvalidInput(f"is not a report of version {REPORT_VERSION}: its version is {version!r}")
        return Report.model_validate(document)
    except ValueError as error:  # json and pydantic alike
        raise InvalidInput(f"is not a report: {str(error).splitlines()[0]}") from None


def report_schema() -> str:
    """The JSON schema of a report, as docs/report.schema.json holds it."""
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A report of regsweep, version 1"}
    document = Report.model_json_schema(by_alias=True, mode="serialization", schema_generator=Described)
    return json.dumps({**document, **title}, indent=2, sort_keys=True) + "\n"


def plan_part(plan: Plan) -> PlanPart:
    counts = plan.counts
    return PlanPart(
        digest=plan.digest,
        policy_digest=plan.policy_digest,
        created_at=plan.created_at.isoformat(),
        expires_at=plan.expires_at.isoformat(),
        repositories=counts.repositories,
        tags=counts.tags,
        manifests=counts.manifests,
        deleted_tags=counts.deleted_tags,
        deleted_manifests=counts.deleted_manifests,
        bytes=plan.bytes,
        bytes_are_upper_bound=plan.bytes_are_upper_bound,
        over_limit=plan.over_limit,
        unread=plan.unread,
    )


def _actions(record: RunRecord) -> tuple[ActionPart, ...]:
    if record.outcomes:
        return tuple(action_part(outcome.action, outcome.result.value, outcome) for outcome in record.outcomes)
    return tuple(action_part(action, "planned") for action in (record.plan.actions if record.plan else ()))


def action_part(action: Action, result: str, outcome: Outcome | None = None) -> ActionPart:
    return ActionPart(
        repository=action.repository,
        digest=action.digest,
        tags=action.tags,
        reason=action.reason,
        result=result,
        message=outcome.message if outcome else "",
    )


def _collection(collection: Collection) -> CollectionPart:
    return CollectionPart(
        started_at=collection.started_at.isoformat(),
        finished_at=collection.finished_at.isoformat(),
        blobs_marked=collection.blobs_marked,
        blobs_expected=collection.blobs_expected,
        blobs_deleted=collection.blobs_deleted,
        bytes_before=collection.bytes_before,
        bytes_after=collection.bytes_after,
        write_blocked_seconds=round(collection.write_blocked_seconds, 1),
        repositories_removed=collection.repositories_removed,
        collector_seconds=None if collection.collector_seconds is None else round(collection.collector_seconds, 1),
    )


def _verification(verification: Verification) -> VerificationPart:
    damaged = tuple(_finding(finding) for finding in verification.damaged)
    return VerificationPart(images=verification.images, blobs=verification.blobs, damaged=damaged)


def _used(image: UsedImage) -> UsedPart:
    users = (dataclasses.asdict(user) for user in image.users[:MOST_USERS])
    return UsedPart(
        repository=image.repository,
        digest=image.digest,
        references=image.references,
        users=tuple(UserPart(**user) for user in users),
        user_count=len(image.users),
    )


def _finding(finding: Finding) -> FindingPart:
    return FindingPart(
        code=finding.code, repository=finding.repository, reference=finding.reference, message=finding.message
    )
