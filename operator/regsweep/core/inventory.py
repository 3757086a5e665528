"""What one registry holds at one moment: repositories, their tags, and the artifact graph keyed by digest.

The graph never crosses a repository, so everything works on one `Repository` at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from regsweep.core.oci import Digest, Manifest


@dataclass(frozen=True, slots=True)
class Tag:
    """A movable name. `digest` is None for a tag that is listed and has no manifest; only storage knows `pushed`."""

    name: str
    digest: Digest | None
    pushed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository, read whole.

    `manifests` holds every manifest that was reached: from tags, as children to any depth, as referrers.
    `created` holds what config or annotation says, unjudged. `absent` are digests that the registry was asked for and
    does not have: children that an index names, subjects of accessories. `pushed` are the last push times of revisions,
    tagged or not: storage inventory only. `seen` says since when the registry has been known to hold an image for whose
    age there is nothing better: it is at least that old. `findings` are what reading it found broken.
    """

    name: str
    tags: tuple[Tag, ...]
    manifests: Mapping[Digest, Manifest]
    created: Mapping[Digest, datetime] = field(default_factory=dict)
    absent: frozenset[Digest] = frozenset()
    pushed: Mapping[Digest, datetime] = field(default_factory=dict)
    seen: Mapping[Digest, datetime] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an admin should know: a stable code, where, and one sentence."""

    code: str
    repository: str
    reference: str
    message: str


def no_doubt(repository: str) -> str:
    """For a list of images that is understood to its last word."""
    del repository
    return ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A repository that could not be read whole, and why: it is left alone (S5). `findings`: what is broken in it."""

    name: str
    reason: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class InUse:
    """What workloads use: `tags` maps (repository, tag) and `digests` maps a digest to who uses it, in words.

    `doubt` says of a repository whose image cannot be read and could be one of its images; empty where there is none.
    `places` says which of the digests may lie in a repository without any tag that leads there: they are looked for.
    """

    tags: Mapping[tuple[str, str], str] = field(default_factory=dict)
    digests: Mapping[Digest, str] = field(default_factory=dict)
    doubt: Callable[[str], str] = no_doubt
    places: Mapping[str, frozenset[Digest]] = field(default_factory=dict)


NOTHING_IN_USE = InUse()


@dataclass(frozen=True, slots=True)
class Census:
    """A fresh look at all that must survive: every tag's root with all that it needs.

    `roots` are (repository, tag, digest); `manifests` and `blobs` map a repository to the digests that its roots reach.
    `foreign` are those of the blobs that are fetched from elsewhere: the registry may have them, or not.
    """

    roots: tuple[tuple[str, str, Digest], ...]
    manifests: Mapping[str, frozenset[Digest]]
    blobs: Mapping[str, frozenset[Digest]]
    findings: tuple[Finding, ...] = ()
    foreign: frozenset[Digest] = frozenset()

    def marks(self) -> frozenset[Digest]:
        """Every digest that the collector must mark: a missing one is a live image at risk."""
        return frozenset().union(*self.manifests.values(), *self.blobs.values())


def reachable(repository: Repository, roots: Iterable[Digest]) -> frozenset[Digest]:
    """All manifests that `roots` reach through children, to any depth, themselves included. Cycles are walked once."""
    seen: set[Digest] = set()
    open_ends = list(roots)
    while open_ends:
        digest = open_ends.pop()
        if digest in seen:
            continue
        seen.add(digest)
        manifest = repository.manifests.get(digest)
        if manifest is not None:
            open_ends.extend(child.digest for child in manifest.children)
    return frozenset(seen)
