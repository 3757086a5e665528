"""Blobs from a store: each with its own bytes, or none at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.oci import Digest
from regsweep.steps.storage.contents import read_contents, read_sizes
from regsweep.steps.storage.store import Store
from tests.unit.steps.storage.tree import Tree, by_shell, by_walk, shells

GONE = Digest("sha256:" + "0" * 64)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "store")


def test_both_stores_say_which_there_are_and_what_they_hold(tree: Tree, tmp_path: Path) -> None:
    bodies = [b"", b"\n", b"+ 1\n", b"end\n", b"x" * 5000, b"\x00\xff", *(b"%d" % number for number in range(200))]
    blobs = {tree.blob(body): body for body in bodies}
    asked = [*blobs, GONE]
    stores: list[Store] = [by_walk(tree.root), *(by_shell(tree.root, path) for path in shells(tmp_path / "busybox"))]
    for store in stores:
        assert read_sizes(store.sizes(asked), set(asked)) == {digest: len(body) for digest, body in blobs.items()}
        shown = dict(read_contents(store.contents(asked, 10_000), set(asked), 5000))
        assert shown == {**blobs, GONE: None}


def test_bytes_that_are_not_what_their_digest_says_are_nobodys(tree: Tree) -> None:
    good, bad = tree.blob(b"good"), tree.blob(b"is damaged")
    tree.data(bad).write_bytes(b"was ruined")
    for store in (by_walk(tree.root), by_shell(tree.root)):
        shown = dict(read_contents(store.contents([good, bad], 100), {good, bad}, 100))
        assert shown == {good: b"good", bad: None}


def test_no_more_is_read_than_was_asked_for(tree: Tree) -> None:
    large = tree.blob(b"x" * 100_000)
    for store in (by_walk(tree.root), by_shell(tree.root)):
        with pytest.raises(Exception, match=r"more than 10|too much"):
            list(read_contents(store.contents([large], 10), {large}, 10))


@pytest.mark.parametrize("place", ["data", "folder"])
def test_a_blob_outside_of_the_store_is_not_read(tree: Tree, tmp_path: Path, place: str) -> None:
    secret = tree.blob(b"secret")
    file = tree.data(secret) if place == "data" else tree.data(secret).parent
    outside = tmp_path / "outside"
    file.rename(outside)
    file.symlink_to(outside)
    with pytest.raises(ValueError, match="no file of a blob"):
        read_sizes(by_walk(tree.root).sizes([secret]), {secret})


def test_an_answer_that_is_cut_anywhere_is_not_believed(tree: Tree) -> None:
    digests = [tree.blob(b"one"), GONE, tree.blob(b"two\n")]
    for store in (by_walk(tree.root), by_shell(tree.root)):
        sizes, shown = b"".join(store.sizes(digests)), b"".join(store.contents(digests, 100))
        for end in range(len(sizes)):
            with pytest.raises(ValueError):
                read_sizes([sizes[:end]], set(digests))
        for end in range(len(shown)):
            with pytest.raises(ValueError):
                list(read_contents([shown[:end]], set(digests), 100))


def test_an_answer_that_leaves_one_out_is_not_believed(tree: Tree) -> None:
    digest = tree.blob(b"one")
    store = by_walk(tree.root)
    with pytest.raises(ValueError, match="each blob"):
        read_sizes(store.sizes([digest]), {digest, GONE})
    with pytest.raises(ValueError, match="each blob"):
        list(read_contents(store.contents([digest], 100), {digest, GONE}, 100))


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=8), st.integers(1, 50), st.data())
def test_a_changed_byte_is_never_taken_for_content(bodies: list[bytes], cut: int, data: st.DataObject) -> None:
    from regsweep.core.oci import digest_of

    blobs = {digest_of(body): body for body in bodies}
    records = "".join(f"S 1 {len(body)} {digest[7:9]}/{digest[7:]}/data\n" for digest, body in blobs.items())
    told = b"store 1 5\n" + records.encode() + f"ended 0\n+ {len(blobs)}\n".encode()
    told += b"".join(blobs.values()) + b"\nlook 0\nend\n"
    at = data.draw(st.integers(0, len(told) - 1))
    changed = bytearray(told)
    changed[at] = data.draw(st.integers(0, 255))
    pieces = [bytes(changed[first : first + cut]) for first in range(0, len(changed), cut)]
    try:
        shown = dict(read_contents(pieces, blobs.keys(), 200))
    except ValueError:
        return
    assert all(body is None or blobs[digest] == body for digest, body in shown.items())
    assert shown.keys() == blobs.keys()
