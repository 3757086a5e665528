"""The rules in their order: which one selects the tag, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regsweep.api.policy import Keep, RepositorySelector, Rule, TagSelector
from regsweep.api.scalars import Pattern
from regsweep.core.explain.case import Case
from regsweep.core.explain.document import RulePart


def rules_of(case: Case, tag: str) -> Iterator[RulePart]:
    """One part a rule. The verdict says which one decided: none where something was decided before rules were asked."""
    decided = case.judgement.tags[tag].rule
    taken = None
    for rule in case.spec.rules:
        chosen, why = _why(rule, case.repository.name, tag)
        decides = chosen and rule.name == decided
        if chosen and taken is not None:
            why += f"; {taken} stands before it"
        elif chosen and not decides:
            why += "; no rule is asked about this tag"
        yield RulePart(name=rule.name, selects=chosen, decides=decides, why=why, keep=keep_words(rule.keep))
        taken = taken or (rule.name if decides else None)


def keep_words(keep: Keep) -> str:
    """`the first 10 by SemVer, or what is younger than 7d`."""
    criteria = []
    if keep.latest is not None:
        group = f" of each group of {keep.per}" if keep.per is not None else ""
        criteria.append(f"the first {keep.latest} by {keep.order_by}{group}")
    if keep.younger_than is not None:
        criteria.append(f"what is younger than {keep.younger_than}")
    return ", or ".join(criteria)


def selects(rule: Rule, repository: str, tag: str) -> bool:
    """Whether the rule by itself selects the tag, whatever stands before it."""
    return _why(rule, repository, tag)[0]


def matching(patterns: Sequence[Pattern], name: str) -> tuple[Pattern, ...]:
    return tuple(pattern for pattern in patterns if pattern.matches(name))


def _why(rule: Rule, repository: str, tag: str) -> tuple[bool, str]:
    for field, selector, name in (("repositories", rule.repositories, repository), ("tags", rule.tags, tag)):
        refusal = _refusal(field, selector, name)
        if refusal:
            return False, refusal
    return True, f"tags.include {matching(rule.tags.include, tag)[0]} matches"


def _refusal(field: str, selector: RepositorySelector | TagSelector, name: str) -> str:
    if not matching(selector.include, name):
        return f"{field}.include does not match {name}"
    excluded = matching(selector.exclude, name)
    return f"{field}.exclude {excluded[0]} takes {name} back" if excluded else ""
