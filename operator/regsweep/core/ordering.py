"""Which tag is newer: a sort key for each `orderBy`. The greater key is the newer tag.

Ties are broken by natural order of the names (`build-10` after `build-9`), and that by their code points, so that no
two tags are equal and the order of listing never matters. Ties are rare, and natural order is dear: it is asked for
only where there are some.
"""

from __future__ import annotations

import re
from typing import Any

from semver import Version

from regsweep.core.inventory import Tag

_DIGITS = re.compile(r"([0-9]+)")

Key = tuple[Any, ...]


def newest_first(members: list[tuple[Any, Tag]]) -> list[Tag]:
    """The tags by their keys, the greatest first. Two keys that are equal leave it to the names."""
    members.sort(key=_key, reverse=True)
    start = 0
    for end in range(1, len(members) + 1):
        if end == len(members) or members[end][0] != members[start][0]:
            if end - start > 1:
                members[start:end] = sorted(members[start:end], key=_name, reverse=True)
            start = end
    return [tag for _, tag in members]


def semver_key(tag: str) -> Key | None:
    """SemVer 2.0 precedence (semver.org, 11), with an optional leading `v`; None for a tag that is not a version.

    All three numbers are needed, so that a date or an all-digit commit is no version. A tag cannot hold `+`: as Helm
    does, the first `_` stands for it. Build metadata has no precedence: by it
    ties are broken, as by the rest of the name.
    """
    try:
        version = Version.parse(tag.removeprefix("v").replace("_", "+", 1))
    except ValueError:
        return None
    return (version.major, version.minor, version.patch, *_prerelease_key(version.prerelease))


def natural_key(tag: str) -> Key:
    """Runs of digits compare as numbers, the rest by code points: `v9` < `v10`. Equal so far, the name decides."""
    pieces = _DIGITS.split(tag)
    return (tuple(int(piece) if at % 2 else piece for at, piece in enumerate(pieces)), tag)


def alphabetical_key(tag: str) -> Key:
    return (tag,)


def _key(member: tuple[Any, Tag]) -> Any:
    return member[0]


def _name(member: tuple[Any, Tag]) -> Key:
    return natural_key(member[1].name)


def _prerelease_key(prerelease: str | None) -> Key:
    """A release is above its pre-releases; numeric identifiers are below others; a longer list above its beginning."""
    if prerelease is None:
        return (1, ())
    identifiers = prerelease.split(".")
    return (0, tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in identifiers))
