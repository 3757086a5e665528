"""Who uses which image of one registry: all users of each image, of what clusters and lists yield."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from regsweep.core.addresses import PUBLIC, Addresses
from regsweep.core.doubt import Doubt, doubt_about
from regsweep.core.graph import graph_of
from regsweep.core.inuse import Use, User
from regsweep.core.inventory import InUse, Repository, reachable
from regsweep.core.oci import Digest
from regsweep.core.reference import MalformedReference, Reference, parse_reference


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is used. `repositories` are those of this registry that its name may mean, the likeliest first;
    none where it carries another registry's name, or none: then its digest counts wherever it is. It is `mirrored`
    where it carries the name of a public registry, from which it can come as well.
    """

    repositories: tuple[str, ...]
    tag: str | None
    digest: Digest | None
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Users:
    """One whole reading. `images` maps what is used to all who use it, `doubts` what cannot be read to whose it is."""

    addresses: Addresses
    images: Mapping[Image, tuple[User, ...]] = field(default_factory=dict)
    doubts: Mapping[Doubt, tuple[User, ...]] = field(default_factory=dict)

    def in_use(self) -> InUse:
        """The same in words, for the judgement. Keeps none of the users alive."""
        tags: dict[tuple[str, str], list[User]] = {}
        digests: dict[Digest, list[User]] = {}
        for image, users in self.images.items():
            if image.tag is not None:
                for repository in image.repositories:
                    tags.setdefault((repository, image.tag), []).extend(users)
            if image.digest is not None:
                digests.setdefault(image.digest, []).extend(users)
        return InUse(
            {key: words(users) for key, users in tags.items()},
            {key: words(users) for key, users in digests.items()},
            partial(_doubt, tuple((doubt, words(users)) for doubt, users in self.doubts.items()), self.addresses),
            self._places(),
        )

    def _places(self) -> dict[str, frozenset[Digest]]:
        """Where the digests may be: in the repository that each is named with, or else where the image comes from that
        the same container names."""
        foreign = {user for image, users in self.images.items() if not image.repositories for user in users}
        named: dict[User, set[str]] = {}
        for image, users in self.images.items():
            for user in users:
                if user.container and user in foreign:
                    named.setdefault(user, set()).update(image.repositories)
        found: dict[str, set[Digest]] = {}
        for image, users in self.images.items():
            if image.digest is not None:
                for name in image.repositories or {name for user in users for name in named.get(user, ())}:
                    found.setdefault(name, set()).add(image.digest)
        return {name: frozenset(digests) for name, digests in found.items()}


def users_of(uses: Iterable[Use], addresses: Addresses) -> Users:
    """Read the stream to its end. Raises what the stream raises.

    A text is read once, however often it comes; images that this registry cannot have are forgotten at once. A digest
    counts whatever name it carries: a node reports an image that it knows by two names under either of them.
    """
    read: dict[str, Image | Doubt | None] = {}
    images: dict[Image, set[User]] = {}
    doubts: dict[Doubt, set[User]] = {}
    for use in uses:
        if use.text not in read:
            read[use.text] = _meaning(use.text, addresses)
        meaning = read[use.text]
        if isinstance(meaning, Image):
            images.setdefault(meaning, set()).add(use.user)
        elif isinstance(meaning, Doubt):
            doubts.setdefault(meaning, set()).add(use.user)
    return Users(
        addresses,
        {image: tuple(sorted(users)) for image, users in images.items()},
        {doubt: tuple(sorted(users)) for doubt, users in doubts.items()},
    )


def all_users(users: Users, repository: Repository, digest: Digest) -> tuple[User, ...]:
    """Everybody who uses a manifest of `repository`: by a tag or a digest of it, of what it lists, of its configs, or
    of an index that lists it."""
    graph = graph_of(repository)
    related = reachable(repository, [digest]) | graph.parents([digest]).keys()
    manifests = [graph.manifests[at] for at in related if at in graph.manifests]
    digests = related | {manifest.config.digest for manifest in manifests if manifest.config is not None}
    tags = {tag for at in related for tag in graph.tags.get(at, ())}
    found: set[User] = set()
    for image, names in users.images.items():
        if image.digest in digests or (image.tag in tags and repository.name in image.repositories):
            found.update(names)
    return tuple(sorted(found))


def words(users: Iterable[User]) -> str:
    """The first of them by name, and how many others there are."""
    everybody = set(users)
    others = len(everybody) - 1
    return f"{min(everybody)} and {others} more" if others else str(min(everybody))


def _doubt(doubts: tuple[tuple[Doubt, str], ...], addresses: Addresses, repository: str) -> str:
    """In words, whose image cannot be read and could be one of `repository`; empty where there is none."""
    for doubt, user in doubts:
        if doubt.may_mean(repository, addresses):
            return f"{user}: {doubt.shown!r} is no image reference, and could mean one of these"
    return ""


def _meaning(text: str, addresses: Addresses) -> Image | Doubt | None:
    if not text.strip():
        return None
    try:
        reference: Reference = parse_reference(text)
    except MalformedReference:
        return doubt_about(text)
    repositories = addresses.repositories(reference)
    if not repositories:
        return None if reference.digest is None else Image((), None, reference.digest)
    return Image(repositories, reference.tag, reference.digest, reference.host in PUBLIC)
