"""Manifests and created times that were read once, by digest, and since when images have been there: in memory, or in a
file. Thread-safe.

It answers only what it can prove: a body from the file is checked against its digest. A cache that is lost or damaged
costs time, never a run; images that were dated by it alone look as young as on the first day.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from regsweep.core.oci import MAXIMUM_MANIFEST_BYTES, Digest, Manifest, digest_of, parse_manifest, parse_time

MEMORY_ENTRIES = 200_000
FILE_BYTES = 512 << 20

_SCHEMA = """
CREATE TABLE IF NOT EXISTS manifest (digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS created (config TEXT PRIMARY KEY, created TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (place TEXT, digest TEXT, since TEXT NOT NULL, PRIMARY KEY (place, digest))
WITHOUT ROWID;
"""
_VERSION = 1


class MemoryCache:
    """Lives as long as the process; the oldest entries go when there are too many."""

    def __init__(self, entries: int = MEMORY_ENTRIES) -> None:
        self._entries = entries
        self._manifests: dict[Digest, Manifest] = {}
        self._created: dict[Digest, str] = {}
        self._seen: dict[str, dict[Digest, datetime]] = {}
        self._lock = threading.Lock()

    def manifest(self, digest: Digest) -> Manifest | None:
        return self._manifests.get(digest)

    def keep_manifest(self, body: bytes, media_type: str, manifest: Manifest) -> None:
        with self._lock:
            self._manifests[manifest.digest] = manifest
            if len(self._manifests) > self._entries:
                del self._manifests[next(iter(self._manifests))]

    def created(self, config: Digest) -> str | None:
        return self._created.get(config)

    def keep_created(self, config: Digest, created: str) -> None:
        with self._lock:
            self._created[config] = created
            if len(self._created) > self._entries:
                del self._created[next(iter(self._created))]

    def first_seen(
        self, place: str, wanted: AbstractSet[Digest], present: AbstractSet[Digest], now: datetime
    ) -> Mapping[Digest, datetime]:
        with self._lock:
            before = {digest: since for digest, since in self._seen.pop(place, {}).items() if digest in present}
            known = {**dict.fromkeys(wanted, now), **before}
            if known:
                self._seen[place] = known
            return {digest: known[digest] for digest in wanted}


class FileCache:
    """An SQLite file that several processes may share. `say` gets one line when the file had to be given up.

    A damaged file is thrown away and begun anew; where not even that works, nothing is kept.
    """

    def __init__(self, path: Path, say: Callable[[str], None] = lambda _: None, size: int = FILE_BYTES) -> None:
        self._path, self._say, self._size = path, say, size
        self._lock = threading.Lock()
        self._file: sqlite3.Connection | None = None
        self._open_or_begin_anew()

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def manifest(self, digest: Digest) -> Manifest | None:
        row = self._run("SELECT media_type, body FROM manifest WHERE digest = ?", digest)
        if row is None:
            return None
        try:
            body = zlib.decompressobj().decompress(row[1], MAXIMUM_MANIFEST_BYTES)
            return parse_manifest(body, str(row[0])) if digest_of(body) == digest else None
        except (zlib.error, ValueError, TypeError):
            return None

    def keep_manifest(self, body: bytes, media_type: str, manifest: Manifest) -> None:
        self._run(
            "INSERT OR REPLACE INTO manifest VALUES (?, ?, ?)", manifest.digest, media_type, zlib.compress(body, 1)
        )

    def created(self, config: Digest) -> str | None:
        row = self._run("SELECT created FROM created WHERE config = ?", config)
        return None if row is None else str(row[0])

    def keep_created(self, config: Digest, created: str) -> None:
        self._run("INSERT OR REPLACE INTO created VALUES (?, ?)", config, created)

    def first_seen(
        self, place: str, wanted: AbstractSet[Digest], present: AbstractSet[Digest], now: datetime
    ) -> Mapping[Digest, datetime]:
        seen: Mapping[Digest, datetime] = {}  # what cannot be kept is not known
        with self._lock, self._transaction() as file:
            if file is not None:
                seen = _note(file, place, wanted, present, now)
        return seen

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection | None]:
        """The file, or None where there is none. What fails in it is not kept, and the file is given up."""
        if self._file is None:
            yield None
            return
        with self._given_up_on_failure():
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    def _run(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        with self._lock, self._given_up_on_failure():
            if self._file is not None:
                row: tuple[Any, ...] | None = self._file.execute(statement, values).fetchone()
                return row
        return None

    @contextmanager
    def _given_up_on_failure(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:  # a full or busy disk: the file itself is good
            self._give_up(error)
        except sqlite3.DatabaseError as error:
            self._give_up(error)
            self._throw_away()
            self._open_or_begin_anew()

    def _open_or_begin_anew(self) -> None:
        try:
            self._file = self._open()
        except (sqlite3.DatabaseError, OSError) as error:
            self._give_up(error)
            self._throw_away()
            with suppress(sqlite3.DatabaseError, OSError):
                self._file = self._open()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            with closing(file.cursor()) as cursor:
                if cursor.execute("PRAGMA user_version").fetchone()[0] not in {0, _VERSION}:
                    raise sqlite3.DatabaseError("it was written by another version")
                cursor.execute("PRAGMA journal_mode=WAL")
                cursor.execute("PRAGMA synchronous=OFF")  # it may be lost; what is read is checked
                cursor.executescript(_SCHEMA)
                cursor.execute(f"PRAGMA user_version={_VERSION}")
                self._shrink(cursor)
        except BaseException:
            file.close()
            raise
        return file

    def _shrink(self, cursor: sqlite3.Cursor) -> None:
        """Half of a file that is too large goes, the oldest first; nothing of what was first seen: that is little."""
        pages, size = (cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if pages * size > self._size:
            for table in ("manifest", "created"):
                cursor.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} ORDER BY rowid LIMIT "  # noqa: S608
                               f"(SELECT count(*) / 2 FROM {table}))")  # fmt: skip
            cursor.execute("VACUUM")

    def _give_up(self, error: Exception) -> None:
        self._say(f"the cache {self._path} cannot be used and is left or begun anew: {error}")
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
        self._file = None

    def _throw_away(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _note(
    file: sqlite3.Connection, place: str, wanted: AbstractSet[Digest], present: AbstractSet[Digest], now: datetime
) -> Mapping[Digest, datetime]:
    """Forget what is gone, keep what is new, and say since when all that is wanted has been there."""
    rows = file.execute("SELECT digest, since FROM seen WHERE place = ?", (place,)).fetchall()
    known = {Digest(digest): since for digest, text in rows if (since := parse_time(text)) is not None}
    gone = [(place, digest) for digest, _ in rows if digest not in present]
    file.executemany("DELETE FROM seen WHERE place = ? AND digest = ?", gone)
    new = [(place, digest, now.isoformat()) for digest in wanted - known.keys()]
    file.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", new)
    return {digest: known.get(digest, now) for digest in wanted}
