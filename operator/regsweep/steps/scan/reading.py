"""One repository, read whole: its tags, what they point at, and all that this reaches, to any depth.

What the registry has is asked every time; what a manifest says is asked once, and then known by its digest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime

from regsweep.clients.registry import Reader, understood
from regsweep.core.dating import Memory, aging, dates_of, noted
from regsweep.core.inventory import Repository, Tag
from regsweep.core.oci import (
    Digest,
    Manifest,
    accessory_subject,
    parse_config_created,
)
from regsweep.core.ports import ManifestCache
from regsweep.errors import RegistryMisbehaved
from regsweep.steps.scan.crew import Crew

Dated = Callable[[str, Sequence[str]], Collection[str]]
"""Of a repository and its tags: those whose created time is needed. A config blob is the dearest thing to read."""


DEEPEST = 16
"""Levels of indexes in indexes. A builder makes two."""

WIDEST = 20_000
"""Entries of one index: more do not fit into a manifest of 4 MiB."""


@dataclass(slots=True)
class Warmth:
    """Whether the cache knew what was asked for: then a HEAD is enough, else a GET at once.

    Threads count without a lock: a wrong guess costs one request, nothing else.
    """

    known: int = 0
    unknown: int = 0

    @property
    def warm(self) -> bool:
        return self.known >= self.unknown

    def learn(self, was_known: bool) -> None:
        if was_known:
            self.known += 1
        else:
            self.unknown += 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading takes."""

    reader: Reader
    cache: ManifestCache
    crew: Crew
    dated: Dated
    memory: Memory | None = None
    used: Mapping[str, AbstractSet[Digest]] = field(default_factory=dict)
    warmth: Warmth = field(default_factory=Warmth)


def read_repository(name: str, work: Reading) -> Repository:
    """Raises RegistryError where anything of it could not be read, or is absurd."""
    (tags,) = work.crew.ask(work.reader.tags, (name,))
    roots = work.crew.ask(lambda tag: resolve(name, tag, work), tags)
    manifests = {root.digest: root for root in roots if root}
    absent = _descend(name, manifests.values(), manifests, work)
    absent |= _find_untagged(name, tags, manifests, absent, work)
    dating = _dating(name, dict(zip(tags, roots, strict=True)), absent, work)
    found = Repository(
        name,
        tuple(Tag(tag, root.digest if root else None) for tag, root in zip(tags, roots, strict=True)),
        manifests,
        created=_created(name, set(dating.values()), manifests, work),
        absent=frozenset(absent),
    )
    return replace(found, seen=noted(found, dating, work.memory))


def resolve(name: str, reference: str, work: Reading) -> Manifest | None:
    """The manifest that a tag or digest points at in the registry now; None where it has none."""
    if work.warmth.warm:
        head = work.reader.head(name, reference)
        if head is None:
            return None
        known = work.cache.manifest(head.digest)
        work.warmth.learn(known is not None)
        if known is not None:
            return known
        reference = head.digest
    fetched = work.reader.manifest(name, reference)
    if fetched is None:
        return None
    known = work.cache.manifest(fetched.digest)
    work.warmth.learn(known is not None)
    if known is not None:
        return known
    return understood(name, fetched, work.cache)


def _descend(name: str, level: Iterable[Manifest], manifests: dict[Digest, Manifest], work: Reading) -> set[Digest]:
    """Add all that `level` reaches to `manifests`; returns the children that the registry does not have."""
    absent: set[Digest] = set()
    level = list(level)
    for _ in range(DEEPEST):
        wanted = sorted(_unread_children(name, level, manifests, absent))
        if not wanted:
            return absent
        found = work.crew.ask(lambda digest: resolve(name, digest, work), wanted)
        absent.update(digest for digest, child in zip(wanted, found, strict=True) if child is None)
        level = [child for child in found if child]
        manifests.update((child.digest, child) for child in level)
    raise RegistryMisbehaved(f"{name}: indexes lie in indexes more than {DEEPEST} levels deep: delete the one by hand")


def _find_untagged(
    name: str, tags: Sequence[str], manifests: dict[Digest, Manifest], absent: set[Digest], work: Reading
) -> set[Digest]:
    """Ask for what is used and for subjects, where no tag reaches them: an image whose tag was pushed over still needs
    its platforms; a subject that is there keeps its accessories, one that is not leaves orphans.

    Adds those that are there, with all that they reach and with their own subjects; returns the digests that the
    registry does not have.
    """
    missing: set[Digest] = set()
    subjects = {accessory_subject(tag) for tag in tags} | {manifest.subject for manifest in manifests.values()}
    subjects |= work.used.get(name, frozenset())
    for _ in range(DEEPEST):
        wanted = sorted({subject for subject in subjects if subject} - manifests.keys() - absent - missing)
        if not wanted:
            return missing
        found = work.crew.ask(lambda digest: resolve(name, digest, work), wanted)
        missing.update(digest for digest, subject in zip(wanted, found, strict=True) if subject is None)
        before = set(manifests)
        level = [subject for subject in found if subject]
        manifests.update((subject.digest, subject) for subject in level)
        missing |= _descend(name, level, manifests, work)
        subjects = {manifests[digest].subject for digest in manifests.keys() - before}
    raise RegistryMisbehaved(f"{name}: subjects have subjects more than {DEEPEST} levels deep: delete the one by hand")


def _dating(
    name: str, roots: Mapping[str, Manifest | None], absent: Collection[Digest], work: Reading
) -> dict[str, Digest]:
    """The tags whose age is needed, with what they point at."""
    needed = set(work.dated(name, tuple(roots))) if roots else set()
    return aging({tag: root.digest for tag, root in roots.items() if root and tag in needed}, absent)


def _unread_children(
    name: str, level: list[Manifest], manifests: dict[Digest, Manifest], absent: set[Digest]
) -> set[Digest]:
    for manifest in level:
        if len(manifest.children) > WIDEST:
            raise RegistryMisbehaved(
                f"{name}@{manifest.digest}: an index of more than {WIDEST} entries is not believed"
            )
    return {child.digest for manifest in level for child in manifest.children} - manifests.keys() - absent


def _created(
    name: str, roots: Collection[Digest], manifests: dict[Digest, Manifest], work: Reading
) -> dict[Digest, datetime]:
    """What annotations and configs say, for these roots and, under an index, its platforms. Unjudged."""
    dates = dates_of(roots, manifests)
    configs = sorted(set(dates.asking.values()))
    texts = work.crew.ask(lambda config: _config_created(name, config, work), configs)
    return dates.with_configs(dict(zip(configs, texts, strict=True)))


def _config_created(name: str, config: Digest, work: Reading) -> str | None:
    known = work.cache.created(config)
    if known is not None:
        return known
    body = work.reader.config(name, config)
    if body is None:
        return None
    created = parse_config_created(body) or ""
    work.cache.keep_created(config, created)
    return created
