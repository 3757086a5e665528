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
from regsweep.core.oci import Digest, Kind, accessory_subject
from regsweep.core.ranking import Ranking, rank
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
        verdicts.update(_by_rule(rule, tags, scene, ages))
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
    if manifest.kind in {Kind.UNKNOWN, Kind.SCHEMA1}:
        return Verdict(PROTECTED_UNKNOWN_TYPE, detail=manifest.media_type)
    return None


def _subject_of(tag: Tag) -> Digest | None:
    """The digest whose accessory the tag is. A tag that names its own digest is a tag like any other."""
    subject = accessory_subject(tag.name)
    return None if subject == tag.digest else subject


def ranking_of(rule: Rule, tags: Sequence[Tag], repository: Repository, ages: Ages) -> Ranking:
    """The places of the tags that `rule` decides about: all of them in the repository."""
    return rank(tags, rule.keep, ages, lambda tag: _counts(tag, repository))


def _by_rule(rule: Rule, tags: Sequence[Tag], scene: Scene, ages: Ages) -> dict[str, Verdict]:
    ranking = ranking_of(rule, tags, scene.repository, ages)
    verdicts = {}
    for tag in tags:
        verdict = _kept_by_rule(rule, tag, ranking, ages.began(tag), scene)
        if verdict is None:
            used = scene.used_tags.get(tag.name) or (tag.digest and scene.used_digests.get(tag.digest))
            user = used or scene.doubt
            verdict = (
                Verdict(PROTECTED_IN_USE, rule.name, because=user)
                if user
                else Verdict(expired_by(rule.name), rule.name, _words(rule, tag, ranking))
            )
        verdicts[tag.name] = verdict
    return verdicts


def _kept_by_rule(rule: Rule, tag: Tag, ranking: Ranking, time: datetime | None, scene: Scene) -> Verdict | None:
    """Why the rule keeps the tag; None where it lets it go. `time` is where its age begins."""
    keep, place = rule.keep, ranking.places.get(tag.name)
    age = None if time is None else scene.now - time
    if keep.latest is not None and place is not None and place.rank <= keep.latest:
        return Verdict(KEPT_LATEST, rule.name, _words(rule, tag, ranking))
    if keep.younger_than is not None and age is not None and age < keep.younger_than.timedelta:
        return Verdict(KEPT_YOUNGER_THAN, rule.name, f"younger than {keep.younger_than}")
    if keep.latest is not None and tag.name in ranking.ungrouped:
        return Verdict(KEPT_NO_GROUP, rule.name, f"{keep.per} does not match")
    if keep.latest is not None and tag.name in ranking.unordered and keep.order_by not in BY_TIME:
        return Verdict(KEPT_NOT_A_VERSION, rule.name)
    return _for_its_age(rule, tag, ranking, age, scene)


def _for_its_age(rule: Rule, tag: Tag, ranking: Ranking, age: timedelta | None, scene: Scene) -> Verdict | None:
    minimum = scene.spec.limits.minimum_age
    if tag.name in ranking.unordered or (
        age is None and (rule.keep.younger_than is not None or minimum.timedelta > NO_TIME)
    ):
        return Verdict(PROTECTED_UNKNOWN_AGE, rule.name)
    if age is not None and age < minimum.timedelta:
        return Verdict(PROTECTED_MINIMUM_AGE, rule.name, f"younger than {minimum}")
    return None


def _counts(tag: Tag, repository: Repository) -> bool:
    """Signatures, SBOMs and other referrers are no images: they take no place, whatever their tag is called."""
    manifest = repository.manifests.get(tag.digest) if tag.digest is not None else None
    return manifest is not None and manifest.subject is None and _subject_of(tag) is None


def _words(rule: Rule, tag: Tag, ranking: Ranking) -> str:
    place = ranking.places.get(tag.name)
    if rule.keep.latest is None or place is None:
        return f"not younger than {rule.keep.younger_than}"
    group = f" in {place.group!r}" if rule.keep.per is not None else ""
    return f"{place.rank} of {place.of} by {rule.keep.order_by}{group}, {rule.keep.latest} kept"
