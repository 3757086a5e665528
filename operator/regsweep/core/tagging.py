"""What the rules say about the tags of one repository, each by itself: names, places, ages. Knows nothing of the graph.

An expired tag is only a wish here: `core.retention` grants it when nothing that stays needs its manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from regsweep.api.policy import PolicySpec, Rule
from regsweep.core.ages import Ages
from regsweep.core.inventory import Repository, Tag
from regsweep.core.oci import Digest, accessory_subject
from regsweep.core.ranking import NO_RANKING, Place, Ranking, rank
from regsweep.core.selection import BY_TIME, Selection
from regsweep.core.verdict import (
    BROKEN_NO_MANIFEST,
    KEPT_LATEST,
    KEPT_NO_GROUP,
    KEPT_NO_RULE,
    KEPT_NOT_A_VERSION,
    KEPT_ORPHAN,
    KEPT_YOUNGER_THAN,
    PROTECTED_IN_USE,
    PROTECTED_MINIMUM_AGE,
    PROTECTED_REPOSITORY,
    PROTECTED_TAG,
    PROTECTED_UNKNOWN_AGE,
    PROTECTED_UNKNOWN_TYPE,
    Verdict,
    expired_by,
)

NO_TIME = timedelta()

_NO_RULE = Verdict(KEPT_NO_RULE)
_PROTECTED_TAG = Verdict(PROTECTED_TAG)
_PROTECTED_REPOSITORY = Verdict(PROTECTED_REPOSITORY)
_NO_MANIFEST = Verdict(BROKEN_NO_MANIFEST, detail="listed, and has no manifest")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a tag is judged against: the repository at `now`, the policy as it sees it, and who uses what. With a
    `doubt`, anything in it may be used."""

    repository: Repository
    spec: PolicySpec
    selection: Selection
    now: datetime
    used_tags: Mapping[str, str]
    used_digests: Mapping[Digest, str]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class TagVerdicts:
    """`verdicts` of the tags that are judged; `following` maps each other one to its subject in the repository."""

    verdicts: dict[str, Verdict]
    following: dict[str, Digest]


def judge_tags(scene: Scene) -> TagVerdicts:
    """One verdict for each tag, from names, places and ages. In-use and protection only ever turn expired into kept."""
    verdicts: dict[str, Verdict] = {}
    following: dict[str, Digest] = {}
    selected: dict[str, tuple[Rule, list[Tag]]] = {}
    for tag in scene.repository.tags:
        named = _by_name(tag, scene)
        if named is not None:
            verdicts[tag.name] = named
            continue
        subject = _subject_of(tag)
        if subject is not None and subject in scene.repository.manifests:
            following[tag.name] = subject
            continue
        if subject is not None and subject not in scene.repository.absent:
            verdicts[tag.name] = Verdict(KEPT_ORPHAN, because=subject)
            continue
        rule = scene.selection.rule_of(tag.name)
        if rule is None:
            verdicts[tag.name] = _NO_RULE
            continue
        selected.setdefault(rule.name, (rule, []))[1].append(tag)
    ages = Ages(scene.repository, scene.now)
    for rule, tags in selected.values():
        _Ruling(rule, scene, ages, tags).judge(tags, verdicts)
    return TagVerdicts(verdicts, following)


def _by_name(tag: Tag, scene: Scene) -> Verdict | None:
    """The verdict that needs no rule; None where rules decide."""
    manifest = scene.repository.manifests.get(tag.digest) if tag.digest is not None else None
    if manifest is None:
        return _NO_MANIFEST
    if scene.selection.protected:
        return _PROTECTED_REPOSITORY
    if scene.selection.protects(tag.name):
        return _PROTECTED_TAG
    if manifest.is_opaque:
        return Verdict(PROTECTED_UNKNOWN_TYPE, detail=manifest.media_type)
    return None


def _subject_of(tag: Tag) -> Digest | None:
    """The digest whose accessory the tag is. A tag that names its own digest is a tag like any other."""
    subject = accessory_subject(tag.name)
    return None if subject == tag.digest else subject


