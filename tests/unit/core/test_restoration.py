"""What comes back of a repository, and in which order."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from regsweep.core.keepsake import Saved
from regsweep.core.oci import OCI_INDEX, OCI_MANIFEST, Digest, digest_of
from regsweep.core.restoration import Image, parse_image, turns
from regsweep.errors import InvalidInput, KeepsakeUnreadable


def kept(body: dict[str, Any], media_type: str, *tags: str) -> Saved:
    content = json.dumps({"schemaVersion": 2, "mediaType": media_type, **body}).encode()
    return Saved("team/app", digest_of(content), media_type, content, tags, digest_of(content))


def descriptor(digest: str, media_type: str = OCI_MANIFEST) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": 1}


def image(name: str, *tags: str, **more: Any) -> Saved:
    config = descriptor(digest_of(name.encode()), "application/vnd.oci.image.config.v1+json")
    return kept({"config": config, "layers": [], **more}, OCI_MANIFEST, *tags)


def index(*children: Saved, tags: tuple[str, ...] = ()) -> Saved:
    return kept({"manifests": [descriptor(child.digest, child.media_type) for child in children]}, OCI_INDEX, *tags)


AMD, ARM = image("amd"), image("arm")
INNER = index(AMD)
OUTER = index(INNER, ARM, tags=("v1", "latest"))
PLAIN = image("plain", "v2")
SBOM = image("sbom", subject=descriptor(PLAIN.digest))
FALLBACK = index(SBOM, tags=(PLAIN.digest.replace(":", "-"),))
SIGNATURE = image("signature", OUTER.digest.replace(":", "-") + ".sig")
ALL = [OUTER, SIGNATURE, INNER, AMD, ARM, PLAIN, FALLBACK, SBOM]
"""As a sweep deletes: holders first, subjects before their referrers."""


def digests(*images: Image, of: list[Saved] | None = None) -> list[Digest]:
    return [turn.digest for turn in turns(of or ALL, images)]


def test_children_come_before_indexes_and_subjects_before_referrers() -> None:
    found = digests()
    assert sorted(found) == sorted(one.digest for one in ALL)
    place = {digest: number for number, digest in enumerate(found)}
    for before, after in ((AMD, INNER), (INNER, OUTER), (ARM, OUTER), (PLAIN, SBOM), (SBOM, FALLBACK)):
        assert place[before.digest] < place[after.digest]
    assert place[OUTER.digest] < place[SIGNATURE.digest]


@pytest.mark.parametrize(
    "of", [ALL, ALL[::-1], sorted(ALL, key=lambda one: one.digest)], ids=["as kept", "reversed", "any"]
)
def test_the_order_does_not_hang_on_the_keepsake(of: list[Saved]) -> None:
    place = {digest: number for number, digest in enumerate(digests(of=of))}
    assert all(place[child] < place[turn.digest] for turn in turns(of) for child in turn.children)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        pytest.param("team/app", ALL, id="repository"),
        pytest.param("team/app:v1", [OUTER, INNER, AMD, ARM, SIGNATURE], id="index with all of it"),
        pytest.param("team/app:v2", [PLAIN, SBOM, FALLBACK], id="image with its referrers"),
        pytest.param(f"team/app@{ARM.digest}", [ARM], id="digest"),
        pytest.param(f"team/app:v2@{ARM.digest}", [], id="tag and digest that do not belong together"),
        pytest.param("team/app:v9", [], id="unknown tag"),
        pytest.param("team/other", [], id="unknown repository"),
    ],
)
def test_only_what_was_asked_for_and_what_belongs_to_it(asked: str, wanted: list[Saved]) -> None:
    assert sorted(digests(parse_image(asked))) == sorted(one.digest for one in wanted)


@pytest.mark.parametrize("backwards", [True, False])
def test_a_child_that_is_its_parents_referrer_too_comes_first(backwards: bool) -> None:
    """A fallback tag can be on what the subject lists: the registry takes no index before its children."""
    child = image("child")
    parent = index(child, tags=("v1",))
    knotted = replace(child, tags=(f"sha256-{parent.digest[7:]}",))
    of = [knotted, parent] if backwards else [parent, knotted]
    assert digests(of=of) == [child.digest, parent.digest]


def test_a_long_chain_of_referrers_is_walked() -> None:
    chain = [image("0")]
    for number in range(1, 3000):
        chain.append(image(str(number), subject=descriptor(chain[-1].digest)))
    assert digests(of=chain) == [one.digest for one in chain]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("app", Image("app")),
        ("team/app:v1.2_3-x", Image("team/app", "v1.2_3-x")),
        (f"a/b@{AMD.digest}", Image("a/b", None, AMD.digest)),
        (f"a/b:t@{AMD.digest}", Image("a/b", "t", AMD.digest)),
    ],
    ids=["repository", "tag", "digest", "both"],
)
def test_images_are_written_as_everywhere(text: str, found: Image) -> None:
    assert parse_image(text) == found
    assert str(found) == text


@pytest.mark.parametrize(
    "text", ["", "registry:5000/team/app:v1", "Team/app", "a:b:c", "a@sha256:12", "http://r/a", "a b"]
)
def test_what_names_no_image_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="names no image"):
        parse_image(text)


def test_layers_that_lie_elsewhere_are_not_looked_for() -> None:
    licensed = descriptor(digest_of(b"licensed"), "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    layer = descriptor(digest_of(b"layer"), "application/vnd.oci.image.layer.v1.tar+gzip")
    (turn,) = turns([image("config", layers=[licensed, layer])])
    assert turn.content == (digest_of(b"config"), digest_of(b"layer"))


def test_a_body_that_is_no_manifest_is_refused() -> None:
    broken = Saved("team/app", digest_of(b"[]"), OCI_MANIFEST, b"[]", (), digest_of(b"[]"))
    with pytest.raises(KeepsakeUnreadable, match="is not a JSON object"):
        turns([broken])
