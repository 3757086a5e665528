"""What a restore puts back of one repository, and in which order. Pure.

Children before the indexes that list them, subjects before their referrers, and tags only when all manifests stand:
at no moment does a tag name an image that is not whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from regsweep.core.keepsake import Saved
from regsweep.core.oci import Descriptor, Digest, Manifest, accessory_subject, parse_manifest
from regsweep.errors import InvalidInput, KeepsakeUnreadable

_IMAGE = re.compile(
    r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class Put(StrEnum):
    """What became of a manifest, or of a tag."""

    RESTORED = "restored"
    PRESENT = "present"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PutOutcome:
    """Of one manifest (`tag` empty) or of one of its tags. `message` says why it was skipped or failed."""

    repository: str
    digest: Digest
    tag: str
    result: Put
    message: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """What a person asked for: a repository, or a tag or a digest in it."""

    repository: str
    tag: str | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        return f"{self.repository}{f':{self.tag}' if self.tag else ''}{f'@{self.digest}' if self.digest else ''}"

    def names(self, saved: Saved) -> bool:
        if self.repository != saved.repository:
            return False
        if self.digest is not None and self.digest != saved.digest:
            return False
        return self.tag is None or self.tag in saved.tags


def parse_image(text: str) -> Image:
    """`team/app`, `team/app:v1` or `team/app@sha256:...`, without the registry's host. Raises InvalidInput."""
    found = _IMAGE.fullmatch(text)
    if found is None:
        raise InvalidInput(
            f"{text[:200]!r} names no image: write it as team/app, team/app:v1 or team/app@sha256:..., without the "
            "registry's host"
        )
    digest = found["digest"]
    return Image(found["repository"], found["tag"], Digest(digest) if digest else None)


@dataclass(frozen=True, slots=True)
class Turn:
    """One manifest in its turn."""

    saved: Saved
    manifest: Manifest

    @property
    def digest(self) -> Digest:
        return self.saved.digest

    @property
    def content(self) -> tuple[Digest, ...]:
        """Its config and layers, as far as a registry has them: some layers lie elsewhere, by licence."""
        return tuple(blob.digest for blob in self.manifest.blobs if not blob.is_foreign)

    @property
    def children(self) -> tuple[Digest, ...]:
        return tuple(child.digest for child in self.manifest.children)


def turns(kept: Sequence[Saved], images: Collection[Image] = ()) -> tuple[Turn, ...]:
    """All that `kept` (of one repository) holds of these images, in the order in which it is to be put back; of all,
    where none is named. With an image come its children, and the referrers that went with it.

    Raises KeepsakeUnreadable for a body that is no manifest.
    """
    graph = _Graph(kept)
    roots = [one.digest for one in kept if not images or any(image.names(one) for image in images)]
    return tuple(graph.in_order(graph.with_all_of(roots)))


class _Graph:
    """What holds what among the kept manifests of one repository."""

    def __init__(self, kept: Iterable[Saved]) -> None:
        self._saved = {one.digest: one for one in kept}
        self._manifests: Mapping[Digest, Manifest] = {digest: _parsed(one) for digest, one in self._saved.items()}
        self._children = {
            digest: tuple(dict.fromkeys(part.digest for part in _parts(manifest) if part.digest in self._saved))
            for digest, manifest in self._manifests.items()
        }
        self._subjects = {digest: self._subject(digest) for digest in self._saved}
        self._referrers: dict[Digest, list[Digest]] = {}
        for digest, subjects in self._subjects.items():
            for subject in subjects:
                self._referrers.setdefault(subject, []).append(digest)

    def with_all_of(self, roots: Iterable[Digest]) -> set[Digest]:
        wanted: set[Digest] = set()
        open_ends = list(roots)
        while open_ends:
            digest = open_ends.pop()
            if digest not in wanted:
                wanted.add(digest)
                open_ends += [*self._children[digest], *self._referrers.get(digest, ())]
        return wanted

    def in_order(self, wanted: Collection[Digest]) -> Iterator[Turn]:
        """Children always first; subjects before their referrers, where they are not their children as well."""
        gone: set[Digest] = set()
        for start in reversed(self._saved):  # they were kept with the holders first
            for digest in self._led_by_subjects(start, gone):
                yield from self._with_children(digest, wanted, gone)

    def _led_by_subjects(self, start: Digest, gone: Collection[Digest]) -> list[Digest]:
        found: dict[Digest, None] = {}
        open_ends = [start]
        while open_ends:
            digest = open_ends.pop()
            if digest not in found and digest not in gone:
                found[digest] = None
                open_ends += self._subjects[digest]
        return list(found)[::-1]

    def _with_children(self, start: Digest, wanted: Collection[Digest], gone: set[Digest]) -> Iterator[Turn]:
        walk = [(start, False)]
        while walk:
            digest, leaving = walk.pop()
            if leaving:
                yield Turn(self._saved[digest], self._manifests[digest])
            elif digest in wanted and digest not in gone:
                gone.add(digest)
                walk.append((digest, True))
                walk += [(child, False) for child in self._children[digest]]

    def _subject(self, digest: Digest) -> tuple[Digest, ...]:
        named = {self._manifests[digest].subject, *map(accessory_subject, self._saved[digest].tags)}
        return tuple(sorted(subject for subject in named if subject in self._saved and subject != digest))


def _parts(manifest: Manifest) -> tuple[Descriptor, ...]:
    """All that it lists: an index may list a manifest as if it were a layer."""
    return (*manifest.children, *manifest.blobs)


def _parsed(saved: Saved) -> Manifest:
    try:
        return parse_manifest(saved.body, saved.media_type)
    except ValueError as error:
        raise KeepsakeUnreadable(f"the keepsake is damaged: {saved.repository}@{saved.digest} {error}") from None
