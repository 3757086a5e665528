"""What a sweep left behind, and what the registry's log tells → which pushes were lost, and what brings them back.

It changes nothing: what it finds is put back by a restore, which never moves a tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from regsweep.clients.registry import Reader
from regsweep.core.inventory import Finding
from regsweep.core.keepsake import Saved
from regsweep.core.lost import LOST, Aftermath, Evidence, LostPush, Traces, lost_pushes
from regsweep.core.oci import Digest, accessory_subject
from regsweep.core.registry_log import ManifestRequest, Method
from regsweep.core.restoration import Image
from regsweep.errors import RegistryError, StorageUnavailable

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Search:
    """What the search works with. `traces` tells the times of one repository's files; it raises StorageUnavailable.
    `kept` reads what was kept before it was deleted, anew at each call.
    """

    reader: Reader
    traces: Callable[[str], Traces]
    kept: Callable[[], Iterable[Saved]]


@dataclass(slots=True)
class Found:
    """`tags` are to name their manifests again, which are among `saved` with all that belongs to them; `bare` are those
    that are there without it. `unsure` are pushes that were lost for certain, and cannot be put back; `findings` is the
    rest that a person should know.
    """

    tags: dict[tuple[str, str], Digest] = field(default_factory=dict)
    bare: set[tuple[str, str]] = field(default_factory=set)
    saved: tuple[Saved, ...] = ()
    unsure: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def images(self) -> tuple[Image, ...]:
        places = {(repository, digest) for (repository, _), digest in self.tags.items()}
        return tuple(Image(repository, digest=digest) for repository, digest in sorted(places))


def find_lost(aftermaths: Sequence[Aftermath], requests: Sequence[ManifestRequest] | None, work: Search) -> Found:
    """`requests` is None where nobody listened: then only what the registry itself shows is found.

    A repository whose tags cannot be read is said, and left.
    """
    found = Found()
    for aftermath in aftermaths:
        own = [request for request in requests or () if request.repository == aftermath.repository]
        try:
            _search(aftermath, own, work, found)
        except RegistryError as error:
            message = f"whether a push was lost could not be told: {error}"
            found.findings.append(Finding("sweep.unchecked", aftermath.repository, "", message))
    _gather(found, work)
    return found


def lost(repository: str, tag: str, why: str) -> Finding:
    """A push that was answered 201 and is gone for good, unless its client does it again."""
    return Finding(LOST, repository, tag, f"was pushed while the registry deleted, and was lost: {why}; push it again")


def _search(aftermath: Aftermath, requests: Sequence[ManifestRequest], work: Search, found: Found) -> None:
    name = aftermath.repository
    pushed = {request.reference for request in requests if request.method is Method.PUT and request.of_tag}
    asked = pushed | aftermath.doubtful | aftermath.vanished
    targets: dict[str, Digest | None] = {}
    for tag in sorted(asked, key=str):
        target, there = _target(name, tag, work.reader)
        if there or target is None:
            targets[tag] = target
        elif target in aftermath.deleted:
            found.tags[name, tag] = target
            found.bare.add((name, tag))
    missing = {tag for tag, target in targets.items() if target is None}
    pushes = lost_pushes(_evidence(aftermath, requests, targets, work)) if missing & pushed else ()
    for push in pushes:
        if push.digest is not None:
            found.tags[name, push.tag] = push.digest
        else:
            found.unsure.append(lost(name, push.tag, _doubt(push)))
    told = {push.tag for push in pushes}
    found.findings += [
        Finding(LOST, name, tag, "was there when the sweep began and is gone; the plan did not name it: push it again")
        for tag in sorted(aftermath.vanished & missing - told)
    ]


def _target(name: str, tag: str, reader: Reader) -> tuple[Digest | None, bool]:
    """What the tag names, and whether that is there."""
    head = reader.head(name, tag)
    return (head.digest, True) if head else (reader.dangling(name, tag), False)


def _evidence(
    aftermath: Aftermath, requests: Sequence[ManifestRequest], targets: dict[str, Digest | None], work: Search
) -> Evidence:
    try:
        traces = work.traces(aftermath.repository)
    except StorageUnavailable:
        traces = None
    return Evidence(aftermath, requests, targets, traces)


def _doubt(push: LostPush) -> str:
    some = ", ".join(push.candidates[:_NAMED])
    more = f" and {len(push.candidates) - _NAMED} more" if len(push.candidates) > _NAMED else ""
    named = f" (it can have named {some}{more})" if some else ""
    return f"answered 201 at {push.at:%Y-%m-%dT%H:%M:%S.%fZ}; {push.doubt}{named}"


def _gather(found: Found, work: Search) -> None:
    """The manifests of what is to come back: from the registry where they are there, else as they were kept."""
    if not found.tags:
        return
    wanted: dict[tuple[str, Digest], list[str]] = {}
    for (repository, tag), digest in sorted(found.tags.items()):
        wanted.setdefault((repository, digest), []).append(tag)
    names = {repository for repository, _ in wanted}
    saved = [
        _with_tags(one, wanted.get((one.repository, one.digest), ())) for one in work.kept() if one.repository in names
    ]
    saved += [one for place, tags in wanted.items() if (one := _read(*place, tags, work.reader))]
    _without(found, wanted.keys() - {(one.repository, one.digest) for one in saved})
    found.saved = tuple(sorted(saved, key=lambda one: one.repository))


def _with_tags(kept: Saved, tags: Iterable[str]) -> Saved:
    """With the tags that were lost, and of its own with those alone that make it an accessory of another."""
    accessory = [tag for tag in kept.tags if accessory_subject(tag)]
    return replace(kept, tags=tuple(dict.fromkeys([*tags, *accessory])))


def _read(repository: str, digest: Digest, tags: Iterable[str], reader: Reader) -> Saved | None:
    there = reader.manifest(repository, digest)
    return Saved(repository, digest, there.media_type, there.body, tuple(tags), digest) if there else None


def _without(found: Found, absent: AbstractSet[tuple[str, Digest]]) -> None:
    for (repository, tag), digest in list(found.tags.items()):
        if (repository, digest) in absent:
            del found.tags[repository, tag]
            found.unsure.append(lost(repository, tag, f"it named {digest}, which is gone and was not kept"))
