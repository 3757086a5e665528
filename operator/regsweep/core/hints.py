"""What a policy says in vain: patterns and rules that match nothing, that come too late, or that `protect` overrules.

Looks at names only, one repository at a time; what it remembers is as large as the policy. A hint changes no decision.
`HINTS` is the one list of codes; docs/reasons.md is held to it by a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from regsweep.api.policy import PolicySpec, RepositorySelector, Rule, TagSelector
from regsweep.api.scalars import Pattern
from regsweep.core.inventory import Finding
from regsweep.core.selection import matcher, selected

PATTERN_WITHOUT_MATCH = "hint.pattern-without-match"
PATTERN_PROTECTED = "hint.pattern-protected"
RULE_WITHOUT_MATCH = "hint.rule-without-match"
RULE_SHADOWED = "hint.rule-shadowed"
RULE_PROTECTED = "hint.rule-protected"
PROTECT_WITHOUT_MATCH = "hint.protect-without-match"

HINTS: Mapping[str, str] = {
    PATTERN_WITHOUT_MATCH: "A pattern of a rule matches nothing that the rule could select.",
    PATTERN_PROTECTED: "All that a pattern of a rule selects is kept by `protect`.",
    RULE_WITHOUT_MATCH: "A rule selects no tag.",
    RULE_SHADOWED: "A rule selects tags, and an earlier rule decides about each of them.",
    RULE_PROTECTED: "All tags that a rule would decide about are kept by `protect`.",
    PROTECT_WITHOUT_MATCH: "A pattern of `protect` matches nothing.",
}


_AT_ONCE = 1_000
"""Tags that are looked through before it is asked again what is still of interest."""


@dataclass(slots=True)
class _Watched:
    """One pattern: whether it matched anything, and anything that `protect` leaves to the rules."""

    pattern: Pattern
    always: bool
    matched: bool = False
    free: bool = False

    def look(self, name: str, *, protected: bool) -> bool:
        """Whether it matches."""
        found = self.always or self.pattern.matches(name)
        if found:
            self.matched, self.free = True, self.free or not protected
        return found

    @property
    def settled(self) -> bool:
        """It is known to be of use: nobody need look again."""
        return self.matched and self.free


class _Selector:
    """The patterns of one selector of a rule."""

    def __init__(self, selector: RepositorySelector | TagSelector) -> None:
        tags = isinstance(selector, TagSelector)
        self.include = _watch(selector.include, tags=tags)
        self.exclude = _watch(selector.exclude, tags=tags)

    def selects(self, name: str, *, protected: bool) -> bool:
        """Whether the selector holds; every pattern that speaks of the name takes note."""
        wanted = False
        for watched in self.include:
            if not wanted or not watched.settled:
                wanted = watched.look(name, protected=protected) or wanted
        return wanted and not _any(self.exclude, name)


class _RuleWatch:
    """`sealed`: it selects a repository in which `protect` keeps everything."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.repositories = _Selector(rule.repositories)
        self.tags = _Selector(rule.tags)
        self.selects = selected(rule.tags)
        self.selected = self.decided = self.free = self.sealed = False

    @property
    def contested(self) -> bool:
        """It selects tags, and is not known to decide about one that `protect` leaves to it."""
        return self.selected and not (self.decided and self.free)

    def open_patterns(self) -> Iterator[Pattern]:
        """Those of which a tag has to match one, to tell anything new, unless it is the rule that decides about it."""
        yield from (each.pattern for each in self.tags.include if not (self.selected and each.settled))
        yield from (each.pattern for each in self.tags.exclude if not each.matched)

    def note(self, *, decided: bool, protected: bool) -> None:
        """It selects a tag. `decided`: an earlier rule does, too."""
        self.selected = True
        self.decided = self.decided or not decided
        self.free = self.free or not (decided or protected)