def ranking_of(rule: Rule, tags: Sequence[Tag], repository: Repository, ages: Ages) -> Ranking:
    """The places of the tags that `rule` decides about: all of them in the repository."""
    return rank(tags, rule.keep, ages, lambda tag: _counts(tag, repository))


class _Ruling:
    """One rule over the tags that it selects. Tags that are decided alike share one verdict: there may be a million."""

    def __init__(self, rule: Rule, scene: Scene, ages: Ages, tags: Sequence[Tag]) -> None:
        self._rule, self._scene, self._ages = rule, scene, ages
        self._latest = rule.keep.latest
        self._ranking = NO_RANKING if self._latest is None else ranking_of(rule, tags, scene.repository, ages)
        younger, minimum = rule.keep.younger_than, scene.spec.limits.minimum_age
        self._younger = None if younger is None else younger.timedelta
        self._minimum = minimum.timedelta
        self._by_time = rule.keep.order_by in BY_TIME
        self._kept_young = Verdict(KEPT_YOUNGER_THAN, rule.name, f"younger than {younger}")
        self._kept_for_now = Verdict(PROTECTED_MINIMUM_AGE, rule.name, f"younger than {minimum}")
        self._unknown = Verdict(PROTECTED_UNKNOWN_AGE, rule.name)
        self._by_group: dict[str | None, tuple[Verdict, Verdict]] = {}

    def judge(self, tags: Sequence[Tag], verdicts: dict[str, Verdict]) -> None:
        """Add one verdict for each of `tags`."""
        for tag in tags:
            verdicts[tag.name] = self._kept(tag) or self._used(tag) or self._words(tag)[1]

    def _kept(self, tag: Tag) -> Verdict | None:
        """Why the rule keeps the tag; None where it lets it go."""
        place, began = self._ranking.places.get(tag.name), self._ages.began(tag)
        if self._latest is not None and place is not None and place.rank <= self._latest:
            return self._words(tag)[0]
        age = None if began is None else self._scene.now - began
        if self._younger is not None and age is not None and age < self._younger:
            return self._kept_young
        if self._latest is not None and place is None:
            if tag.name in self._ranking.ungrouped:
                return Verdict(KEPT_NO_GROUP, self._rule.name, f"{self._rule.keep.per} does not match")
            return self._unknown if self._by_time else Verdict(KEPT_NOT_A_VERSION, self._rule.name)
        return self._for_its_age(age)

    def _for_its_age(self, age: timedelta | None) -> Verdict | None:
        if age is None:
            return self._unknown if self._younger is not None or self._minimum > NO_TIME else None
        return self._kept_for_now if age < self._minimum else None

    def _used(self, tag: Tag) -> Verdict | None:
        scene = self._scene
        used = scene.used_tags.get(tag.name) or (tag.digest and scene.used_digests.get(tag.digest))
        user = used or scene.doubt
        return Verdict(PROTECTED_IN_USE, self._rule.name, because=user) if user else None

    def _words(self, tag: Tag) -> tuple[Verdict, Verdict]:
        """The tag among the latest of its group, and not among them."""
        place = self._ranking.places.get(tag.name) if self._latest is not None else None
        group = None if place is None else place.group
        found = self._by_group.get(group)
        if found is None:
            among = self._among(place)
            kept = Verdict(KEPT_LATEST, self._rule.name, among)
            gone = f"not {among}" if among else f"not younger than {self._rule.keep.younger_than}"
            found = self._by_group[group] = (kept, Verdict(expired_by(self._rule.name), self._rule.name, gone))
        return found

    def _among(self, place: Place | None) -> str:
        if place is None:
            return ""
        keep = self._rule.keep
        group = f" in {place.group!r}" if keep.per is not None else ""
        return f"among the first {keep.latest} of {place.of} by {keep.order_by}{group}"


def _counts(tag: Tag, repository: Repository) -> bool:
    """Signatures, SBOMs and other referrers are no images: they take no place, whatever their tag is called."""
    manifest = repository.manifests.get(tag.digest) if tag.digest is not None else None
    return manifest is not None and manifest.subject is None and _subject_of(tag) is None
