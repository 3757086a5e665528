"""A cache answers only what it can prove, and losing it is no error."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regsweep.clients.cache import FileCache, MemoryCache
from regsweep.core.oci import OCI_INDEX, OCI_MANIFEST, Digest, digest_of, parse_manifest
from regsweep.core.ports import Cache, FirstSeen, ManifestCache

CHILD = digest_of(b"child")
CONFIG = digest_of(b"config")
INDEX = json.dumps(
    {"schemaVersion": 2, "manifests": [{"mediaType": OCI_MANIFEST, "digest": CHILD, "size": 5}]}
).encode()
DIGEST = digest_of(INDEX)


def fill(cache: ManifestCache) -> None:
    cache.keep_manifest(INDEX, OCI_INDEX, parse_manifest(INDEX, OCI_INDEX))
    cache.keep_created(CONFIG, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize("make", [lambda _: MemoryCache(), FileCache], ids=["memory", "file"])
def test_what_was_kept_is_known(make: Callable[[Path], ManifestCache], tmp_path: Path):
    cache = make(tmp_path / "deeper" / "cache.db")
    assert (cache.manifest(DIGEST), cache.created(CONFIG)) == (None, None)
    fill(cache)
    fill(cache)
    assert cache.manifest(DIGEST) == parse_manifest(INDEX, OCI_INDEX)
    assert cache.created(CONFIG) == "2026-01-01T00:00:00Z"
    cache.keep_created(CHILD, "")
    assert cache.created(CHILD) == ""
    if isinstance(cache, FileCache):
        cache.close()


def test_a_file_outlives_its_process(tmp_path: Path):
    path = tmp_path / "cache.db"
    first = FileCache(path)
    fill(first)
    second = FileCache(path)
    assert second.manifest(DIGEST) == first.manifest(DIGEST)
    first.close()
    second.close()
    assert (first.manifest(DIGEST), first.created(CONFIG)) == (None, None)


def test_memory_is_bounded_and_the_oldest_goes():
    cache = MemoryCache(entries=2)
    for number in range(3):
        body = json.dumps({"schemaVersion": 2, "n": number}).encode()
        cache.keep_manifest(body, OCI_INDEX, parse_manifest(body, OCI_INDEX))
        cache.keep_created(Digest(f"sha256:{number:064}"), str(number))
    assert [cache.created(Digest(f"sha256:{number:064}")) for number in range(3)] == [None, "1", "2"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"not a database, but long enough to be looked at " * 100, b"SQLite format 3\x00" + bytes(5000)],
    ids=["empty", "no database", "zeros"],
)
def test_a_damaged_file_is_thrown_away(damage: bytes, tmp_path: Path):
    path, said = tmp_path / "cache.db", list[str]()
    path.write_bytes(damage)
    cache = FileCache(path, said.append)
    fill(cache)
    assert cache.manifest(DIGEST) is not None
    assert len(said) == (1 if damage else 0)
    assert all(str(path) in line for line in said)
    cache.close()


def test_a_file_of_another_version_is_begun_anew(tmp_path: Path):
    path, said = tmp_path / "cache.db", list[str]()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version=99")
    file.close()
    cache = FileCache(path, said.append)
    fill(cache)
    assert cache.created(CONFIG) is not None
    assert "another version" in said[0]
    cache.close()


@pytest.mark.parametrize("body", [b"garbage", b"", None], ids=["no zlib", "empty", "null"])
def test_a_body_that_is_not_what_its_digest_says_is_not_known(body: bytes | None, tmp_path: Path):
    path = tmp_path / "cache.db"
    cache = FileCache(path)
    fill(cache)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE manifest SET body = ?", (body if body is not None else "text",))
    file.close()
    assert cache.manifest(DIGEST) is None
    cache.close()


def test_where_no_file_can_be_nothing_is_kept(tmp_path: Path):
    said = list[str]()
    (tmp_path / "file").write_text("")
    cache = FileCache(tmp_path / "file" / "cache.db", said.append)
    fill(cache)
    assert (cache.manifest(DIGEST), cache.created(CONFIG)) == (None, None)
    assert said


def test_a_file_that_is_too_large_loses_its_older_half(tmp_path: Path):
    path = tmp_path / "cache.db"
    cache = FileCache(path)
    for number in range(100):
        cache.keep_created(Digest(f"sha256:{number:064}"), str(number) * 200)
    cache.close()
    cache = FileCache(path, size=10_000)
    assert cache.created(Digest(f"sha256:{0:064}")) is None
    assert cache.created(Digest(f"sha256:{99:064}")) is not None
    cache.close()


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=3)


@pytest.mark.parametrize("make", [lambda _: MemoryCache(), FileCache], ids=["memory", "file"])
def test_an_image_is_as_old_as_its_first_sight_in_its_place(make: Callable[[Path], Cache], tmp_path: Path):
    cache = make(tmp_path / "cache.db")
    assert cache.first_seen("r app", {DIGEST}, {DIGEST, CHILD}, NOW) == {DIGEST: NOW}
    assert cache.first_seen("r app", {DIGEST, CHILD}, {DIGEST, CHILD}, LATER) == {DIGEST: NOW, CHILD: LATER}
    assert cache.first_seen("r other", {DIGEST}, {DIGEST}, LATER) == {DIGEST: LATER}
    assert cache.first_seen("r app", set(), {DIGEST}, LATER) == {}, "it need not be wanted to be remembered"
    assert cache.first_seen("r app", {DIGEST}, {DIGEST}, LATER) == {DIGEST: NOW}
    assert cache.first_seen("r app", {CHILD}, {CHILD}, NOW) == {CHILD: NOW}, "it was gone, and came back"
    assert cache.first_seen("r app", set(), set(), LATER) == {}
    if isinstance(cache, FileCache):
        cache.close()


def test_what_was_first_seen_outlives_its_process(tmp_path: Path):
    path = tmp_path / "cache.db"
    first, second = FileCache(path), FileCache(path)
    assert first.first_seen("r app", {DIGEST}, {DIGEST}, NOW) == {DIGEST: NOW}
    assert second.first_seen("r app", {DIGEST}, {DIGEST}, LATER) == {DIGEST: NOW}
    first.close()
    assert first.first_seen("r app", {DIGEST}, {DIGEST}, LATER) == {}
    second.close()


def test_a_file_from_before_first_sights_is_used_on(tmp_path: Path):
    path = tmp_path / "cache.db"
    cache = FileCache(path)
    fill(cache)
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE seen")
    file.close()
    cache.close()
    cache = FileCache(path)
    assert cache.created(CONFIG) is not None
    assert cache.first_seen("r app", {DIGEST}, {DIGEST}, NOW) == {DIGEST: NOW}
    cache.close()


@pytest.mark.parametrize("since", ["", "yesterday", "2026-01-01T00:00:00"])
def test_a_first_sight_that_is_no_time_is_now(since: str, tmp_path: Path):
    path = tmp_path / "cache.db"
    cache = FileCache(path)
    cache.first_seen("r app", {DIGEST}, {DIGEST}, NOW)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE seen SET since = ?", (since,))
    file.close()
    assert cache.first_seen("r app", {DIGEST}, {DIGEST}, LATER) == {DIGEST: LATER}
    assert cache.first_seen("r app", {DIGEST}, {DIGEST}, LATER + LATER.resolution) == {DIGEST: LATER}
    cache.close()


def test_where_first_sights_cannot_be_kept_nothing_is_known(tmp_path: Path):
    said = list[str]()
    path = tmp_path / "cache.db"
    cache = FileCache(path, said.append)
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE seen")
    file.close()
    memory: FirstSeen = cache
    assert memory.first_seen("r app", {DIGEST}, {DIGEST}, NOW) == {}
    assert "cannot be used" in said[0]
    cache.close()
