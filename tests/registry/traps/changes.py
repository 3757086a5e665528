"""The registry lives on: tags that move, names that come later, and what was broken before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from regsweep.demo.images import index
from tests.registry.traps.trap import Trap, forget, plain, several


def traps() -> Iterator[Trap]:
    yield _overwritten()
    yield _overwritten_index()
    yield _never_tagged()
    yield _tag_moved()
    yield _new_tag()
    yield _new_index()
    yield _pushed_again()
    yield _tag_without_manifest()


def _overwritten() -> Trap:
    name = "overwritten"
    return Trap(
        name,
        "every push of `latest` leaves the manifest before it without a tag: the API lists it no more",
        kept=(plain(f"{name}/3").at(name, "latest"),),
        gone=(plain(f"{name}/gone").at(name, "pr-1"),),
        left=(plain(f"{name}/1").at(name, "latest"), plain(f"{name}/2").at(name, "latest")),
    )


def _overwritten_index() -> Trap:
    name, first = "overwritten-index", several("overwritten-index/1")
    fresh = index((first.children[0], plain(f"{name}/rebuilt")))
    return Trap(
        name,
        "the index before is without a tag, and shares a child with the one that has it now",
        kept=(fresh.at(name, "latest"),),
        left=(first.at(name, "latest"),),
    )


def _never_tagged() -> Trap:
    name = "never-tagged"
    return Trap(
        name,
        "it was pushed by digest, and who uses it asks by digest: the API does not list it",
        kept=(plain(f"{name}/kept").at(name, "1.0"),),
        gone=(plain(f"{name}/gone").at(name, "pr-1"),),
        left=(plain(f"{name}/left").at(name),),
    )


def _tag_moved() -> Trap:
    name = "tag-moved"
    return Trap(
        name,
        "between plan and apply the tag moved on: the DELETE of the old digest races with the push of the new one",
        kept=(plain(f"{name}/kept").at(name, "1.0"),),
        left=(plain(f"{name}/before").at(name, "pr-1"),),
        meanwhile=(plain(f"{name}/after", None).at(name, "pr-1"),),
    )


def _new_tag() -> Trap:
    name, image = "new-tag", several("new-tag")
    return Trap(
        name,
        "between plan and apply a condemned image was released under a second tag",
        kept=(image.at(name, "pr-1"),),
        gone=(plain(f"{name}/gone").at(name, "pr-2"),),
        meanwhile=(image.at(name, "1.0"),),
    )


def _new_index() -> Trap:
    name, image = "new-index", plain("new-index/child")
    return Trap(
        name,
        "between plan and apply somebody pushed an index that lists a condemned image",
        kept=(image.at(name, "pr-1-amd64"),),
        gone=(plain(f"{name}/gone").at(name, "pr-2"),),
        meanwhile=(index((image, plain(f"{name}/other"))).at(name, "1.0"),),
    )


def _pushed_again() -> Trap:
    name, condemned = "pushed-again", several("pushed-again")
    return Trap(
        name,
        "between plan and apply a child of a condemned index became a part of a new one",
        gone=(condemned.at(name, "pr-1"),),
        meanwhile=(index((condemned.children[1],)).at(name, "1.0"),),
    )


def _tag_without_manifest() -> Trap:
    name, lost = "tag-without-manifest", plain("tag-without-manifest/lost")

    def spoil(storage: Path) -> None:
        forget(storage, name, lost)

    return Trap(
        name,
        "a tag is listed and has no manifest: one 404 must not end the cleaning of all the rest",
        kept=(plain(f"{name}/kept").at(name, "1.0"),),
        gone=(plain(f"{name}/gone").at(name, "pr-2"),),
        spoilt=(lost.at(name, "pr-1"),),
        spoil=spoil,
        findings=("broken.no-manifest",),
    )
