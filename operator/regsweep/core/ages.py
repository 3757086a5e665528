"""How old a tag is, as far as anybody can know. What cannot be known is None, and None only ever protects (S5).

The age of a tag is its last push; else the last push of its manifest; else the created time of its image, where that
is plausible; else the time at which regsweep saw the image for the first time. That last one is no date but a
bound: the image is at least that old, and may be older.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from regsweep.core.inventory import Repository, Tag
from regsweep.core.oci import Digest, Kind, Manifest

EARLIEST_PLAUSIBLE = datetime(1980, 1, 2, tzinfo=UTC)
"""Build tools write constants to get equal bytes: year 1, 1970-01-01, and 1980-01-01, where zip's clock begins."""

CLOCKS_MAY_DIFFER = timedelta(hours=24)
"""A time further ahead than this is no time: a wrong clock, or made up."""

IMAGE_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)


class AgeSource(StrEnum):
    """Where the age of a tag comes from, in words."""

    PUSHED = "last push"
    CREATED = "created time"
    SEEN = "first seen"


class Ages:
    """The times of one repository's tags, seen from `now`. Looks each index up once."""

    def __init__(self, repository: Repository, now: datetime) -> None:
        self._repository = repository
        self._latest = now + CLOCKS_MAY_DIFFER
        self._of_indexes: dict[Digest, datetime | None] = {}

    def pushed(self, tag: Tag) -> datetime | None:
        """When the tag was last pushed, else when its image was created; None where neither is known.

        A push from the future is a push that happened: its time is unknown, and the created time does not replace it.
        """
        if tag.digest is None:
            return None
        push = self._push(tag)
        if push is not None:
            return push if self.plausible(push) else None
        return self.created(tag.digest)

    def seen(self, tag: Tag) -> datetime | None:
        """Since when the image is known to be there; None where that was not noted, or a push says more."""
        moment = self._repository.seen.get(tag.digest) if tag.digest is not None else None
        known = moment is not None and self.plausible(moment) and self._push(tag) is None
        return moment if known else None

    def began(self, tag: Tag) -> datetime | None:
        """The tag's age counts from here: from `pushed`, else from `seen`. It may be older, never younger."""
        return self.pushed(tag) or self.seen(tag)

    def source(self, tag: Tag) -> AgeSource | None:
        """Where `began` comes from; None where it is not known."""
        if self.pushed(tag) is not None:
            return AgeSource.CREATED if self._push(tag) is None else AgeSource.PUSHED
        return None if self.seen(tag) is None else AgeSource.SEEN

    def created(self, digest: Digest) -> datetime | None:
        """When the image was made, as its config or annotation says; of an index, the newest of its platforms.

        An index without a date of its own has none as soon as one of its platforms has none: that could be the newest.
        """
        manifest = self._repository.manifests.get(digest)
        if manifest is None or manifest.kind is not Kind.INDEX:
            return self._stated(digest)
        if digest not in self._of_indexes:
            self._of_indexes[digest] = self._of_index(manifest)
        return self._of_indexes[digest]

    def plausible(self, moment: datetime) -> bool:
        return EARLIEST_PLAUSIBLE <= moment <= self._latest

    def _push(self, tag: Tag) -> datetime | None:
        """The last push that anybody noted, of the tag or its manifest; it may lie in the future."""
        for moment in (tag.pushed, self._repository.pushed.get(tag.digest) if tag.digest is not None else None):
            if moment is not None and moment >= EARLIEST_PLAUSIBLE:
                return moment
        return None

    def _of_index(self, index: Manifest) -> datetime | None:
        own = self._stated(index.digest)
        platforms = [self._stated(platform) for platform in self._platforms(index)]
        known = [moment for moment in (own, *platforms) if moment is not None]
        if not known or (own is None and None in platforms):
            return None
        return max(known)

    def _stated(self, digest: Digest) -> datetime | None:
        moment = self._repository.created.get(digest)
        return moment if moment is not None and self.plausible(moment) else None

    def _platforms(self, index: Manifest) -> list[Digest]:
        """The images that an index reaches through any number of indexes; no attestation, no other artifact."""
        found: list[Digest] = []
        seen = {index.digest}
        open_ends = [index]
        while open_ends:
            holder = open_ends.pop()
            for child in holder.children:
                manifest = self._repository.manifests.get(child.digest)
                if manifest is None or child.digest in seen or child.digest in holder.attestations:
                    continue
                seen.add(child.digest)
                if manifest.kind is Kind.INDEX:
                    open_ends.append(manifest)
                elif manifest.config is None or manifest.config.media_type in IMAGE_CONFIGS:
                    found.append(child.digest)
        return found
