"""S12 on registries and policies that nobody thought of: delete a whole plan, restore, and all is as it was before.

What moved on meanwhile stays where it is; after a collection nothing is put, unless all of it is still there.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.keepsake import Heading, Saved, pack, saved, unpack
from regsweep.core.oci import Digest, parse_digest
from regsweep.core.restoration import Put
from regsweep.steps.restore import Looker, Restored, Restorer, look, restore
from tests.property.engine import decide
from tests.property.model import World
from tests.property.strategies import Case, make_case
from tests.quiet import Quiet

NUMBERS = st.integers(0, 2**40)
SIZES = st.sampled_from([2, 5, 8, 12, 16])


class Shelf:
    """`World` as a Putter sees it. Refuses as Distribution does."""

    def __init__(self, world: World) -> None:
        self.world = world

    def head(self, name: str, reference: str) -> SimpleNamespace | None:
        room = self.world.rooms[name]
        digest = reference if ":" in reference else room.tags.get(reference)
        return SimpleNamespace(digest=digest) if digest in room.revisions else None

    def manifest(self, name: str, reference: str) -> SimpleNamespace | None:
        return self.head(name, reference)

    def reads_blob(self, name: str, digest: str) -> bool:
        return digest in self.world.blobs

    def put_manifest(self, name: str, reference: str, body: bytes, media_type: str) -> tuple[Digest, ...] | None:
        digest = str(parse_digest(reference)) if ":" in reference else digest_in(self.world, body)
        absent = set(self.world.children(digest)) - self.world.rooms[name].revisions
        blobs = self.world.parts(digest) - {digest} - set(self.world.children(digest)) - elsewhere(self.world, digest)
        absent |= blobs - self.world.blobs.keys()
        if absent:
            return tuple(map(parse_digest, sorted(absent)))
        self.world.rooms[name].revisions.add(digest)
        self.world.blobs[digest] = len(body)
        if ":" not in reference:
            self.world.rooms[name].tags[reference] = digest
        return None


def elsewhere(world: World, digest: str) -> set[str]:
    """Layers that no registry has to have: by licence they lie where their URLs say."""
    layers = world.document(digest).get("layers", [])
    return {layer["digest"] for layer in layers if "foreign" in layer["mediaType"] or "nondistri" in layer["mediaType"]}


def digest_in(world: World, body: bytes) -> str:
    return next(digest for digest, document in world.documents.items() if document == body)


def swept(case: Case) -> tuple[World, list[Saved]]:
    """The registry after the plan of the case, and what was kept before: through the file and back."""
    world, kept = case.world.copy(), []
    for action in decide(case).plan.actions:
        tags = world.rooms[action.repository].tags
        kept.append(saved(action, world.documents[action.digest], action.media_type, tags))
    heading = Heading("http://registry:5000", "nightly", "sha256:" + "0" * 64)
    pieces = list(pack(heading, kept))
    for one in kept:
        world.delete(one.repository, one.digest)
    return world, list(unpack(pieces))


def put_back(world: World, kept: list[Saved]) -> Restored:
    quiet: Any = Quiet()
    shelf: Any = Shelf(world)
    return restore(kept, (), Restorer(shelf, 2, quiet, quiet, lambda _: None))


def lost(world: World, kept: list[Saved]) -> int:
    quiet: Any = Quiet()
    shelf: Any = Shelf(world)
    return len(look(kept, (), Looker(shelf, 2, quiet, quiet)).lost)


def whole(world: World) -> dict[str, tuple[set[str], dict[str, str | None]]]:
    """What is there, but for tags that name nothing: no manifest was ever under them."""
    return {
        name: (set(room.revisions), {tag: target for tag, target in room.tags.items() if target in room.revisions})
        for name, room in world.rooms.items()
    }


def broken_before(world: World, one: Saved) -> bool:
    """Whether the registry would not have taken it as it stood: a child of it, at some depth, was missing already. An
    index can list a manifest as if it were a layer.
    """
    room = world.rooms[one.repository]
    open_ends, seen = [str(one.digest)], set()
    while open_ends:
        digest = open_ends.pop()
        if digest not in room.revisions:
            return True
        if digest not in seen:
            seen.add(digest)
            open_ends += world.children(digest)
            open_ends += world.parts(digest) & world.documents.keys()
    return False


@given(number=NUMBERS, size=SIZES)
def test_all_is_as_it_was_before(number: int, size: int) -> None:
    case = make_case(number, size)
    world, kept = swept(case)
    missing = {part for one in kept for part in case.world.parts(one.digest)} - case.world.blobs.keys()
    found = put_back(world, kept)
    failed = {(o.repository, o.digest) for o in found.outcomes if o.result is Put.FAILED}
    for one in kept:
        if (one.repository, one.digest) in failed:
            hopeless = broken_before(case.world, one) or missing & all_parts(case.world, one)
            assert hopeless, f"{one.repository}@{one.digest} could have come back"
    if not failed:
        assert whole(world) == whole(case.world)


@given(number=NUMBERS, size=SIZES, seed=st.integers(0, 2**32))
def test_no_tag_is_moved_and_the_rest_comes_back(number: int, size: int, seed: int) -> None:
    case = make_case(number, size)
    world, kept = swept(case)
    tagged = [(one.repository, tag) for one in kept for tag in one.tags]
    moved = {place for number, place in enumerate(tagged) if seed >> (number % 32) & 1}
    for name, tag in moved:
        others = sorted(world.rooms[name].revisions)
        if others:
            world.rooms[name].tags[tag] = others[seed % len(others)]
    stands = {(name, tag): world.rooms[name].tags[tag] for name, tag in moved if tag in world.rooms[name].tags}
    put_back(world, kept)
    for (name, tag), target in stands.items():
        assert world.rooms[name].tags[tag] == target
    for name, room in world.rooms.items():
        before = case.world.rooms[name]
        assert room.revisions <= before.revisions
        assert {t: d for t, d in room.tags.items() if (name, t) not in stands}.items() <= before.tags.items()


@given(number=NUMBERS, size=SIZES)
def test_a_tag_never_names_what_is_not_whole(number: int, size: int) -> None:
    """At every put: a registry that is looked at in between shows no half image."""
    case = make_case(number, size)
    world, kept = swept(case)
    before = {(name, tag) for name, room in world.rooms.items() for tag in room.tags}
    shelf = Shelf(world)
    put = shelf.put_manifest

    def watched(name: str, reference: str, body: bytes, media_type: str) -> tuple[Digest, ...] | None:
        found = put(name, reference, body, media_type)
        for tag, target in world.rooms[name].tags.items():
            if (name, tag) not in before and target is not None:
                assert set(world.children(target)) <= world.rooms[name].revisions
        return found

    shelf.put_manifest = watched  # type: ignore[method-assign]
    quiet: Any = Quiet()
    restore(kept, (), Restorer(shelf, 2, quiet, quiet, lambda _: None))  # type: ignore[arg-type]


@given(number=NUMBERS, size=SIZES)
def test_after_a_collection_what_is_not_said_to_be_lost_comes_back(number: int, size: int) -> None:
    case = make_case(number, size)
    world, kept = swept(case)
    world.collect()
    if not lost(world, kept):
        failed = [o for o in put_back(world, kept).outcomes if o.result is Put.FAILED]
        by_digest = {(one.repository, one.digest): one for one in kept}
        assert all(broken_before(case.world, by_digest[o.repository, o.digest]) for o in failed)


def all_parts(world: World, one: Saved) -> set[str]:
    found, open_ends = set[str](), [str(one.digest)]
    while open_ends:
        digest = open_ends.pop()
        if digest in world.documents and digest not in found:
            open_ends += world.children(digest)
        found |= {digest, *(world.parts(digest) if digest in world.documents else ())}
    return found
