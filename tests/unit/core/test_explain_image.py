"""Which image is meant, and what is said of one that is not there."""

from __future__ import annotations

import pytest

from regsweep.core.explain import Image, find, parse_image
from regsweep.core.inventory import Repository
from regsweep.core.oci import Digest
from regsweep.errors import InvalidInput
from tests.unit.core.shelf import digest, policy
from tests.unit.core.versions import shelf_of_versions

SPEC = policy(
    registry={"url": "https://registry.internal:5000/mirror", "aliases": ["registry.example.com", "hub/team"]}
)
HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("team/app:v1", Image("team/app", "v1", None)),
        ("app:v1.2_x-y", Image("app", "v1.2_x-y", None)),
        (f"team/app@sha256:{HEX}", Image("team/app", None, f"sha256:{HEX}")),
        ("team/app@sha256:012345", Image("team/app", None, "sha256:012345")),
        (f"team/app:v1@sha256:{HEX}", Image("team/app", None, f"sha256:{HEX}")),
        ("registry.internal:5000/mirror/team/app:v1", Image("team/app", "v1", None)),
        ("registry.example.com/team/app:v1", Image("team/app", "v1", None)),
        ("hub/team/app:v1", Image("app", "v1", None)),
    ],
)
def test_an_image_as_people_write_it(text: str, image: Image) -> None:
    assert parse_image(text, SPEC) == image


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team/app", "write team/app:TAG"),
        ("registry.internal:5000/mirror/app", "write app:TAG"),
        ("team/app@v1", "write sha256:"),
        ("team/app@sha256:0123", "at least six"),
        ("team/app:", "no tag after the colon"),
        ("other.example.com:5000/app:v1", "with registry.internal:5000/mirror or registry.example.com or hub/team"),
        ("Team/App:v1", "no image of this registry"),
        (":v1", "no image of this registry"),
        ("", "neither a tag nor a digest"),
    ],
)
def test_what_is_no_image(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        parse_image(text, SPEC)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (Image("team/app", "v1.0", None), "has no tag v1.0: did you mean v1.0.0"),
        (Image("team/app", "zzzzzz", None), "there are v1.0.0, v2.0.0, v3.0.0, v4.0.0, v5.0.0 ..."),
        (Image("team/app", None, "sha256:ffffffffff"), "has no manifest"),
    ],
)
def test_what_is_not_there(image: Image, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        find(image, shelf_of_versions().repository())


def test_a_repository_without_tags_has_nothing_near() -> None:
    with pytest.raises(InvalidInput, match=r"has no tag v1$"):
        find(Image("team/app", "v1", None), Repository("team/app", (), {}))


def test_the_beginning_of_a_digest_is_enough_where_it_is_the_only_one() -> None:
    repository = shelf_of_versions().repository()
    assert find(Image("team/app", None, digest("v1")[:20]), repository) == (None, digest("v1"))
    alike = {Digest("sha256:" + "ab" * 32): None, Digest("sha256:" + "ab" * 31 + "cd"): None}
    with pytest.raises(InvalidInput, match="2 digests"):
        find(Image("x", None, "sha256:abab"), Repository("x", (), alike))  # type: ignore[arg-type]
