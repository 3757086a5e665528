"""An image reference, taken apart: `[host[:port]/]path[:tag][@digest]`, as people, Kubernetes and nodes write it.

Follows the grammar of distribution/reference and its rules for names without a host: `nginx` is
`docker.io/library/nginx:latest`. Takes also what a node reports as `imageID`: a bare digest or image ID, and a scheme
in front (`docker-pullable://`). Where the grammar allows two spellings of one thing, there is one value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

from regsweep.core.oci import Digest

DOCKER_HUB = "docker.io"
OFFICIAL = "library/"
"""Where Docker Hub keeps what has a name of one part."""
DEFAULT_TAG = "latest"
MAXIMUM_PATH = 255
MAXIMUM_LENGTH = 2048
"""Far above what host, path, tag and digest can have together."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


class MalformedReference(ValueError):
    """The text is no image reference. The message says which part of it is at fault, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference names. `host` is in lower case, with its port where one is written.

    `tag` is None only beside a digest. A bare image ID has neither host nor path: it may be in any repository.
    """

    host: str
    path: str
    tag: str | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        """The one spelling of it: `parse_reference` gives the same value again."""
        if not self.path:
            return str(self.digest)
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        host = self.host if _is_host(self.host) else self.host.upper()
        return f"{host}/{self.path}{tag}{digest}"


def trimmed(text: str) -> str:
    """`text` without what no reference has: spaces and quotes around it, a scheme in front."""
    return _SCHEME.sub("", text.strip().strip("'\"").strip(), count=1)


def parse_reference(text: str) -> Reference:
    """The reference in `text`. Raises MalformedReference, and nothing else."""
    text = trimmed(text)
    if len(text) > MAXIMUM_LENGTH:
        raise MalformedReference(f"is longer than {MAXIMUM_LENGTH} characters")
    if bare := _DIGEST.fullmatch(text):
        return Reference("", "", None, Digest(f"sha256:{bare[1].lower()}"))
    name, at, stated = text.partition("@")
    digest = _digest(stated) if at else None
    name, tag = split_tag(name)
    if tag is not None and not _TAG.fullmatch(tag):
        raise MalformedReference("has a tag that is none")
    if tag is None and digest is None:
        tag = DEFAULT_TAG
    host, path = split_host(name)
    if len(path) > MAXIMUM_PATH:
        raise MalformedReference(f"has a path of more than {MAXIMUM_PATH} characters")
    if not _PATH.fullmatch(path):
        capitals = "; a path has no capitals" if _PATH.fullmatch(path.lower()) else ""
        raise MalformedReference(f"has no path of a repository{capitals}")
    return Reference(parse_host(host), path, tag, digest)


def parse_host(text: str) -> str:
    """The one spelling of `host` or `host:port`. Raises MalformedReference."""
    if not _HOST.fullmatch(text):
        raise MalformedReference("has a host that is none")
    host = text.lower()
    if host.startswith("["):
        address, _, port = host.partition("]")
        try:
            host = f"[{IPv6Address(address[1:]).compressed}]{port}"
        except AddressValueError:
            raise MalformedReference("has an IPv6 address that is none") from None
    return DOCKER_HUB if host == f"index.{DOCKER_HUB}" else host


def split_tag(name: str) -> tuple[str, str | None]:
    """The name without its tag, and the tag. A colon before the last slash is that of a port."""
    start = name.rfind("/") + 1
    colon = name.find(":", start)
    return (name, None) if colon < 0 else (name[:colon], name[colon + 1 :])


def split_host(name: str) -> tuple[str, str]:
    """Host and path. What stands before the first slash is a host only where it looks like one."""
    first, slash, rest = name.partition("/")
    if not slash or not _is_host(first):
        return DOCKER_HUB, name if slash else OFFICIAL + name
    hub = first.lower() in (DOCKER_HUB, f"index.{DOCKER_HUB}")
    return first, OFFICIAL + rest if hub and "/" not in rest else rest


def _is_host(first: str) -> bool:
    """Whether it could be no path of Docker Hub: by a dot, a colon, a capital, or as `localhost`."""
    return "." in first or ":" in first or first == "localhost" or first != first.lower()


def _digest(text: str) -> Digest:
    """Registries of the distribution project store sha256 alone."""
    found = _DIGEST.fullmatch(text) if text.startswith("sha256:") else None
    if found is None:
        raise MalformedReference("has a digest that is no sha256 digest")
    return Digest(f"sha256:{found[1].lower()}")