class HintFinder:
    """Shown one repository after another; then asked once."""

    def __init__(self, spec: PolicySpec) -> None:
        self._rules = [_RuleWatch(rule) for rule in spec.rules]
        self._repositories = _watch(spec.protect.repositories, tags=False)
        self._tags = _watch(spec.protect.tags, tags=True)
        self._seen = 0

    def add(self, repository: str, tags: Iterable[str]) -> None:
        """Take note of one repository and its tags. Most of them soon tell nothing new, and are passed over."""
        self._seen += 1
        sealed, rules = self._look(repository)
        left = iter(tags)
        while some := tuple(islice(left, _AT_ONCE)):
            patterns = [each.pattern for each in self._tags if not each.matched]
            patterns += [pattern for each in rules for pattern in each.open_patterns()]
            contested = [each for each in rules if each.contested]
            if not (patterns or contested):
                return
            tells = matcher(patterns)
            for tag in some:
                if tells(tag) or (contested and _deciding(tag, rules) in contested):
                    self._note(tag, rules, protected=_any(self._tags, tag) or sealed)

    def add_name(self, repository: str) -> None:
        """Take note of a repository whose tags were not read."""
        self._look(repository)

    def _note(self, tag: str, rules: Iterable[_RuleWatch], *, protected: bool) -> None:
        decided = False
        for each in rules:
            if each.tags.selects(tag, protected=protected):
                each.note(decided=decided, protected=protected)
                decided = True

    def _look(self, repository: str) -> tuple[bool, list[_RuleWatch]]:
        sealed = _any(self._repositories, repository)
        rules = [each for each in self._rules if each.repositories.selects(repository, protected=sealed)]
        for each in rules:
            each.sealed = each.sealed or sealed
        return sealed, rules

    def findings(self, *, whole: bool) -> tuple[Finding, ...]:
        """The hints, in the order of the policy. `whole`: the tags of every repository of the registry were shown.

        The names of all repositories are taken to be known in any case.
        """
        read = "the one repository that was" if self._seen == 1 else f"the {self._seen} repositories that were"
        where = "in the registry" if whole else f"in {read} read"
        found = [hint for each in self._rules for hint in _of_rule(each, where)]
        for field, watched, place in (
            ("tags", self._tags, where),
            ("repositories", self._repositories, "in the registry"),
        ):
            found += [
                Finding(PROTECT_WITHOUT_MATCH, "", f"protect.{field}: {each.pattern}", f"it matches nothing {place}")
                for each in watched
                if not each.matched
            ]
        return tuple(found)


def _deciding(tag: str, rules: Iterable[_RuleWatch]) -> _RuleWatch | None:
    return next((each for each in rules if each.selects(tag)), None)


def _of_rule(each: _RuleWatch, where: str) -> Iterator[Finding]:
    place = f"rules[{each.rule.name}]"
    if not each.selected and each.sealed:
        yield Finding(RULE_PROTECTED, "", place, "protect.repositories keeps what it selects")
    elif not each.selected:
        yield Finding(RULE_WITHOUT_MATCH, "", place, f"it selects no tag {where}")
    elif not each.decided:
        words = f"an earlier rule decides about every tag that it selects {where}: the special goes before the general"
        yield Finding(RULE_SHADOWED, "", place, words)
    elif not each.free:
        yield Finding(RULE_PROTECTED, "", place, f"protect keeps every tag that it would decide about {where}")
    told = not each.selected or (each.decided and not each.free)
    yield from _of_patterns(f"{place}.repositories", each.repositories, "in the registry", told=told)
    yield from _of_patterns(f"{place}.tags", each.tags, where, told=told)


def _of_patterns(place: str, selector: _Selector, where: str, *, told: bool) -> Iterator[Finding]:
    """`told`: something was said of the rule as a whole, which its only pattern need not repeat."""
    for watched in selector.include:
        reference = f"{place}.include: {watched.pattern}"
        if watched.always or (told and len(selector.include) == 1):
            continue
        if not watched.matched:
            yield Finding(PATTERN_WITHOUT_MATCH, "", reference, f"it matches nothing {where}")
        elif not watched.free and not told:
            yield Finding(PATTERN_PROTECTED, "", reference, f"protect keeps all that it matches {where}")
    for watched in selector.exclude:
        if not watched.matched and not told:
            reference = f"{place}.exclude: {watched.pattern}"
            yield Finding(PATTERN_WITHOUT_MATCH, "", reference, f"it takes nothing back {where}")


def _watch(patterns: Iterable[Pattern], *, tags: bool) -> list[_Watched]:
    """`*` stops at a slash, and no tag has one."""
    everything = {"*", "**"} if tags else {"**"}
    return [_Watched(pattern, str(pattern) in everything) for pattern in patterns]


def _any(watched: Sequence[_Watched], name: str) -> bool:
    """Whether any matches. All that have not matched yet are tried: each is to be heard of."""
    found = False
    for each in watched:
        if not found or not each.matched:
            found = each.look(name, protected=False) or found
    return found
