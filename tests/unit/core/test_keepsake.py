"""A keepsake comes back byte by byte, or is refused: cut, changed, of another version, too large."""

from __future__ import annotations

import gzip
import json

import pytest

from regsweep.core import keepsake
from regsweep.core.keepsake import Heading, Saved, check, heading_of, pack, saved, unpack
from regsweep.core.oci import OCI_MANIFEST, digest_of
from regsweep.core.plan import Action
from regsweep.errors import KeepsakeTooLarge, KeepsakeUnreadable

HEADING = Heading("http://registry:5000", "registry/nightly", "sha256:" + 64 * "a")


def one(number: int, body: bytes | None = None, *tags: str) -> Saved:
    content = body if body is not None else json.dumps({"number": number, "text": "ü\n\u2028"}).encode()
    digest = digest_of(content)
    return Saved(f"team/app-{number % 3}", digest, OCI_MANIFEST, content, tags, digest)


MANY = [one(number, None, f"v{number}", "latest") for number in range(50)]


def lines(*documents: object) -> list[bytes]:
    return [gzip.compress(b"".join(json.dumps(each).encode() + b"\n" for each in documents))]


HEAD = {"keepsake": 1, "registry": "r", "policy": "p", "plan": HEADING.plan}
GOOD = {
    "repository": "team/app",
    "digest": digest_of(b"{}"),
    "mediaType": OCI_MANIFEST,
    "tags": ["v1"],
    "root": digest_of(b"{}"),
    "text": "{}",
}


def test_all_comes_back_in_order() -> None:
    pieces = list(pack(HEADING, MANY))
    assert list(unpack(pieces)) == MANY
    assert heading_of(pieces) == HEADING


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"\x00" * 1000, b"{}\r\n\t"], ids=repr)
def test_bytes_come_back_as_they_were(body: bytes) -> None:
    assert [each.body for each in unpack(pack(HEADING, [one(0, body)]))] == [body]


def test_the_same_manifests_give_the_same_bytes() -> None:
    assert list(pack(HEADING, MANY)) == list(pack(HEADING, iter(MANY)))


def test_it_is_one_gzip_stream_that_anybody_can_read() -> None:
    text = gzip.decompress(b"".join(pack(HEADING, MANY[:1]))).decode()
    head, first = map(json.loads, text.splitlines())
    assert (head["keepsake"], head["registry"]) == (1, HEADING.registry)
    assert (first["repository"], first["tags"]) == ("team/app-0", ["v0", "latest"])


def test_pieces_are_cut_and_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepsake, "CHUNK_BYTES", 100)
    pieces = list(pack(HEADING, MANY[:20]))
    assert len(pieces) > 3
    assert {len(piece) for piece in pieces[:-1]} == {100}
    assert list(unpack(pieces)) == MANY[:20]


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepsake, "CHUNK_BYTES", 100)
    monkeypatch.setattr(keepsake, "MAXIMUM_CHUNKS", 5)
    with pytest.raises(KeepsakeTooLarge, match=r"undo\.enabled: false"):
        list(pack(HEADING, MANY))


def test_an_empty_one_is_one() -> None:
    assert list(unpack(pack(HEADING, []))) == []


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        pytest.param([], "not whole", id="nothing"),
        pytest.param([b"not gzip at all"], "cannot be unpacked", id="no gzip"),
        pytest.param([b"".join(pack(HEADING, MANY))[:-9]], "not whole", id="cut"),
        pytest.param([*pack(HEADING, MANY), b"more"], "something follows", id="more"),
        pytest.param([gzip.compress(b'{"keepsake":1}')], "not whole", id="half a line"),
        pytest.param(lines({**HEAD, "keepsake": 2}), "version 1", id="another version"),
        pytest.param(lines({"plan": "x"}), "first line", id="no heading"),
        pytest.param(lines(HEAD, {**GOOD, "text": "{ }"}), "bytes in line 2 are not those", id="changed body"),
        pytest.param(lines(HEAD, {**GOOD, "text": None}), "not those", id="no body"),
        pytest.param(lines(HEAD, GOOD, {**GOOD, "digest": "sha256:1"}), "line 3, digest", id="no digest"),
        pytest.param(lines(HEAD, {**GOOD, "repository": "../x"}), "line 2, repository", id="no repository"),
        pytest.param(lines(HEAD, {**GOOD, "tags": ["a/b"]}), "line 2, tags", id="no tag"),
        pytest.param(lines(HEAD, {**GOOD, "more": 1}), "line 2, more", id="unknown field"),
    ],
)
def test_what_is_none_is_refused(pieces: list[bytes], words: str) -> None:
    with pytest.raises(KeepsakeUnreadable, match=words):
        check(pieces)


@pytest.mark.parametrize("limit", ["MAXIMUM_TEXT_BYTES", "MAXIMUM_LINE_BYTES"])
def test_a_little_that_unpacks_to_much_is_refused(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(keepsake, limit, 1 << 16)
    with pytest.raises(KeepsakeUnreadable, match="larger than"):
        check([gzip.compress(b"\n" * (1 << 22) if limit == "MAXIMUM_TEXT_BYTES" else b" " * (1 << 22))])


def test_the_heading_is_read_without_the_rest() -> None:
    def first_piece_alone():
        yield next(iter(pack(HEADING, MANY)))[:200]
        raise AssertionError("read on")

    assert heading_of(first_piece_alone()) == HEADING


def test_a_tag_that_is_gone_already_is_not_kept() -> None:
    action = Action("a", digest_of(b"{}"), OCI_MANIFEST, "expired.r", ("v1", "v2"), digest_of(b"{}"), 2)
    assert saved(action, b"{}", OCI_MANIFEST, {"v2", "v3"}).tags == ("v2",)
