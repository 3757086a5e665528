"""The smallest changes of a policy that would decide otherwise. Each is tried: what is not confirmed is not said.

Nothing is proposed that would delete what a workload uses, or what has no age.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from regsweep.api.policy import Rule
from regsweep.core.explain import edits
from regsweep.core.explain.case import Case, decision
from regsweep.core.explain.chain import selects
from regsweep.core.explain.document import ChangePart
from regsweep.core.explain.edits import Edit, Made
from regsweep.core.oci import Digest
from regsweep.core.verdict import (
    EXPIRED_CHILD,
    EXPIRED_REFERRER,
    EXPIRED_UNTAGGED,
    KEPT_LATEST,
    KEPT_NO_GROUP,
    KEPT_NO_RULE,
    KEPT_NOT_A_VERSION,
    KEPT_UNTAGGED,
    KEPT_YOUNGER_THAN,
    PROTECTED_CHILD_OF,
    PROTECTED_MINIMUM_AGE,
    PROTECTED_REFERRER_OF,
    PROTECTED_REPOSITORY,
    PROTECTED_SHARED_DIGEST,
    PROTECTED_TAG,
)

_LONGEST = 6
"""So many edits one after another are tried: more are no small change."""

_MOST = 5

_PASSED_ON = frozenset(
    {PROTECTED_SHARED_DIGEST, PROTECTED_CHILD_OF, PROTECTED_REFERRER_OF, EXPIRED_CHILD, EXPIRED_REFERRER}
)
"""Decided about another object: that one has to be decided otherwise."""


@dataclass(frozen=True, slots=True)
class _Decider:
    """What decides: a tag, or a manifest without one, by its own `reason` and `rule`."""

    tag: str | None
    digest: Digest
    reason: str
    rule: Rule | None
    age: timedelta | None


def changes_of(case: Case, tag: str | None, digest: Digest | None) -> tuple[ChangePart, ...]:
    """The changes, the smallest first: with the fewest edits, then with the fewest other tags that change with it.

    What keeps it in one edit needs no company; to let it go, one edit more may be the plainer way.
    """
    if digest is None:
        return ()
    goes = case.verdict(tag, digest).expired
    propose = _keeping if goes else _letting_go
    found: dict[tuple[str, ...], ChangePart] = {}
    for first in propose(case, tag, digest):
        change = _follow(case, first, (tag, digest), propose)
        if change is not None:
            found.setdefault(change.edits, change)
    ordered = sorted(found.values(), key=lambda change: (len(change.edits), change.also_gone + change.also_kept))
    longest = len(ordered[0].edits) + (0 if goes else 1) if ordered else 0
    return tuple(change for change in ordered[:_MOST] if len(change.edits) <= longest)


Propose = Callable[[Case, str | None, Digest], Iterable[Edit]]


def _follow(case: Case, first: Edit, asked: tuple[str | None, Digest], propose: Propose) -> ChangePart | None:
    """Go on editing until it is decided otherwise; None where that takes too much."""
    before, texts, edit = case.verdict(*asked).expired, [], first
    for _ in range(_LONGEST):
        tried = case.under(edit.spec)
        texts.append(edit.text)
        verdict = tried.verdict(*asked)
        if verdict.expired is not before:
            kept, gone = _others(case, tried, asked)
            return ChangePart(
                edits=tuple(texts), decision=decision(verdict), reason=verdict.reason, also_kept=kept, also_gone=gone
            )
        following = next(iter(propose(tried, *asked)), None)
        if following is None:
            return None
        edit = following
    return None


def _others(case: Case, tried: Case, asked: tuple[str | None, Digest]) -> tuple[int, int]:
    tag, digest = asked
    own = {tag} if tag is not None else set(case.graph.tags.get(digest, ()))
    changed = [
        verdict.expired
        for name, verdict in case.judgement.tags.items()
        if name not in own and verdict.expired is not tried.judgement.tags[name].expired
    ]
    return changed.count(True), changed.count(False)


def _keeping(case: Case, tag: str | None, digest: Digest) -> list[Edit]:
    decider = _decider(case, tag, digest)
    made: list[Made] = []
    if decider.reason == EXPIRED_UNTAGGED and decider.age is not None:
        made = [edits.untagged(case.spec, edits.more_than(decider.age)), edits.no_untagged(case.spec)]
    if decider.tag is not None and decider.rule is not None:
        made = [*_in_its_rule(case, decider.tag, decider.rule, decider.age)]
    protectable = dict.fromkeys(name for name in (decider.tag, tag) if name is not None)
    made += [edits.protect_tag(case.spec, name) for name in protectable]
    if decider.tag is not None and decider.rule is not None:
        made += _by_another_rule(case, decider.tag, decider.rule)
    return [edit for edit in made if edit is not None]


def _in_its_rule(case: Case, tag: str, rule: Rule, age: timedelta | None) -> list[Made]:
    place = case.ranking(rule).places.get(tag) if rule.keep.latest is not None else None
    return [
        edits.keep_latest(case.spec, rule, place.rank) if place is not None else None,
        edits.younger_than(case.spec, rule, edits.more_than(age)) if age is not None else None,
    ]


def _by_another_rule(case: Case, tag: str, rule: Rule) -> list[Made]:
    later = case.spec.rules[case.spec.rules.index(rule) + 1 :]
    other = next((each for each in later if selects(each, case.repository.name, tag)), None)
    return [
        edits.exclude_tag(case.spec, rule, tag),
        edits.move_before(case.spec, other, rule) if other is not None else None,
    ]


def _letting_go(case: Case, tag: str | None, digest: Digest) -> list[Edit]:
    decider = _decider(case, tag, digest)
    rule, name, spec = decider.rule, decider.tag, case.spec
    longest = edits.at_most(decider.age) if decider.age is not None else None
    alone = edits.first_rule(spec, case.repository.name, name, longest) if name is not None else None
    proposals: dict[str, Callable[[], list[Made]]] = {
        KEPT_LATEST: lambda: [*_out_of_place(case, decider, longest), alone],
        KEPT_YOUNGER_THAN: lambda: [edits.younger_than(spec, rule, longest) if rule is not None else None, alone],
        KEPT_NO_RULE: lambda: [alone if name is not None else edits.untagged(spec, longest)],
        KEPT_NO_GROUP: lambda: [alone],
        KEPT_NOT_A_VERSION: lambda: [alone],
        KEPT_UNTAGGED: lambda: [edits.untagged(spec, longest)],
        PROTECTED_TAG: lambda: [edits.unprotect(spec, "tags", name) if name is not None else None],
        PROTECTED_REPOSITORY: lambda: [edits.unprotect(spec, "repositories", case.repository.name)],
        PROTECTED_MINIMUM_AGE: lambda: [edits.minimum_age(spec, longest)],
    }
    propose = proposals.get(decider.reason, list)
    return [edit for edit in propose() if edit is not None]


def _out_of_place(case: Case, decider: _Decider, longest: str | None) -> list[Made]:
    if decider.rule is None or decider.tag is None:
        return []
    place = case.ranking(decider.rule).places[decider.tag]
    if place.rank > 1:
        return [edits.keep_latest(case.spec, decider.rule, place.rank - 1)]
    return [edits.only_younger_than(case.spec, decider.rule, longest)]


def _decider(case: Case, tag: str | None, digest: Digest) -> _Decider:
    """The tag, or the manifest, on which the decision about this one rests."""
    if tag is not None and case.judgement.tags[tag].reason not in _PASSED_ON:
        return _of_tag(case, tag, digest)
    manifests, seen, root = case.judgement.manifests, {digest}, digest
    while manifests[root].reason in _PASSED_ON and (holder := Digest(manifests[root].because)) in manifests:
        if holder in seen:
            break
        seen.add(holder)
        root = holder
    goes = manifests[root].expired
    for name in case.graph.tags.get(root, ()):
        verdict = case.judgement.tags[name]
        if verdict.expired is goes and verdict.reason not in _PASSED_ON:
            return _of_tag(case, name, root)
    pushed = case.repository.pushed.get(root)
    age = case.now - pushed if pushed is not None else None
    return _Decider(None, root, manifests[root].reason, case.rule(manifests[root].rule), age)


def _of_tag(case: Case, tag: str, digest: Digest) -> _Decider:
    verdict, began = case.judgement.tags[tag], case.ages.began(case.tags[tag])
    pushed = case.repository.pushed.get(digest)
    if verdict.reason == PROTECTED_MINIMUM_AGE and pushed is not None:
        began = max(pushed, began) if began is not None else pushed
    return _Decider(tag, digest, verdict.reason, case.rule(verdict.rule), case.now - began if began else None)
