"""What an image has to do with others: tags on its digest, indexes, subjects, referrers; and all that protects it."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.core.explain.case import Case, decision
from regsweep.core.explain.chain import matching
from regsweep.core.explain.document import ProtectionPart, TagPart, TiePart
from regsweep.core.oci import Digest, Kind, accessory_subject
from regsweep.core.retention import users_by_digest
from regsweep.core.verdict import (
    KEPT_LATEST,
    KEPT_YOUNGER_THAN,
    PROTECTED_CHILD_OF,
    PROTECTED_IN_USE,
    PROTECTED_MINIMUM_AGE,
    PROTECTED_REFERRER_OF,
    PROTECTED_REPOSITORY,
    PROTECTED_SHARED_DIGEST,
    PROTECTED_TAG,
    PROTECTED_UNKNOWN_TYPE,
    REASONS,
)

_MOST = 50
"""So many of each kind are named; an index of twenty platforms is long enough."""


def tags_on(case: Case, digest: Digest | None) -> tuple[TagPart, ...]:
    if digest is None:
        return ()
    return tuple(
        TagPart(name=name, decision=decision(verdict), reason=verdict.reason, rule=verdict.rule)
        for name in case.graph.tags.get(digest, ())
        for verdict in (case.judgement.tags[name],)
    )


def ties_of(case: Case, tag: str | None, digest: Digest | None) -> tuple[TiePart, ...]:
    """The manifests around it, nearest first: what lists it, what it belongs to, what it lists, what belongs to it."""
    if digest is None:
        return ()
    manifest = case.repository.manifests[digest]
    listed_by = [other for other in _holders(case, digest) if other != digest]
    subjects = [subject for subject in _subjects(case, tag, digest) if subject in case.repository.manifests]
    children = dict.fromkeys(child.digest for child in manifest.children if child.digest in case.repository.manifests)
    return (
        *(_tie(case, "listed-by", other) for other in listed_by[:_MOST]),
        *(_tie(case, "subject", other) for other in subjects),
        *(_tie(case, "lists", other) for other in list(children)[:_MOST]),
        *(_tie(case, "referrer", other) for other in case.graph.referrers.get(digest, ())[:_MOST]),
    )


def protections_of(case: Case, tag: str | None, digest: Digest | None) -> tuple[ProtectionPart, ...]:
    """Everything that keeps it, the verdict's own reason first. Empty for what goes, and for nothing else."""
    verdict = case.verdict(tag, digest)
    if verdict.expired:
        return ()
    found = {part.reason: part for part in _all(case, tag, digest)}
    first = found.pop(verdict.reason, None)
    words = verdict.detail or REASONS.get(verdict.reason, "")
    first = first or ProtectionPart(reason=verdict.reason, text=f"{words} {verdict.because}".strip())
    return (first, *found.values())


def _all(case: Case, tag: str | None, digest: Digest | None) -> Iterator[ProtectionPart]:
    protect = case.spec.protect
    for pattern in matching(protect.repositories, case.repository.name):
        yield ProtectionPart(reason=PROTECTED_REPOSITORY, text=f"protect.repositories: {pattern}")
    if tag is not None:
        for pattern in matching(protect.tags, tag):
            yield ProtectionPart(reason=PROTECTED_TAG, text=f"protect.tags: {pattern}")
        yield from _by_its_rule(case, tag)
    if digest is None:
        return
    manifest = case.repository.manifests[digest]
    if manifest.kind in {Kind.UNKNOWN, Kind.SCHEMA1}:
        yield ProtectionPart(reason=PROTECTED_UNKNOWN_TYPE, text=f"{manifest.media_type} is not understood")
    user = users_by_digest(case.repository, case.graph, case.in_use).get(digest)
    user = user or case.in_use.doubt(case.repository.name)
    if user:
        yield ProtectionPart(reason=PROTECTED_IN_USE, text=user)
    kept = [part for part in tags_on(case, digest) if part.decision == "stays" and part.name != tag]
    own = [part for part in kept if part.reason not in {PROTECTED_SHARED_DIGEST, PROTECTED_CHILD_OF}]
    if tag is not None and own:
        text = f"other tags on its digest stay: {', '.join(f'{part.name} ({part.reason})' for part in own[:5])}"
        yield ProtectionPart(reason=PROTECTED_SHARED_DIGEST, text=text)
    yield from _by_holders(case, tag, digest)


def _by_its_rule(case: Case, tag: str) -> Iterator[ProtectionPart]:
    rule = case.rule(case.judgement.tags[tag].rule)
    began = case.ages.began(case.tags[tag])
    age = case.now - began if began is not None else None
    if rule is None:
        return
    place = case.ranking(rule).places.get(tag)
    if rule.keep.latest is not None and place is not None and place.rank <= rule.keep.latest:
        text = f"rules[{rule.name}].keep.latest: {place.rank} of {place.of}, and {rule.keep.latest} are kept"
        yield ProtectionPart(reason=KEPT_LATEST, text=text)
    if rule.keep.younger_than is not None and age is not None and age < rule.keep.younger_than.timedelta:
        text = f"rules[{rule.name}].keep.youngerThan: {rule.keep.younger_than}"
        yield ProtectionPart(reason=KEPT_YOUNGER_THAN, text=text)
    minimum = case.spec.limits.minimum_age
    if age is not None and age < minimum.timedelta:
        yield ProtectionPart(reason=PROTECTED_MINIMUM_AGE, text=f"limits.minimumAge: {minimum}")


def _by_holders(case: Case, tag: str | None, digest: Digest) -> Iterator[ProtectionPart]:
    for reason, words, holders in (
        (PROTECTED_CHILD_OF, "listed by what stays", _holders(case, digest)),
        (PROTECTED_REFERRER_OF, "belongs to what stays", _subjects(case, tag, digest)),
    ):
        staying = [
            holder for holder in holders
            if holder != digest and holder in case.repository.manifests and not case.judgement.manifests[holder].expired
        ]  # fmt: skip
        if staying:
            named = ", ".join(_named(case, holder) for holder in staying[:3])
            yield ProtectionPart(reason=reason, text=f"{words}: {named}")


def _holders(case: Case, digest: Digest) -> list[Digest]:
    """What lists it; also as a layer, where a registry takes the layer's link along with the manifest."""
    return sorted(
        manifest.digest
        for manifest in case.repository.manifests.values()
        if any(held.digest == digest for held in (*manifest.children, *manifest.blobs))
    )


def _subjects(case: Case, tag: str | None, digest: Digest) -> list[Digest]:
    """By its `subject`, and by the names of its tags."""
    names = case.graph.tags.get(digest, ()) if tag is None else (tag,)
    found = [case.repository.manifests[digest].subject, *(accessory_subject(name) for name in names)]
    return [subject for subject in dict.fromkeys(found) if subject is not None and subject != digest]


def _named(case: Case, digest: Digest) -> str:
    tags = case.graph.tags.get(digest, ())
    return f"{digest[:19]} ({', '.join(tags[:3])})" if tags else digest[:19]


def _tie(case: Case, tie: str, digest: Digest) -> TiePart:
    verdict = case.judgement.manifests[digest]
    return TiePart.model_validate(
        {
            "tie": tie,
            "digest": digest,
            "tags": case.graph.tags.get(digest, ()),
            "decision": decision(verdict),
            "reason": verdict.reason,
        }
    )
