"""Which rule speaks of a tag: the first whose repository and tag selectors both hold. Looks at names only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from regsweep.api.policy import OrderBy, PolicySpec, RepositorySelector, Rule, TagSelector
from regsweep.api.scalars import Pattern

BY_TIME = frozenset({OrderBy.PUSH_TIME, OrderBy.CREATED_TIME})

Matches = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Selection:
    """A policy as one repository sees it: the rules that speak of it, in their order, and what its names protect.

    `protected` is true where `protect.repositories` names the repository: then nothing in it is ever deleted.
    """

    rules: tuple[Rule, ...]
    protected: bool
    untagged: bool
    _tag_matches: tuple[Matches, ...]
    _protects: Matches

    def protects(self, tag: str) -> bool:
        """Whether `protect.tags` names it."""
        return self._protects(tag)

    def rule_of(self, tag: str) -> Rule | None:
        """The first rule that selects `tag`; None where no rule does."""
        for rule, matches in zip(self.rules, self._tag_matches, strict=True):
            if matches(tag):
                return rule
        return None

    @property
    def silent(self) -> bool:
        """The policy has nothing to say here: everything stays."""
        return self.protected or not (self.rules or self.untagged)


def selection(spec: PolicySpec, repository: str) -> Selection:
    """What `spec` says about `repository`.

    `untagged` holds where a rule selects the repository; in a policy without rules, everywhere.
    """
    rules = tuple(rule for rule in spec.rules if selected(rule.repositories)(repository))
    return Selection(
        rules=rules,
        protected=matcher(spec.protect.repositories)(repository),
        untagged=spec.untagged is not None and (bool(rules) or not spec.rules),
        _tag_matches=tuple(selected(rule.tags) for rule in rules),
        _protects=matcher(spec.protect.tags),
    )


def selects_repository(spec: PolicySpec, name: str) -> bool:
    """Whether `spec` could let go of anything in that repository. Where it cannot, nothing need be read."""
    return not selection(spec, name).silent


def dated_tags(repository: str, tags: Sequence[str], spec: PolicySpec) -> frozenset[str]:
    """The tags whose age can change what becomes of them; nobody need look for the age of others.

    A rule selects the tag, no name protects it, and either the rule goes by time or `limits.minimumAge` is above zero.
    An accessory is among them by its name; while its subject is there it follows that, and its age does not matter.
    """
    chosen = selection(spec, repository)
    if chosen.silent or not chosen.rules:
        return frozenset()
    always = spec.limits.minimum_age.timedelta > timedelta()
    by_time = {rule.name for rule in chosen.rules if always or goes_by_time(rule)}
    return frozenset(
        tag
        for tag in tags
        if (rule := chosen.rule_of(tag)) is not None and rule.name in by_time and not chosen.protects(tag)
    )


def goes_by_time(rule: Rule) -> bool:
    """Whether the rule's own criteria look at an age."""
    ordered = rule.keep.latest is not None and rule.keep.order_by in BY_TIME
    return ordered or rule.keep.younger_than is not None


def selected(selector: RepositorySelector | TagSelector) -> Matches:
    """Whether the selector holds for a name."""
    include, exclude = matcher(selector.include), matcher(selector.exclude)
    if not selector.exclude:
        return include
    return lambda name: include(name) and not exclude(name)


def matcher(patterns: Sequence[Pattern]) -> Matches:
    """Whether any of the patterns matches a name."""
    if "**" in patterns:
        return lambda _: True
    if not patterns:
        return lambda _: False
    matches = tuple(pattern.matches for pattern in patterns)
    if len(matches) == 1:
        return matches[0]

    def any_matches(name: str) -> bool:
        for matches_name in matches:  # noqa: SIM110 - `any` takes twice as long, and every tag is asked about
            if matches_name(name):
                return True
        return False

    return any_matches
