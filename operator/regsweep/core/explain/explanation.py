"""One image, explained: the verdict of the engine, and around it what it rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from regsweep.core.explain.case import Case, decision
from regsweep.core.explain.chain import rules_of
from regsweep.core.explain.changes import changes_of
from regsweep.core.explain.document import Explanation, UserPart
from regsweep.core.explain.standing import age_of, place_of
from regsweep.core.explain.ties import protections_of, tags_on, ties_of
from regsweep.core.inventory_document import time_text
from regsweep.core.oci import Digest
from regsweep.core.users import Users, all_users
from regsweep.core.verdict import (
    BROKEN_NO_MANIFEST,
    EXPIRED_BY_RULE,
    KEPT_ORPHAN,
    PROTECTED_IN_USE,
    PROTECTED_UNKNOWN_AGE,
    PROTECTED_UNKNOWN_TYPE,
    REASONS,
    Verdict,
)

_NOTHING_PROPOSED = {
    PROTECTED_IN_USE: "It is in use: no change of the policy is proposed. What uses it has to let go of it first.",
    PROTECTED_UNKNOWN_AGE: (
        "It has no age: no change of the policy is proposed. Its storage would say when it was pushed."
    ),
    PROTECTED_UNKNOWN_TYPE: "It is not understood, and no policy lets it go: delete it by hand.",
    KEPT_ORPHAN: "What it belongs to was not found, and no policy lets it go: delete it by hand.",
    BROKEN_NO_MANIFEST: "There is nothing to delete: push the tag again, or remove it from the storage.",
}


@dataclass(frozen=True, slots=True)
class About:
    """Where the explanation comes from. `notes` are said at its end; `users` are those that are known one by one."""

    registry: str
    policy: str
    source: Literal["registry", "inventory"]
    notes: tuple[str, ...] = ()
    users: Users | None = None


def explain(case: Case, tag: str | None, digest: Digest | None, about: About) -> Explanation:
    """Explain a tag, or a manifest by its digest."""
    verdict = case.verdict(tag, digest)
    standing = tag if tag is not None else _spokesman(case, digest)
    changes = changes_of(case, tag, digest)
    notes = about.notes if changes else (*about.notes, _nothing_proposed(verdict))
    manifest = case.repository.manifests[digest] if digest is not None else None
    return Explanation(
        registry=about.registry,
        policy=about.policy,
        source=about.source,
        at=time_text(case.now),
        repository=case.repository.name,
        tag=standing,
        digest=digest,
        media_type=manifest.media_type if manifest is not None else "",
        decision=decision(verdict),
        reason=verdict.reason,
        meaning=meaning_of(verdict),
        rule=verdict.rule,
        detail=verdict.detail,
        because=verdict.because,
        age=age_of(case, standing, digest),
        rules=tuple(rules_of(case, standing)) if standing is not None else (),
        place=place_of(case, standing) if standing is not None else None,
        protections=protections_of(case, tag, digest),
        users=_users(case, digest, about.users),
        tags=tags_on(case, digest),
        ties=ties_of(case, tag, digest),
        changes=changes,
        notes=notes,
    )


def meaning_of(verdict: Verdict) -> str:
    if verdict.rule is not None and verdict.expired:
        return REASONS[EXPIRED_BY_RULE].replace("The rule of that name", f"Rule {verdict.rule}")
    return REASONS.get(verdict.reason, "")


def _users(case: Case, digest: Digest | None, users: Users | None) -> tuple[UserPart, ...]:
    found = all_users(users, case.repository, digest) if users is not None and digest is not None else ()
    return tuple(UserPart(**asdict(user)) for user in found)


def _spokesman(case: Case, digest: Digest | None) -> str | None:
    """The tag that stands for a manifest: one that is decided as it is, if there is any."""
    names = case.graph.tags.get(Digest(digest or ""), ())
    verdict = case.verdict(None, digest)
    same = [name for name in names if case.judgement.tags[name].reason == verdict.reason]
    return next(iter((*same, *names)), None)


def _nothing_proposed(verdict: Verdict) -> str:
    return _NOTHING_PROPOSED.get(verdict.reason, "No small change of the policy was found that decides otherwise.")
