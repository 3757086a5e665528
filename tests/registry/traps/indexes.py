"""An index holds what it lists: its children go with it, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from regsweep.demo.accessories import attested
from regsweep.demo.documents import OCI_INDEX, Document, as_json
from regsweep.demo.images import AMD64, ARM64, DOCKER, OCI, image, index, layer, multi_platform
from tests.registry.traps.trap import BASE, OLD, Trap, forget, plain, rule, several


def traps() -> Iterator[Trap]:
    yield _children()
    yield _manifest_list()
    yield _tagged_child_of_a_kept_index()
    yield _tagged_child_of_an_index_that_goes()
    yield _child_of_two()
    yield _children_of_two_that_go()
    yield _nested()
    yield _attested()
    yield _newest_platform()
    yield _missing_child()
    yield _empty_index()


def _children() -> Trap:
    name = "children"
    return Trap(
        name,
        "the children of a deleted index have no tag: nobody finds them again, and their bytes never come back",
        kept=(several("children/kept").at(name, "1.0"),),
        gone=(several("children/gone").at(name, "pr-1"), several("children/gone-too").at(name, "pr-2")),
    )


def _manifest_list() -> Trap:
    name = "manifest-list"
    return Trap(
        name,
        "asked for one media type, the registry answers with a child of a Docker list: a DELETE of that breaks it",
        kept=(multi_platform(BASE, f"{name}/kept", OLD, count=3, form=DOCKER).at(name, "1.0"),),
        gone=(multi_platform(BASE, f"{name}/gone", OLD, count=3, form=DOCKER).at(name, "pr-1"),),
    )


def _tagged_child_of_a_kept_index() -> Trap:
    name = "tagged-child"
    first, second = _platforms(name)
    return Trap(
        name,
        "the child of a kept index has a tag of its own, and that one is old",
        kept=(index((first, second)).at(name, "1.0"), first.at(name, "pr-1-amd64")),
        gone=(plain("tagged-child/other").at(name, "pr-2"),),
    )


def _tagged_child_of_an_index_that_goes() -> Trap:
    name = "kept-child"
    first, second = _platforms(name)
    whole = index((first, second))
    return Trap(
        name,
        "the index goes, and one of its children is wanted by a tag of its own",
        kept=(first.at(name, "1.0-amd64"),),
        gone=(whole.at(name, "pr-1"),),
    )


def _child_of_two() -> Trap:
    name = "child-of-two"
    common, new = _platforms(name)
    old = image((BASE, layer(f"{name}/old", 700)), OLD, platform=ARM64, label="old")
    return Trap(
        name,
        "two indexes list one child, and only one of them goes",
        kept=(index((common, new)).at(name, "1.0"),),
        gone=(index((common, old)).at(name, "pr-1"),),
    )


def _children_of_two_that_go() -> Trap:
    name = "children-of-two-that-go"
    first, second = _platforms(name)
    return Trap(
        name,
        "two indexes list one child, and both go: it goes with the last of them",
        kept=(plain(f"{name}/kept").at(name, "1.0"),),
        gone=(index((first, second)).at(name, "pr-1"), index((second, first)).at(name, "pr-2")),
    )


def _nested() -> Trap:
    name = "nested"
    return Trap(
        name,
        "indexes lie in indexes: what only looks one level deep loses the second level, or leaves it behind",
        kept=(index((index((several(f"{name}/kept"),)), plain(f"{name}/beside"))).at(name, "1.0"),),
        gone=(index((index((several(f"{name}/gone"),)), plain(f"{name}/gone-beside"))).at(name, "pr-1"),),
    )


def _attested() -> Trap:
    name = "attested"
    return Trap(
        name,
        "attestations are children of platform unknown/unknown: no image, and part of the index all the same",
        kept=(attested(_platforms(f"{name}/kept")).at(name, "1.0"),),
        gone=(attested(_platforms(f"{name}/gone")).at(name, "pr-1"),),
    )


def _newest_platform() -> Trap:
    name = "newest-platform"

    def built(label: str, *months: int) -> Document:
        platforms = zip(months, (AMD64, ARM64), strict=True)
        return index(
            tuple(
                image((BASE, layer(f"{name}/{label}/{month}", 600)), f"2024-{month:02}-01T00:00:00Z", platform=platform)
                for month, platform in platforms
            )
        )

    return Trap(
        name,
        "the platforms of an index were built at different times: the newest of them is its age",
        kept=(built("b", 1, 6).at(name, "b"),),
        gone=(built("a", 4, 5).at(name, "a"),),
        rules=(rule(name, latest=1, orderBy="CreatedTime"),),
    )


def _missing_child() -> Trap:
    name = "missing-child"
    kept, going = (tuple(_platforms(f"{name}/{which}")) for which in ("kept", "gone"))

    def spoil(storage: Path) -> None:
        for lost in (kept[1], going[1]):
            forget(storage, name, lost)

    return Trap(
        name,
        "an index lists a child that is gone: the rest of it is still wanted, and the rest of another can still go",
        kept=(_without_last(index(kept)).at(name, "1.0"),),
        gone=(_without_last(index(going)).at(name, "pr-1"),),
        spoilt=(kept[1].at(name), going[1].at(name)),
        spoil=spoil,
        findings=("broken.missing-child",),
    )


def _without_last(whole: Document) -> Document:
    """The same bytes, and the last child not expected to be there."""
    return Document(whole.content, whole.media_type, whole.blobs, whole.children[:-1])


def _empty_index() -> Trap:
    name = "empty-index"

    def empty(created: str) -> Document:
        annotations = {"org.opencontainers.image.created": created}
        return Document(
            as_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": annotations}),
            OCI_INDEX,
        )

    return Trap(
        name,
        "an index may be empty: nothing hangs on it, and it is a manifest like any other",
        kept=(empty("2024-02-01T00:00:00Z").at(name, "1.0"), plain(f"{name}/image").at(name, "image")),
        gone=(empty("2024-01-01T00:00:00Z").at(name, "pr-1"),),
    )


def _platforms(seed: str) -> tuple[Document, Document]:
    """Two images for two platforms, each with a layer of its own."""
    first, second = multi_platform(BASE, seed, OLD, form=OCI).children
    return first, second
