"""Which image is meant: `repository:tag` or `repository@digest`, with the registry's name in front or without."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from regsweep.api.policy import PolicySpec
from regsweep.core.inventory import Repository
from regsweep.core.oci import Digest
from regsweep.errors import InvalidInput

_DIGEST = re.compile(r"sha256:[0-9a-f]{6,64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_NEAR = 5


@dataclass(frozen=True, slots=True)
class Image:
    """What was asked for: a tag, or a digest or its beginning. Where both are named, the digest is what counts."""

    repository: str
    tag: str | None
    digest: str | None

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def parse_image(text: str, spec: PolicySpec) -> Image:
    """Raises InvalidInput that says how an image is written."""
    rest, at, digest = text.partition("@")
    rest = _without_registry(rest, spec)
    repository, colon, tag = rest.rpartition(":") if ":" in rest.rpartition("/")[2] else (rest, "", "")
    if not at and not colon:
        raise InvalidInput(
            f"{text!r} names neither a tag nor a digest: write {rest or 'repository'}:TAG or "
            f"{rest or 'repository'}@sha256:..."
        )
    if at and not _DIGEST.fullmatch(digest):
        raise InvalidInput(f"{text!r} ends with no digest: write sha256: and at least six of its 64 hex digits")
    if colon and not _TAG.fullmatch(tag):
        raise InvalidInput(f"{text!r} holds no tag after the colon: a tag has letters, digits, '.', '_' and '-'")
    if not _REPOSITORY.fullmatch(repository):
        raise InvalidInput(
            f"{text!r} is no image of this registry: write repository:tag, with "
            f"{' or '.join(names_of(spec))} in front, or nothing"
        )
    return Image(repository, tag if colon and not at else None, digest or None)


def names_of(spec: PolicySpec) -> tuple[str, ...]:
    """What may stand in front of a repository: the registry's host, and its other names."""
    parts = urlsplit(spec.registry.url)
    return (parts.netloc + parts.path.rstrip("/"), *spec.registry.aliases)


def find(image: Image, repository: Repository) -> tuple[str | None, Digest | None]:
    """The tag and the digest that are meant. Raises InvalidInput with what is near."""
    if image.digest is None:
        digests = {tag.name: tag.digest for tag in repository.tags}
        if image.tag not in digests:
            raise InvalidInput(f"{image.repository} has no tag {image.tag}{_near(image.tag or '', digests)}")
        return image.tag, digests[image.tag]
    found = [digest for digest in repository.manifests if digest.startswith(image.digest)]
    if len(found) > 1:
        raise InvalidInput(f"{len(found)} digests of {image.repository} begin with {image.digest}: write more of it")
    if not found:
        raise InvalidInput(
            f"{image.repository} has no manifest {image.digest} that is known here: over the API, only what tags "
            "reach is"
        )
    return None, found[0]


def unknown_repository(image: Image, names: Iterable[str]) -> InvalidInput:
    """The error for a repository that is not there."""
    return InvalidInput(f"there is no repository {image.repository}{_near(image.repository, names)}")


def _without_registry(text: str, spec: PolicySpec) -> str:
    for name in sorted(names_of(spec), key=len, reverse=True):
        if text.startswith(f"{name}/"):
            return text.removeprefix(f"{name}/")
    return text


def _near(name: str, names: Iterable[str]) -> str:
    everything = sorted(names)
    close = get_close_matches(name, everything, _NEAR, 0.5)
    close += [each for each in everything if name and name in each and each not in close][: _NEAR - len(close)]
    if close:
        return f": did you mean {' or '.join(close)}?"
    return (
        f": there are {', '.join(everything[:_NEAR])}{' ...' if len(everything) > _NEAR else ''}" if everything else ""
    )
