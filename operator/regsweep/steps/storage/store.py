"""What a store is asked. Two can answer, in the same bytes (`answers`): a pod of the registry, and a folder here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from regsweep.core.oci import Digest
from regsweep.steps.storage.places import data_path


class Store(Protocol):
    """The files of a registry. Every answer comes in pieces, and is whole only where its iterator ends by itself.

    Each of them may raise ClusterError or OSError: then there is no answer.
    """

    @property
    def name(self) -> str:
        """Where it is, in words."""

    def listing(self) -> Iterator[bytes]:
        """All that `listing.read_listing` reads."""

    def look(self, paths: Sequence[str]) -> Iterator[bytes]:
        """What there is now of these paths below the repositories."""

    def traces(self, repository: str) -> Iterator[bytes]:
        """When each revision of a repository was last written, for `traces.read_traces`."""

    def sizes(self, digests: Sequence[Digest]) -> Iterator[bytes]:
        """Which of these blobs there are, and how large they are."""

    def contents(self, digests: Sequence[Digest], most: int) -> Iterator[bytes]:
        """These blobs, of not more than `most` bytes together."""


def data_paths(digests: Iterable[Digest]) -> list[str]:
    return [data_path(digest.removeprefix("sha256:")) for digest in digests]
