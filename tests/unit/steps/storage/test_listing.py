"""A store is listed whole, whatever lies in it; by the walk and by the scripts alike; and half a listing is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.steps.storage.listing import Listing, SymbolicLink, look_again, read_listing
from regsweep.steps.storage.places import Kind, Place, place_of
from tests.unit.steps.storage import huge
from tests.unit.steps.storage.tree import NOW, Tree, by_shell, by_walk, shells

A, B = ("sha256:" + letter * 64 for letter in "ab")
AT = int(NOW.timestamp())


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "store")


def wild(tree: Tree) -> None:
    """All that may lie in a store, and all that may not."""
    for tag in ("v1", "index", "current", "link", "tags", "revisions", "_layers", "_manifests", "_uploads", "A.b-c_D"):
        tree.tag("team/app", tag, A, 2)
    tree.revision("team/app", A, 3)
    tree.revision("team/app", B, 4)
    tree.write(f"team/app/_layers/sha256/{A[7:]}/link", A)
    tree.write("team/app/_uploads/1234/data", b"x")
    (tree.repositories / f"team/app/_manifests/revisions/sha256/{'c' * 64}").mkdir()
    tree.tag("team/app/nested", "x", B)
    tree.tag("team", "outer", A)
    tree.tag("tags/revisions", "t", A)
    tree.write("empty/_manifests/tags/half/current/link", b"")
    tree.write("empty/_manifests/tags/junk/current/link", b"x" * 71)
    tree.write("empty/_manifests/tags/long/current/link", f"{A}\n")
    tree.write("empty/_manifests/tags/two/current/link", f"{A}\n{A}\n")
    tree.write("empty/_manifests/tags/temp/current/link.0123-45.tmp", A)
    tree.write(f"empty/_manifests/revisions/sha256/{B[7:]}/link", b"")
    tree.write(f"empty/_manifests/revisions/sha256/{A[7:]}/link.0123-45.tmp", b"")
    (tree.repositories / "empty/_manifests/tags/bare").mkdir()
    tree.write("empty/_manifests/tags/.nfs0001", b"")
    tree.write("empty/_manifests/tags/-x/current/link", A)
    (tree.repositories / "hidden/_layers").mkdir(parents=True)
    (tree.repositories / "lost+found").mkdir()
    (tree.repositories / "Upper/_manifests").mkdir(parents=True)
    (tree.repositories / "new\nline/_layers").mkdir(parents=True)
    (tree.repositories / "with space").mkdir()
    (tree.repositories / os.fsdecode(b"not\xffutf8/_manifests")).mkdir(parents=True)
    tree.write("README", b"x")
    tree.write("new\nS 1 71 .", b"x")
    os.mkfifo(tree.repositories / "fifo")


def test_everything_is_seen_and_nothing_is_taken_for_something_else(tree: Tree) -> None:
    wild(tree)
    listing = read_listing(by_walk(tree.root).listing())
    app = listing.shelves["team/app"]
    assert set(app.tags()) == {
        "v1", "index", "current", "link", "tags", "revisions", "_layers", "_manifests", "_uploads", "A.b-c_D",
    }  # fmt: skip
    assert set(app.tags().values()) == {(A[7:], AT - 2 * 86_400)}
    assert app.pushes() == {A[7:]: AT - 3 * 86_400, B[7:]: AT - 4 * 86_400}
    assert (app.layers, app.bare, app.broken, app.leftovers) == (True, set(), {}, {})
    assert set(listing.shelves) == {"team", "team/app", "team/app/nested", "tags/revisions", "empty", "hidden"}
    empty = listing.shelves["empty"]
    assert (empty.tags(), empty.bare) == ({}, {"bare", "temp"})
    assert {place_of(path).name: size for path, size in empty.broken.items()} == {
        "half": 0, "junk": 71, "long": 72, "two": 144, B[7:]: 0,
    }  # fmt: skip
    assert len(empty.leftovers) == 2
    assert sorted(listing.misnamed) == ["./Upper/_manifests", "./new?line", "./not?utf8"]
    assert {"./lost?found", "./with?space", "./README", "./fifo", "./new?S?1?71?."} <= set(listing.foreign)


def test_the_scripts_say_what_the_walk_says(tree: Tree, tmp_path: Path) -> None:
    wild(tree)
    walked = read_listing(by_walk(tree.root).listing())
    for path in shells(tmp_path / "busybox"):
        told = read_listing(by_shell(tree.root, path).listing())
        assert _sorted(told) == _sorted(walked)


def _sorted(listing: Listing) -> object:
    shelves = {
        name: (shelf.tags(), shelf.pushes(), shelf.bare, shelf.broken, shelf.leftovers, shelf.layers, shelf.strange)
        for name, shelf in listing.shelves.items()
    }
    return shelves, sorted(listing.misnamed), sorted(listing.foreign)


@pytest.mark.parametrize(
    "place",
    ["linked", "team/app/_manifests/tags/v9", "team/app/_manifests/tags/v1/current/link", "team/_manifests"],
)
def test_a_symbolic_link_ends_the_listing(tree: Tree, tmp_path: Path, place: str) -> None:
    tree.tag("team/app", "v1", A)
    link = tree.repositories / place
    link.unlink(missing_ok=True)
    link.symlink_to(tmp_path)
    for store in (by_walk(tree.root), by_shell(tree.root)):
        with pytest.raises(SymbolicLink, match=place):
            read_listing(store.listing())


def test_another_algorithm_makes_a_repository_strange(tree: Tree) -> None:
    tree.write(f"team/app/_manifests/revisions/sha512/{'a' * 128}/link", b"x")
    for store in (by_walk(tree.root), by_shell(tree.root)):
        assert read_listing(store.listing()).shelves["team/app"].strange


def test_what_was_doubtful_is_looked_at_again(tree: Tree, tmp_path: Path) -> None:
    half = tree.write("r/_manifests/tags/half/current/link", b"")
    moved = tree.tag("r", "moved", A)
    tree.tag("r", "deleted", A)
    bare = tree.repositories / "r/_manifests/tags/bare"
    bare.mkdir()
    still = tree.write("r/_manifests/tags/still/current/link", b"")
    revision = tree.write(f"r/_manifests/revisions/sha256/{B[7:]}/link", b"")
    listing = read_listing(by_walk(tree.root).listing())
    doubts = list(listing.doubtful())
    half.write_text(A)
    moved.write_text(B)
    revision.write_text(B)
    (bare / "current").mkdir()
    (bare / "current/link").write_text(B)
    (tree.repositories / "r/_manifests/tags/deleted").rename(tmp_path / "away")
    look_again(listing, by_shell(tree.root).look(doubts))
    shelf = listing.shelves["r"]
    assert {tag: hexes for tag, (hexes, _) in shelf.tags().items()} == {
        "half": A[7:], "moved": B[7:], "bare": B[7:],
    }  # fmt: skip
    assert set(shelf.pushes()) == {B[7:]}
    assert list(shelf.broken) == ["./" + str(still.relative_to(tree.repositories))]
    assert not shelf.bare


def test_of_a_tag_that_is_pushed_meanwhile_the_manifest_was_listed_later(tree: Tree) -> None:
    """Tags first, then revisions: what came in between has a revision that was listed, and no tag yet."""
    tree.tag("r", "old", A)
    tree.revision("r", A)
    pieces = by_walk(tree.root).listing()
    seen = []
    for piece in pieces:
        seen.append(piece)
        if piece == b"tags 0\n":
            tree.tag("r", "new", B)
            tree.revision("r", B)
    shelf = read_listing(seen).shelves["r"]
    assert set(shelf.tags()) == {"old"}
    assert set(shelf.pushes()) == {A[7:], B[7:]}


def answer(tree: Tree) -> bytes:
    wild(tree)
    return b"".join(by_shell(tree.root).listing())


def test_a_listing_that_is_cut_anywhere_is_not_believed(tree: Tree) -> None:
    whole = answer(tree)
    read_listing([whole])
    for end in range(len(whole)):
        with pytest.raises(ValueError):
            read_listing([whole[:end]])


def test_a_listing_that_lost_a_line_says_no_less(tree: Tree) -> None:
    """It is refused, or what it misses is doubtful: a tag never just goes, and neither does a revision."""
    whole = answer(tree)
    lines = whole.splitlines(keepends=True)
    before = _sorted(read_listing([whole]))
    for number, line in enumerate(lines):
        try:
            less = read_listing([b"".join(lines[:number] + lines[number + 1 :])])
        except ValueError:
            continue
        assert line.startswith(b"./") or _sorted(less) == before
        for name, shelf in read_listing([whole]).shelves.items():
            lost = shelf.tags().keys() - less.shelves[name].tags().keys()
            assert all(any(f"/{tag}/current/link" in path for path in less.doubtful()) for tag in lost)


WORDS = [
    pytest.param(b"", "cut off", id="nothing"),
    pytest.param(b"sh: not found\n", "does not begin", id="another program"),
    pytest.param(b"store 1 5\nended 1\n+ 0\ntags 0\n", "ended with 1", id="find failed"),
    pytest.param(b"store 1 5\nended 0\n+ 0\ntags 123\n", "ended with 0 and 123", id="xargs failed"),
    pytest.param(b"store 1 5\n+ 0\ntags 0\n", "ended with None", id="the listing has no end"),
    pytest.param(
        b"store 1 5\nS 1 71 ./a/_manifests/tags/b/current/link\n+ 2\n", "a batch of 2 has 1", id="a file less"
    ),
    pytest.param(b"store 1 5\nS x 71 ./a\n", "none of its own", id="no number"),
    pytest.param(b"store 1 5\nended 0\nended 0\n", "none of its own", id="ended twice"),
    pytest.param(b"store 1 5\n" + b"x" * 9000, "no end", id="a line without an end"),
    pytest.param(b"store 1 5\n" + b"D ./a\n" * 10_002, "no end", id="a batch without an end"),
    pytest.param(b"store 1 5\n\xff\n", "ascii", id="not ASCII"),
    pytest.param(
        b"store 1 5\nended 0\n+ 0\ntags 0\nended 0\n+ 0\nrevisions 0\nend\nmore", "goes on", id="something follows"
    ),
]


@pytest.mark.parametrize(("told", "words"), WORDS)
def test_what_is_no_listing_is_refused_with_its_reason(told: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_listing([told])


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=5))
def test_whatever_comes_it_is_a_listing_or_a_value_error(tail: bytes, cuts: list[int]) -> None:
    told = b"store 1 5\nD ./a/_manifests/tags/b\nended 0\n+ 1\ntags 0\n" + tail
    pieces = [told[at : at + 7] for at in range(0, len(told), 7)]
    try:
        listing = read_listing(pieces)
    except ValueError:
        return
    assert listing.shelves["a"].bare == {"b"}


names = st.from_regex(r"[a-z0-9]{1,5}(/[a-z0-9]{1,5}){0,2}", fullmatch=True)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)


@given(names, tags)
def test_every_legal_name_is_understood(name: str, tag: str) -> None:
    assert place_of(f"./{name}/_manifests/tags/{tag}") == Place(Kind.TAG, name, tag)
    assert place_of(f"./{name}/_manifests/tags/{tag}/current/link") == Place(Kind.TAG_LINK, name, tag)
    assert place_of(f"./{name}/_manifests/revisions/sha256/{A[7:]}/link") == Place(Kind.REVISION, name, A[7:])


def test_a_hundred_thousand_tags_in_a_repository_take_two_hundred_bytes_each() -> None:
    """In a process of its own, whose memory nothing else has filled before."""
    ended = subprocess.run([sys.executable, huge.__file__], capture_output=True, text=True, check=True, timeout=100)
    tags, doubts, more = map(int, ended.stdout.split())
    assert (tags, doubts) == (huge.TAGS, 0)
    assert more < 200 * huge.TAGS
