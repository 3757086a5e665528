"""What is used, held against what the registry has: a table of what runs, and what could not be pulled again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from regsweep.core.doubt import Doubt
from regsweep.core.inuse import User
from regsweep.core.inventory import Finding, Repository
from regsweep.core.oci import Digest
from regsweep.core.users import Image, Users, words

IN_USE_MISSING = "in-use.missing"
IN_USE_MALFORMED = "in-use.malformed"


@dataclass(frozen=True, slots=True)
class UsedImage:
    """An image that is used. `digest` is the index or manifest in the registry, empty where it is not there.

    `references` are the tags by which it is used; of one that is not there, the tag or the digest.
    """

    repository: str
    digest: str
    references: tuple[str, ...]
    users: tuple[User, ...]


class RollCall:
    """Takes one repository at a time, in any order; remembers what of it is used."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._tags: dict[str, list[Image]] = {}
        self._digests: dict[Digest, list[Image]] = {}
        for image in users.images:
            if image.digest is not None:
                self._digests.setdefault(image.digest, []).append(image)
            for repository in image.repositories if image.tag is not None else ():
                self._tags.setdefault(repository, []).append(image)
        self._read: set[str] = set()
        self._doubted: dict[Doubt, int] = {}
        self._present: dict[tuple[str, Digest], set[tuple[str, Image]]] = {}
        self._found: set[Image] = set()

    def add(self, repository: Repository) -> None:
        """Take in one repository, read whole."""
        self._read.add(repository.name)
        for doubt in self._users.doubts:
            if doubt.may_mean(repository.name, self._users.addresses):
                self._doubted[doubt] = self._doubted.get(doubt, 0) + 1
        for tag, digest, image in self._in(repository):
            self._present.setdefault((repository.name, digest), set()).add((tag, image))
            if not tag or image.digest is None:
                self._found.add(image)

    def present(self) -> tuple[UsedImage, ...]:
        """What is used and there, by repository and digest."""
        return tuple(
            UsedImage(
                repository,
                digest,
                tuple(sorted({tag for tag, _ in images if tag})),
                self._all_users(image for _, image in images),
            )
            for (repository, digest), images in sorted(self._present.items())
        )

    def missing(self, catalog: Collection[str]) -> tuple[UsedImage, ...]:
        """What is used under a name of this registry and is not there. `catalog` are the names of all repositories:
        where one that could hold an image was not read, nothing is said of it."""
        gone = [image for image in self._users.images if self._is_missing(image, catalog)]
        rows = (
            UsedImage(image.repositories[0], "", (image.digest or image.tag or "",), self._users.images[image])
            for image in gone
        )
        return tuple(sorted(rows, key=lambda row: (row.repository, row.references)))

    def findings(self, catalog: Collection[str]) -> tuple[Finding, ...]:
        """What cannot be pulled again, and what cannot be read."""
        missing = [
            Finding(
                IN_USE_MISSING,
                row.repository,
                row.references[0],
                f"used by {words(row.users)}, and not in the registry any more: it cannot be pulled again",
            )
            for row in self.missing(catalog)
        ]
        malformed = [
            Finding(
                IN_USE_MALFORMED,
                "",
                doubt.shown,
                f"what {words(self._users.doubts[doubt])} uses is no image reference: nothing is deleted in any "
                f"repository that it could mean ({count})",
            )
            for doubt, count in sorted(self._doubted.items(), key=lambda item: item[0].shown)
        ]
        return (*missing, *malformed)

    def _in(self, repository: Repository) -> Iterator[tuple[str, Digest, Image]]:
        targets = {tag.name: tag.digest for tag in repository.tags}
        for image in self._tags.get(repository.name, ()):
            digest = targets.get(image.tag or "")
            if digest is not None:
                yield image.tag or "", digest, image
        if not self._digests:
            return
        parents: dict[Digest, Digest] = {}
        for manifest in repository.manifests.values():
            for child in manifest.children:
                if child.digest in repository.manifests:
                    parents.setdefault(child.digest, manifest.digest)
        for digest, manifest in repository.manifests.items():
            names = (digest,) if manifest.config is None else (digest, manifest.config.digest)
            for image in (image for name in names for image in self._digests.get(name, ())):
                yield "", parents.get(digest, digest), image

    def _is_missing(self, image: Image, catalog: Collection[str]) -> bool:
        return (
            bool(image.repositories)
            and not image.mirrored
            and image not in self._found
            and all(name in self._read or name not in catalog for name in image.repositories)
        )

    def _all_users(self, images: Iterable[Image]) -> tuple[User, ...]:
        return tuple(sorted({user for image in images for user in self._users.images[image]}))
