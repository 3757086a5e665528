"""The judgement: exactly one verdict for every tag and every manifest of a repository. Pure; deletes nothing itself.

In three moves, each of which can only add to what stays:

1. every tag by itself: names, rules, ages (`core.tagging`);
2. the roots that stay: manifests with a kept tag, in use, too young, of unknown type, or explained by nothing. All
   that they hold stays with them (S2);
3. what is left goes: expired roots, and what only they took along (S3). An expired tag on a manifest that stays, stays.

A manifest is expired only if it is an expired root or taken along by one, and no root that stays holds it (S1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from regsweep.api.policy import PolicySpec
from regsweep.core.ages import EARLIEST_PLAUSIBLE
from regsweep.core.graph import Bond, Graph, Tie, closure, graph_of
from regsweep.core.inventory import Finding, InUse, Repository
from regsweep.core.oci import Digest
from regsweep.core.selection import Selection, selection
from regsweep.core.tagging import NO_TIME, Scene, TagVerdicts, judge_tags
from regsweep.core.verdict import (
    BROKEN_MISSING_CHILD,
    BROKEN_NO_MANIFEST,
    EXPIRED_CHILD,
    EXPIRED_REFERRER,
    EXPIRED_UNTAGGED,
    KEPT_NO_RULE,
    KEPT_UNTAGGED,
    PROTECTED_CHILD_OF,
    PROTECTED_IN_USE,
    PROTECTED_MINIMUM_AGE,
    PROTECTED_REFERRER_OF,
    PROTECTED_REPOSITORY,
    PROTECTED_SHARED_DIGEST,
    PROTECTED_UNKNOWN_AGE,
    PROTECTED_UNKNOWN_TYPE,
    Judgement,
    Verdict,
)

Verdicts = dict[Digest, Verdict]


def judge(repository: Repository, spec: PolicySpec, in_use: InUse, now: datetime) -> Judgement:
    """Decide about one repository, read whole. Same input, same judgement, in whatever order it was listed."""
    chosen = selection(spec, repository.name)
    graph = graph_of(repository)
    users = users_by_digest(repository, graph, in_use)
    named = repository.tags if in_use.tags else ()
    used_tags = {tag.name: user for tag in named if (user := in_use.tags.get((repository.name, tag.name)))}
    scene = Scene(repository, spec, chosen, now, used_tags, users, in_use.doubt(repository.name))
    tags = judge_tags(scene)

    staying = _staying_roots(scene, graph, tags)
    going = _going_roots(scene, graph, tags, staying)
    taken, held = closure(going.keys(), graph.takes_along), closure(staying.keys(), graph.holds)
    said = (staying, going, taken, held)
    if unexplained := [digest for digest in repository.manifests if not any(digest in part for part in said)]:
        staying.update(dict.fromkeys(unexplained, _unexplained(chosen)))
        held = closure(staying.keys(), graph.holds)
    findings = _findings(repository, graph, tags)
    manifests = _joined(staying, held, going, taken)
    return Judgement(repository.name, _final_tags(repository, graph, tags, manifests), manifests, findings, graph)


def _joined(staying: Verdicts, held: Mapping[Digest, Bond], going: Verdicts, taken: Mapping[Digest, Bond]) -> Verdicts:
    """One verdict for each manifest: what stays, and what that holds, before what goes, and what that takes along."""
    for digest, bond in held.items():
        staying[digest] = _by_bond(bond, PROTECTED_CHILD_OF, PROTECTED_REFERRER_OF)
    for digest, verdict in going.items():
        staying.setdefault(digest, verdict)
    for digest, bond in taken.items():
        if digest not in staying:
            staying[digest] = _by_bond(bond, EXPIRED_CHILD, EXPIRED_REFERRER)
    return staying


def users_by_digest(repository: Repository, graph: Graph, in_use: InUse) -> dict[Digest, str]:
    """Who uses which manifest. A node may report an index, one of its platforms, or an image's config (its image ID):
    whichever it is, every index that lists it is in use too, and what that index lists stays with it."""
    if not in_use.tags and not in_use.digests:
        return {}
    users: dict[Digest, str] = {}
    for tag in sorted(repository.tags, key=lambda tag: tag.name):
        user = in_use.tags.get((repository.name, tag.name))
        if user and tag.digest in graph.manifests and tag.digest is not None:
            users.setdefault(tag.digest, user)
    for digest, manifest in graph.manifests.items():
        by_config = in_use.digests.get(manifest.config.digest) if manifest.config is not None else None
        user = in_use.digests.get(digest) or by_config
        if user:
            users.setdefault(digest, user)
    for parent, used in graph.parents(users).items():
        users.setdefault(parent, users[used])
    return users


def _staying_roots(scene: Scene, graph: Graph, tags: TagVerdicts) -> Verdicts:
    """What stays for its own sake, with the reason of the first kept tag where there is one."""
    staying: Verdicts = {}
    for digest, manifest in scene.repository.manifests.items():
        kept = _first_kept(graph.tags.get(digest, ()), tags)
        if kept is not None:
            said = tags.verdicts[kept]
            staying[digest] = Verdict(said.reason, said.rule, said.detail, said.because or kept)
        elif scene.selection.protected:
            staying[digest] = Verdict(PROTECTED_REPOSITORY)
        elif scene.doubt:
            staying[digest] = Verdict(PROTECTED_IN_USE, because=scene.doubt)
        elif manifest.is_opaque:
            staying[digest] = Verdict(PROTECTED_UNKNOWN_TYPE, detail=manifest.media_type)
        elif digest in scene.used_digests:
            staying[digest] = Verdict(PROTECTED_IN_USE, because=scene.used_digests[digest])
        elif (young := _perhaps_just_pushed(digest, scene)) is not None:
            staying[digest] = young
    return staying


def _going_roots(scene: Scene, graph: Graph, tags: TagVerdicts, staying: Verdicts) -> Verdicts:
    """What a rule lets go: every tag on it expired (those that follow a subject aside), or untagged for long enough."""
    going: Verdicts = {}
    for digest in scene.repository.manifests:
        if digest in staying:
            continue
        names = graph.tags.get(digest, ())
        judged = next((name for name in names if name in tags.verdicts), None)
        if judged is not None:
            going[digest] = tags.verdicts[judged]
        elif not names and _long_untagged(digest, scene):
            going[digest] = Verdict(EXPIRED_UNTAGGED)
    return going


def _first_kept(names: Iterable[str], tags: TagVerdicts) -> str | None:
    for name in names:
        verdict = tags.verdicts.get(name)
        if verdict is not None and not verdict.expired:
            return name
    return None


def _perhaps_just_pushed(digest: Digest, scene: Scene) -> Verdict | None:
    """Whoever pushes an index pushes its children first: one that came a moment ago may be waiting for its index.

    Where push times are known at all, a manifest without one could be such a child.
    """
    pushes, minimum = scene.repository.pushed, scene.spec.limits.minimum_age
    if not pushes or minimum.timedelta <= NO_TIME:
        return None
    pushed = pushes.get(digest)
    if pushed is None:
        return Verdict(PROTECTED_UNKNOWN_AGE)
    if scene.now - pushed < minimum.timedelta:
        return Verdict(PROTECTED_MINIMUM_AGE, detail=f"pushed less than {minimum} ago")
    return None


def _long_untagged(digest: Digest, scene: Scene) -> bool:
    untagged, pushed = scene.spec.untagged, scene.repository.pushed.get(digest)
    if untagged is None or not scene.selection.untagged or pushed is None or pushed < EARLIEST_PLAUSIBLE:
        return False
    return scene.now - pushed >= untagged.older_than.timedelta


def _unexplained(chosen: Selection) -> Verdict:
    return Verdict(KEPT_NO_RULE) if chosen.silent else Verdict(KEPT_UNTAGGED)


def _by_bond(bond: Bond, child: str, referrer: str) -> Verdict:
    return Verdict(child if bond.tie is Tie.CHILD else referrer, because=bond.holder)


def _final_tags(
    repository: Repository, graph: Graph, tags: TagVerdicts, manifests: Mapping[Digest, Verdict]
) -> dict[str, Verdict]:
    """A tag is expired exactly where its manifest is: a manifest is deleted with all its tags, or not at all."""
    changed: dict[str, Verdict] = {}
    for tag in repository.tags:
        wish, subject = tags.verdicts.get(tag.name), tags.following.get(tag.name)
        digest = Digest(tag.digest or "")  # only a tag without a manifest has none, and that one is kept
        if wish is not None and (not wish.expired or manifests[digest].expired):
            continue
        if manifests[digest].expired:
            changed[tag.name] = Verdict(EXPIRED_REFERRER, because=subject or "")
        elif subject is not None and not manifests[subject].expired:
            changed[tag.name] = Verdict(PROTECTED_REFERRER_OF, because=subject)
        else:
            changed[tag.name] = _kept_against_its_rule(digest, graph, tags, manifests[digest], wish)
    return {**tags.verdicts, **changed} if changed else tags.verdicts


def _kept_against_its_rule(
    digest: Digest, graph: Graph, tags: TagVerdicts, manifest: Verdict, wish: Verdict | None
) -> Verdict:
    rule = wish.rule if wish is not None else None
    sharer = _first_kept(graph.tags[digest], tags)
    if sharer is not None:
        return Verdict(PROTECTED_SHARED_DIGEST, rule, because=sharer)
    return Verdict(manifest.reason, rule, manifest.detail, manifest.because)


def _findings(repository: Repository, graph: Graph, tags: TagVerdicts) -> tuple[Finding, ...]:
    name = repository.name
    found = [
        Finding(verdict.reason, name, tag, "the tag is listed and has no manifest: push it again, or remove it")
        for tag, verdict in tags.verdicts.items()
        if verdict.reason == BROKEN_NO_MANIFEST
    ]
    for digest, manifest in graph.manifests.items():
        if not (manifest.children or manifest.is_opaque):
            continue
        reference = graph.tags.get(digest, (digest,))[0]
        if manifest.is_opaque:
            found.append(
                Finding(PROTECTED_UNKNOWN_TYPE, name, reference, f"kept: {manifest.media_type} is not understood")
            )
        found.extend(
            Finding(BROKEN_MISSING_CHILD, name, reference, f"lists {child.digest}, which the registry does not have")
            for child in manifest.children
            if child.digest not in graph.manifests
        )
    return tuple(sorted(found, key=lambda finding: (finding.code, finding.reference, finding.message)))
