"""What a repository's tags reach now: the last look before the cut (S2, S7).

A plan may be a day old. Since then a tag may have moved, or a new index may list a child that the plan lets go.
Nothing that a tag outside the plan reaches is deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from regsweep.clients.registry import Reader, understood
from regsweep.core.oci import Digest, Manifest, accessory_subject
from regsweep.core.plan import Action
from regsweep.core.ports import Clock, ManifestCache

STALE_AFTER = timedelta(seconds=15)
"""All tags are resolved anew after this long; new names, and the tags of the digest at hand, before each delete."""

STALE_SHARE = 5
"""Where a look at all tags takes long, it is good for so many times longer: a sweep has to do more than look."""


class Living:
    """The tags of one repository, and all manifests that those outside the plan reach. Not shared between threads."""

    def __init__(
        self, reader: Reader, repository: str, actions: Sequence[Action], cache: ManifestCache, clock: Clock
    ) -> None:
        self._reader, self._repository, self._cache, self._clock = reader, repository, cache, clock
        self._planned = {tag: action.digest for action in actions for tag in action.tags}
        self._condemned = {action.digest for action in actions}
        self._tags: dict[str, Digest | None] = {}
        self._reached: dict[Digest, str] = {}
        self._good_until: datetime | None = None
        self._deleted_since: Digest | None = None
        self.left: dict[str, Digest | None] = {}
        """Tags that vanished, each with what was deleted between two looks; None where nothing was."""

    def look(self, suspects: Collection[str] = ()) -> None:
        """List the tags; resolve those that are new, those in `suspects`, and after a while all of them.

        Raises RegistryError: a look that is not whole is no look.
        """
        begun = self._clock()
        names = set(self._reader.tags(self._repository))
        stale = self._good_until is None or begun > self._good_until
        again = names if stale else (names - self._tags.keys()) | (names & set(suspects))
        self._note(names)
        for name in sorted(again):
            head = self._reader.head(self._repository, name)
            self._tags[name] = head.digest if head else None
            if head and self._planned.get(name) != head.digest:
                self._reach(head.digest, f"tag {name}")
        if stale:
            self._good_until = begun + max(STALE_AFTER, STALE_SHARE * (self._clock() - begun))

    def look_last(self) -> frozenset[str]:
        """The tags after the last deletion, listed alone. Raises RegistryError."""
        names = frozenset(self._reader.tags(self._repository))
        self._note(names)
        return names

    def deleted(self, digest: Digest) -> None:
        """Said after each deletion: the next look tells which tags went with it."""
        self._deleted_since = digest

    def tags_on(self, digest: Digest) -> frozenset[str]:
        return frozenset(name for name, target in self._tags.items() if target == digest)

    def target(self, tag: str) -> Digest | None:
        """Where the tag points; None where it is not listed any more, or has no manifest."""
        return self._tags.get(tag)

    def names(self) -> frozenset[str]:
        return frozenset(self._tags)

    def holder(self, digest: Digest) -> str | None:
        """Who needs this manifest, in words; None where nobody outside the plan does."""
        return self._reached.get(digest)

    def subject(self, digest: Digest, tags: Collection[str]) -> Digest | None:
        """What the manifest belongs to, by its tags or its own word, where that is there and no part of the plan.

        The plan held it for an orphan, and its subject has been pushed since. Raises RegistryError.
        """
        manifest = self._manifest(digest)
        named = {accessory_subject(tag) for tag in tags} | {manifest.subject if manifest else None}
        others = sorted(
            subject for subject in named if subject and subject != digest and subject not in self._condemned
        )
        return next((subject for subject in others if self._reader.head(self._repository, subject)), None)

    def spare(self, digest: Digest, holder: str) -> None:
        """A condemned manifest stays after all: all that it reaches stays with it."""
        self._condemned.discard(digest)
        self._reach(digest, holder)

    def parts(self, digest: Digest) -> Iterator[Digest]:
        """The manifest, all manifests that it lists at any depth, and their configs: any of these may be what a node
        says that it runs. Raises RegistryError.
        """
        seen = {digest}
        open_ends = [digest]
        while open_ends:
            at = open_ends.pop()
            yield at
            manifest = self._manifest(at)
            if manifest is None:
                continue
            if manifest.config is not None:
                yield manifest.config.digest
            following = {child.digest for child in manifest.children} - seen
            seen |= following
            open_ends.extend(sorted(following))

    def _note(self, names: AbstractSet[str]) -> None:
        self.left = {name: digest for name, digest in self.left.items() if name not in names}
        self.left |= dict.fromkeys(self._tags.keys() - names, self._deleted_since)
        self._tags = {name: digest for name, digest in self._tags.items() if name in names}
        self._deleted_since = None

    def _reach(self, root: Digest, holder: str) -> None:
        open_ends: list[Digest] = [root]
        while open_ends:
            digest = open_ends.pop()
            if digest in self._reached:
                continue
            self._reached[digest] = holder
            open_ends.extend(self._children(digest))

    def _children(self, digest: Digest) -> Iterable[Digest]:
        manifest = self._manifest(digest)
        return (child.digest for child in manifest.children) if manifest else ()

    def _manifest(self, digest: Digest) -> Manifest | None:
        return self._cache.manifest(digest) or self._read(digest)

    def _read(self, digest: Digest) -> Manifest | None:
        fetched = self._reader.manifest(self._repository, digest)
        return understood(self._repository, fetched, self._cache) if fetched is not None else None
