"""Saved inventories on this machine: written while a registry is read, and read back. Plain lines, or gzip."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedIOBase, BufferedReader, FileIO
from pathlib import Path
from typing import Self

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.core.inventory import Repository
from regsweep.core.inventory_file import LONGEST_LINE, Header, InventoryReader, InventoryWriter, Taking
from regsweep.errors import InvalidInput, InventoryUnreadable

MAXIMUM_INVENTORY_BYTES = 64 << 30
"""Uncompressed: ten million tags. What is longer was made to be."""

_GZIP = b"\x1f\x8b"


class FileArchive:
    """Writes a saved inventory beside its place, and puts it there when it is whole: a file that is there is one.

    `.gz` at the end of the name compresses. Readable by its owner alone: it names what is in a registry,
    and who uses it.
    """

    def __init__(self, path: Path, policy: RegistryCleanupPolicy, read_at: str) -> None:
        self._path, self._policy, self._read_at = path, policy, read_at
        self._part = path.with_name(path.name + ".part")
        self._writer = InventoryWriter()
        self._stack = ExitStack()
        self._file: BufferedIOBase | None = None
        self._begun = False

    def __enter__(self) -> Self:
        """Raises InvalidInput where the file could not be written: to be known before the work, not after it."""
        with self._faults():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._part.unlink(missing_ok=True)
            self._part.touch(mode=0o600)
            self._file = self._open()
        return self

    def __exit__(self, *_: object) -> None:
        with self._faults():
            self._stack.close()
            self._part.unlink(missing_ok=True)

    def begin(self, taking: Taking) -> None:
        meta = self._policy.metadata
        name = f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
        spec = self._policy.spec
        if self._begun:  # what was read before is void
            self._stack.close()
            self._writer = InventoryWriter()
            with self._faults():
                self._file = self._open()
        self._begun = True
        self._write(self._writer.header(Header(spec.registry.url, self._read_at, name, spec, taking)))

    def add(self, repository: Repository) -> None:
        self._write(self._writer.repository(repository))

    def unread(self, name: str, reason: str) -> None:
        self._write(self._writer.unread(name, reason))

    def end(self) -> None:
        self._write(self._writer.end())
        with self._faults():
            self._stack.close()
            self._part.replace(self._path)

    def _open(self) -> BufferedIOBase:
        file = self._stack.enter_context(self._part.open("wb"))
        if self._path.suffix != ".gz":
            return file
        return self._stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))

    def _write(self, line: bytes) -> None:
        if self._file is not None:
            with self._faults():
                self._file.write(line)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InvalidInput(f"{self._path} cannot be written: {error.strerror}") from None


@contextmanager
def saved_inventory(path: Path) -> Iterator[InventoryReader]:
    """The inventory in a file, gzip or not; `-` is standard input. Raises InvalidInput, naming the file."""
    try:
        with ExitStack() as stack:
            yield InventoryReader(_lines(_opened(path, stack)))
    except InventoryUnreadable as error:
        raise InventoryUnreadable(f"{path}: {error}") from None
    except EOFError:
        raise InventoryUnreadable(f"{path}: the compressed inventory has no end: it was cut. Make it again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InventoryUnreadable(f"{path}: the compressed inventory is damaged: {error}. Make it again.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None


def _opened(path: Path, stack: ExitStack) -> BufferedIOBase:
    stdin = str(path) == "-"
    source = FileIO(sys.stdin.fileno(), closefd=False) if stdin else FileIO(path)
    raw = stack.enter_context(BufferedReader(source, 1 << 20))
    if raw.peek(2)[:2] == _GZIP:
        return stack.enter_context(gzip.GzipFile(fileobj=raw))
    return raw


def _lines(file: BufferedIOBase) -> Iterator[bytes]:
    total = 0
    while line := file.readline(LONGEST_LINE + 1):
        total += len(line)
        if len(line) > LONGEST_LINE or total > MAXIMUM_INVENTORY_BYTES:
            raise InventoryUnreadable(
                f"a line is longer than {LONGEST_LINE} bytes, or the whole longer than {MAXIMUM_INVENTORY_BYTES}: "
                "is it the right file?"
            )
        yield line
