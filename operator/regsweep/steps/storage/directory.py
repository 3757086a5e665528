"""The store of a registry whose files are on this machine: `--storage-root`. Prints what `scripts` print in a pod.

Nothing outside of the root is ever read: symbolic links are named, not followed.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from regsweep.core.oci import Digest
from regsweep.core.ports import Clock
from regsweep.errors import StorageUnavailable
from regsweep.steps.storage import walk
from regsweep.steps.storage.answers import FORMAT
from regsweep.steps.storage.places import LINK_BYTES, revisions_folder
from regsweep.steps.storage.scripts import BLOBS, REPOSITORIES
from regsweep.steps.storage.store import data_paths

_BATCH = 400
_PIECE = 256 << 10
_CONTENT = re.compile(rb"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class DirectoryStore:
    """`Store` below `root`, the registry's `storage.filesystem.rootdirectory`."""

    root: Path
    clock: Clock

    @property
    def name(self) -> str:
        return str(self.root)

    def listing(self) -> Iterator[bytes]:
        yield self._opening()
        if (self.root / REPOSITORIES).is_dir():
            folder = self._folder(REPOSITORIES)
            parts = {"tags": walk.tags(folder), "revisions": walk.revisions(folder)}
        else:  # nobody has pushed yet
            folder, parts = self._folder(""), {"tags": iter(()), "revisions": iter(())}
        for part, paths in parts.items():
            yield from _Looking(folder).all(paths)
            yield f"{part} 0\n".encode()
        yield b"end\n"

    def look(self, paths: Sequence[str]) -> Iterator[bytes]:
        return self._look(REPOSITORIES, paths, show=False)

    def traces(self, repository: str) -> Iterator[bytes]:
        yield self._opening()
        folder = self._folder(REPOSITORIES)
        for path in walk.all_below(folder, os.fsencode(f"./{revisions_folder(repository)}")):
            written = os.lstat(os.path.join(folder, path)).st_mtime_ns  # noqa: PTH118
            moment = datetime.fromtimestamp(written // 10**9, UTC)
            yield f"{moment:%Y-%m-%d %H:%M:%S}.{written % 10**9:09} +0000 ".encode() + _plain(path)
        yield b"find 0\nend\n"

    def sizes(self, digests: Sequence[Digest]) -> Iterator[bytes]:
        return self._look(BLOBS, data_paths(digests), show=False)

    def contents(self, digests: Sequence[Digest], most: int) -> Iterator[bytes]:
        left = most + (len(digests) + 1) * 1024
        for piece in self._look(BLOBS, data_paths(digests), show=True):
            left -= len(piece)
            if left < 0:
                raise OSError(errno.EFBIG, f"more than {most} bytes", self.name)
            yield piece

    def _look(self, below: str, paths: Sequence[str], *, show: bool) -> Iterator[bytes]:
        yield self._opening()
        yield from _Looking(self._folder(below), show).all(map(os.fsencode, paths))
        yield b"look 0\nend\n"

    def _opening(self) -> bytes:
        return f"{FORMAT} {int(self.clock().timestamp())}\n".encode()

    def _folder(self, below: str) -> bytes:
        folder = self.root / below
        if not folder.is_dir():
            raise StorageUnavailable(f"{folder} is no folder")
        return os.fsencode(folder.resolve())


@dataclass(slots=True)
class _Looking:
    """Looks at paths below `folder`, in batches; with `show` every batch is followed by what its files hold."""

    folder: bytes
    show: bool = False
    _files: list[tuple[bytes, int]] = field(default_factory=list)

    def all(self, paths: Iterable[bytes]) -> Iterator[bytes]:
        rest = iter(paths)
        while batch := list(islice(rest, _BATCH)):
            yield from self._batch(batch)
        yield b"ended 0\n+ 0\n" + (b"\n" if self.show else b"")

    def _batch(self, paths: list[bytes]) -> Iterator[bytes]:
        self._files.clear()
        records = [self._record(path) for path in paths]
        yield b"".join([*records, f"+ {len(paths)}\n".encode()])
        if self.show:
            for path, size in self._files:
                yield from self._bytes(path, size)
            yield b"\n"

    def _record(self, path: bytes) -> bytes:
        content = self._link(path) if path.endswith(b"/current/link") else b""
        found = self._stat(path)
        if walk.is_odd(path.replace(b"/", b"")):
            held = any(os.path.isdir(os.path.join(self.folder, path, name)) for name in (b"_manifests", b"_layers"))  # noqa: PTH112, PTH118
            return (b"I " if held else b"F ") + _plain(path)
        if found is None:
            return b"- " + _plain(path)
        if stat.S_ISLNK(found.st_mode) or self._is_outside(path):
            return b"L " + _plain(path)
        if stat.S_ISDIR(found.st_mode):
            return b"D " + _plain(path)
        if not stat.S_ISREG(found.st_mode):
            return b"F " + _plain(path)
        self._files.append((path, found.st_size))
        return content + f"S {int(found.st_mtime)} {found.st_size} ".encode() + _plain(path)

    def _link(self, path: bytes) -> bytes:
        """What a link holds, read before its time."""
        try:
            held = b"".join(self._bytes(path, LINK_BYTES))
        except OSError:
            return b""
        return path + b":" + held + b"\n" if _CONTENT.fullmatch(held) else b""

    def _bytes(self, path: bytes, size: int) -> Iterator[bytes]:
        """The first `size` bytes of a file. Raises OSError for a link, and where there is nothing to read."""
        descriptor = os.open(self._at(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            while size > 0 and (piece := file.read(min(size, _PIECE))):
                size -= len(piece)
                yield piece

    def _stat(self, path: bytes) -> os.stat_result | None:
        try:
            return os.lstat(self._at(path))
        except FileNotFoundError:
            return None

    def _is_outside(self, path: bytes) -> bool:
        folder = os.path.realpath(os.path.dirname(self._at(path)))  # noqa: PTH120
        return folder != self.folder and not folder.startswith(self.folder + b"/")

    def _at(self, path: bytes) -> bytes:
        return os.path.join(self.folder, path)  # noqa: PTH118


def _plain(path: bytes) -> bytes:
    """The path as one line."""
    return bytes(char if not walk.is_odd(bytes((char,))) or char == 0x2F else 0x3F for char in path) + b"\n"
