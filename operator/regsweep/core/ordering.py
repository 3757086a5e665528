"""Which tag is newer: a sort key for each `orderBy`. The greater key is the newer tag.

Every key ends with the tag's name, so that no two tags are equal and the order of listing never matters. Ties are
broken by natural order of the names (`build-10` after `build-9`), then by their code points.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from semver import Version

_DIGITS = re.compile(r"([0-9]+)")

Key = tuple[Any, ...]


def time_key(moment: datetime, tag: str) -> Key:
    return (moment, *natural_key(tag))


def semver_key(tag: str) -> Key | None:
    """SemVer 2.0 precedence (semver.org, 11), with an optional leading `v`; None for a tag that is not a version.

    All three numbers are needed, so that a date or an all-digit commit is no version. A tag cannot hold `+`: as Helm
    does, the first `_` stands for it. Build metadata has no precedence and only breaks ties.
    """
    try:
        version = Version.parse(tag.removeprefix("v").replace("_", "+", 1))
    except ValueError:
        return None
    return (version.major, version.minor, version.patch, *_prerelease_key(version.prerelease), *natural_key(tag))


def natural_key(tag: str) -> Key:
    """Runs of digits compare as numbers, the rest by code points: `v9` < `v10`. Equal so far, the name decides."""
    pieces = _DIGITS.split(tag)
    return (tuple(int(piece) if at % 2 else piece for at, piece in enumerate(pieces)), tag)


def alphabetical_key(tag: str) -> Key:
    return (tag,)


def _prerelease_key(prerelease: str | None) -> Key:
    """A release is above its pre-releases; numeric identifiers are below others; a longer list above its beginning."""
    if prerelease is None:
        return (1, ())
    identifiers = prerelease.split(".")
    return (0, tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in identifiers))
