"""What a path below a store's repositories is: a repository, a tag, a tag's link, a revision's link, or none of these.

Source: the layout of Distribution's filesystem driver, the same in 2.8 and 3.x. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

LINK_BYTES = 71
"""`sha256:<64 hex>` without a line feed: every good link has this size."""

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_REVISION = re.compile(r"revisions/sha256/([0-9a-f]{64})/(link(?:\..*)?)")
_TAG_FILE = re.compile(r"tags/([^/]+)/current/(link(?:\..*)?)")
_TAG_FOLDER = re.compile(r"tags/([^/]+)")


class Kind(Enum):
    REPOSITORY = auto()
    LAYERS = auto()
    TAG = auto()
    TAG_LINK = auto()
    REVISION = auto()
    LEFTOVER = auto()
    MISNAMED = auto()
    """Holds manifests or layers, and has no name that a repository may have: no client can reach it."""
    FOREIGN = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """`name` is a tag, or the hex of a digest; "" for what is neither."""

    kind: Kind
    repository: str = ""
    name: str = ""


_FOREIGN = Place(Kind.FOREIGN)


def place_of(path: str) -> Place:
    """`path` as the store's listing has it: `./team/app/_manifests/tags/v1/current/link`."""
    repository, found, rest = path.removeprefix("./").partition("/_manifests")
    if not found:
        repository, found, rest = path.removeprefix("./").partition("/_layers")
        if not found or rest:
            return _FOREIGN
        return Place(Kind.LAYERS, repository) if is_repository(repository) else Place(Kind.MISNAMED, repository)
    if not is_repository(repository):
        return Place(Kind.MISNAMED, repository)
    return Place(Kind.REPOSITORY, repository) if not rest else _inside(repository, rest.removeprefix("/"))


def tag_folder(repository: str, tag: str) -> str:
    return f"./{repository}/_manifests/tags/{tag}"


def tag_link(repository: str, tag: str) -> str:
    return f"{tag_folder(repository, tag)}/current/link"


def revision_link(repository: str, hexes: str) -> str:
    return f"./{repository}/_manifests/revisions/sha256/{hexes}/link"


def revisions_folder(repository: str) -> str:
    return f"{repository}/_manifests/revisions/sha256"


def data_path(hexes: str) -> str:
    """Below the blobs."""
    return f"{hexes[:2]}/{hexes}/data"


def is_tag(name: str) -> bool:
    """Source: OCI distribution spec."""
    return _TAG.fullmatch(name) is not None


def is_repository(name: str) -> bool:
    """Source: OCI distribution spec."""
    return len(name) <= 255 and _REPOSITORY.fullmatch(name) is not None


def _inside(repository: str, rest: str) -> Place:
    if folder := _TAG_FOLDER.fullmatch(rest):
        return Place(Kind.TAG, repository, folder[1]) if is_tag(folder[1]) else Place(Kind.FOREIGN, repository)
    for pattern, kind in ((_TAG_FILE, Kind.TAG_LINK), (_REVISION, Kind.REVISION)):
        if found := pattern.fullmatch(rest):
            if kind is Kind.TAG_LINK and not is_tag(found[1]):
                break
            return Place(kind if found[2] == "link" else Kind.LEFTOVER, repository, found[1])
    return Place(Kind.FOREIGN, repository)
