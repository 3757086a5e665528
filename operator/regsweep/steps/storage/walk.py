"""The two walks over a store's repositories on this machine: every path that `scripts.LIST` looks at, in the same two
parts. Symbolic links are named and never followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

_APART = (b"_layers", b"_uploads")
_ODD = frozenset(range(256)) - frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")

Choice = Callable[[bytes, "os.DirEntry[bytes]"], tuple[bool, bool]]
"""Of a path and what is there: whether it is listed, and whether the walk goes into it."""


def tags(root: bytes) -> Iterator[bytes]:
    """Paths of repositories, tags, their links, and of all that is foreign. Raises OSError."""
    return _walk(root, _among_tags)


def revisions(root: bytes) -> Iterator[bytes]:
    """Paths of all files of revisions. Raises OSError."""
    return _walk(root, _among_revisions)


def all_below(root: bytes, folder: bytes) -> Iterator[bytes]:
    """Paths of a folder, and of everything in it. Raises OSError."""
    yield folder
    yield from _walk(root, lambda _path, _entry: (True, True), folder)


def is_odd(name: bytes) -> bool:
    """Whether it has a character that no name of Distribution has."""
    return not _ODD.isdisjoint(name)


def _walk(root: bytes, choose: Choice, start: bytes = b".") -> Iterator[bytes]:
    ahead = [start]
    while ahead:
        folder = ahead.pop()
        with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118 - bytes: not every name is UTF-8
            for entry in entries:
                path = folder + b"/" + entry.name
                listed, entered = choose(path, entry)
                if listed:
                    yield path
                if entered and entry.is_dir(follow_symlinks=False):
                    ahead.append(path)


def _among_tags(path: bytes, entry: os.DirEntry[bytes]) -> tuple[bool, bool]:
    name, tagged = entry.name, path.partition(b"/_manifests/tags/")[2]
    if name in _APART and b"/_manifests/" not in path:
        return name == b"_layers", False
    if is_odd(name) or entry.is_symlink():
        return True, False
    if path.endswith(b"/_manifests/revisions"):
        return False, False
    folder = entry.is_dir(follow_symlinks=False)
    if b"/" in tagged and folder and name in (b"index", b"current"):
        return False, name == b"current"
    return bool(tagged) or name == b"_manifests" or not folder, True


def _among_revisions(path: bytes, entry: os.DirEntry[bytes]) -> tuple[bool, bool]:
    if (entry.name in _APART and b"/_manifests/" not in path) or is_odd(entry.name):
        return False, False
    if path.endswith(b"/_manifests/tags"):
        return False, False
    folder = entry.is_dir(follow_symlinks=False)
    return b"/_manifests/revisions/" in path and not folder, True
