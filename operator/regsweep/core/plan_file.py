"""A plan as a file, and back: canonical JSON that holds its own digest. What is applied is what was looked at.

The format is published as docs/plan.schema.json and versioned. A plan of another version, or one that was changed, is
refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from regsweep.api.described import Described
from regsweep.api.load import problems
from regsweep.api.meta import Count, Model
from regsweep.core.oci import Digest
from regsweep.core.plan import PLAN_VERSION, Action, Counts, Plan
from regsweep.errors import PlanExpired, PlanUnreadable, PolicyChanged

String = Annotated[str, Field(max_length=1024)]
Sha256 = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]

AGAIN = "Make it again with `regsweep plan --out`."
RENEW = "Make a new plan, look at it, and apply that one."

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_quoted = json.encoder.encode_basestring_ascii


class ActionDocument(Model):
    """Delete one manifest by digest."""

    repository: Annotated[str, Field(min_length=1, max_length=255)]
    digest: Sha256
    media_type: String
    reason: String
    """A reason code of docs/reasons.md."""
    tags: tuple[Annotated[str, Field(min_length=1, max_length=128)], ...]
    """Every tag that pointed at it when the plan was made."""
    root: Sha256
    """The expired manifest in whose train it goes; itself, for a root."""
    size: Count
    """The length of the manifest's own bytes."""
    after: tuple[Sha256, ...]
    """Condemned manifests that hold this one: it may go only when each of them is gone."""


class CountsDocument(Model):
    """What was read, and how much of it goes."""

    repositories: Count
    tags: Count
    manifests: Count
    deleted_tags: Count
    deleted_manifests: Count


class PlanDocument(Model):
    """What regsweep will delete, in this order."""

    version: Literal[1]
    registry: String
    policy: String
    policy_digest: Sha256
    inventory: String
    """How the registry was read: Storage or API."""
    inventory_reason: String = ""
    """Why it was read that way."""
    created_at: AwareDatetime
    expires_at: AwareDatetime
    actions: tuple[ActionDocument, ...]
    counts: CountsDocument
    bytes: Count
    """What the next garbage collection can free."""
    bytes_are_upper_bound: bool
    """Not all was read: there may be blobs that something else needs."""
    expected_marks: Count
    """Distinct digests that the kept manifests reach: a collector that marks fewer would lose one."""
    unread: tuple[String, ...]
    """Repositories that could not be read: they are left alone."""
    over_limit: tuple[String, ...]
    """The limits that the plan is over, in words: it waits for a person."""
    digest: Sha256
    """SHA-256 of this document without `digest`: keys sorted, no spaces, ASCII."""


def plan_to_json(plan: Plan) -> str:
    """The canonical text: keys sorted, no spaces, one line feed at the end. Equal plans give equal bytes."""
    return "".join(_canonical(plan, digest=plan.digest)) + "\n"


def digest_of_plan(plan: Plan) -> str:
    """`sha256:<hex>` over the canonical text without `digest`."""
    found = hashlib.sha256()
    for piece in _canonical(plan):
        found.update(piece.encode())
    return f"sha256:{found.hexdigest()}"


def plan_from_json(text: str) -> Plan:
    """The plan in `text`. Raises PlanUnreadable for what is damaged, changed, or of another version."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise PlanUnreadable(f"the plan is not JSON: it is damaged, or no plan. {AGAIN}") from None
    version = document.get("version") if isinstance(document, dict) else None
    if version is None:
        raise PlanUnreadable(f"this is no plan: it has no version. {AGAIN}")
    if version != PLAN_VERSION:
        raise PlanUnreadable(
            f"the plan is of version {str(version)[:20]}, and this regsweep understands version {PLAN_VERSION}: "
            "make it with the regsweep that is to apply it."
        )
    try:
        plan = _plan(PlanDocument.model_validate_json(text))
    except ValidationError as error:
        field, message = problems(error)[0]
        raise PlanUnreadable(f"the plan is damaged: {field} {message}. {AGAIN}") from None
    if digest_of_plan(plan) != plan.digest:
        raise PlanUnreadable(f"the plan was changed after it was made: its digest does not fit. {AGAIN}")
    return plan


def check_applicable(plan: Plan, *, registry: str, policy_digest: str, now: datetime) -> None:
    """Raises PolicyChanged or PlanExpired where applying the plan would not do what was looked at."""
    if plan.registry != registry:
        raise PolicyChanged(
            f"the plan was made for {plan.registry}, and this policy cleans {registry}: make a plan for this registry."
        )
    if plan.policy_digest != policy_digest:
        raise PolicyChanged(
            f"the policy {plan.policy} changed since the plan was made, and may decide otherwise now. {RENEW}"
        )
    if now >= plan.expires_at:
        made, expired = _time(plan.created_at), _time(plan.expires_at)
        raise PlanExpired(f"the plan was made at {made} and expired at {expired}: the registry has moved on. {RENEW}")


def plan_schema() -> str:
    """The JSON schema of a plan, as docs/plan.schema.json holds it."""
    schema = PlanDocument.model_json_schema(by_alias=True, schema_generator=Described)
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A plan of regsweep, version 1"}
    return json.dumps({**schema, **title}, indent=2, sort_keys=True) + "\n"


def _fields(plan: Plan) -> dict[str, Any]:
    """All but the actions."""
    return {
        "version": plan.version,
        "registry": plan.registry,
        "policy": plan.policy,
        "policyDigest": plan.policy_digest,
        "inventory": plan.inventory,
        "inventoryReason": plan.inventory_reason,
        "createdAt": _time(plan.created_at),
        "expiresAt": _time(plan.expires_at),
        "counts": {
            "repositories": plan.counts.repositories,
            "tags": plan.counts.tags,
            "manifests": plan.counts.manifests,
            "deletedTags": plan.counts.deleted_tags,
            "deletedManifests": plan.counts.deleted_manifests,
        },
        "bytes": plan.bytes,
        "bytesAreUpperBound": plan.bytes_are_upper_bound,
        "expectedMarks": plan.expected_marks,
        "unread": list(plan.unread),
        "overLimit": list(plan.over_limit),
    }


def _action(action: Action) -> str:
    """What the encoder would write, keys sorted; there may be a million."""
    tags, after = ",".join(map(_quoted, action.tags)), ",".join(map(_quoted, action.after))
    return (
        f'{{"after":[{after}],"digest":{_quoted(action.digest)},"mediaType":{_quoted(action.media_type)},'
        f'"reason":{_quoted(action.reason)},"repository":{_quoted(action.repository)},"root":{_quoted(action.root)},'
        f'"size":{action.size},"tags":[{tags}]}}'
    )


def _plan(document: PlanDocument) -> Plan:
    values = {field: getattr(document, field) for field in PlanDocument.model_fields}
    actions = tuple(
        Action(
            action.repository, Digest(action.digest), action.media_type, action.reason, action.tags,
            Digest(action.root), action.size, tuple(Digest(digest) for digest in action.after),
        )
        for action in document.actions
    )  # fmt: skip
    times = {field: values[field].astimezone(UTC) for field in ("created_at", "expires_at")}
    counts = Counts(**document.counts.model_dump())
    return Plan(**{**values, **times, "actions": actions, "counts": counts})


def _canonical(plan: Plan, **more: str) -> Iterator[str]:
    """The text in pieces, so that a plan of a million actions is never there three times. `actions` sorts first."""
    yield '{"actions":['
    for number, action in enumerate(plan.actions):
        yield ("," if number else "") + _action(action)
    yield "]," + _CANONICAL.encode({**_fields(plan), **more})[1:]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
