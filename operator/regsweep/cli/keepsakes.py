"""The terminal's keepsakes: a file for each plan that was done, in the state directory, until its registry is
collected."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from regsweep.cli.state import keepsake_file, keepsake_files
from regsweep.core.keepsake import (
    CHUNK_BYTES,
    MAXIMUM_CHUNKS,
    Heading,
    Saved,
    check,
    heading_of,
    pack,
    unpack,
)
from regsweep.core.oci import Digest
from regsweep.errors import InvalidInput, KeepsakeUnreadable, NothingToRestore

HELD = 30
"""Of one registry: the oldest go when there are more."""

_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Pieces:
    """The bytes of a file, from its beginning at each walk. Raises KeepsakeUnreadable."""

    path: Path

    def __iter__(self) -> Iterator[bytes]:
        left = MAXIMUM_CHUNKS * CHUNK_BYTES
        try:
            with self.path.open("rb") as file:
                while piece := file.read(_READ):
                    left -= len(piece)
                    if left < 0:
                        raise KeepsakeUnreadable(f"{self.path} is larger than a keepsake may be: is it the right file?")
                    yield piece
        except OSError as error:
            raise KeepsakeUnreadable(f"{self.path} cannot be read: {error.strerror}") from None


class FileKeepsakes:
    """`core.ports.Keepsakes` of the registry at `url`. `file` is what a restore puts back."""

    def __init__(self, url: str, file: Path | None = None) -> None:
        self._url, self._file = url, file
        self.made: Path | None = None
        """Where the deletions of this process are kept."""

    def keep(self, heading: Heading, manifests: Iterable[Saved]) -> None:
        """Whole under its name, or not at all."""
        path = keepsake_file(heading.plan)
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(part, "wb", opener=_private) as file:
                file.writelines(pack(heading, manifests))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise InvalidInput(
                f"{path} cannot be written: {error.strerror}. What is deleted is kept there for an undo: set "
                "XDG_STATE_HOME to a folder that can be written, or give the undo up with spec.undo.enabled: false"
            ) from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        self._let_the_oldest_go()

    def kept(self, plan: Digest) -> Iterator[Saved] | None:
        path = keepsake_file(plan)
        if not path.exists() or heading_of(Pieces(path)).plan != plan:
            return None
        self.made = path
        return unpack(Pieces(path))

    def source(self) -> Iterator[Saved]:
        if self._file is None:
            raise NothingToRestore("there is nothing to put back: name a file with --from")
        check(Pieces(self._file))
        return unpack(Pieces(self._file))

    def collected(self) -> None:
        for path in self._of_registry():
            with suppress(OSError):
                path.unlink()
        self.made = None

    def to_undo(self) -> str:
        """How what was deleted comes back; empty where nothing was, or where it cannot."""
        if self.made is None or not self.made.exists():
            return ""
        return f"to undo it, until the next garbage collection: regsweep restore -f POLICY --from {self.made}"

    def _of_registry(self) -> list[Path]:
        """The keepsakes of this registry, the oldest first."""
        found = []
        for path in keepsake_files():
            with suppress(KeepsakeUnreadable):
                if heading_of(Pieces(path)).registry == self._url:
                    found.append(path)
        return found

    def _let_the_oldest_go(self) -> None:
        for path in self._of_registry()[:-HELD]:
            with suppress(OSError):
                path.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
