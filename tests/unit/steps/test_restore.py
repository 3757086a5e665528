"""A restore against a model registry: order, tags that moved, content that is gone, going on after an interruption."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from regsweep.core.keepsake import Saved
from regsweep.core.oci import DOCKER_LIST, DOCKER_MANIFEST, Digest, digest_of
from regsweep.core.restoration import Image, Put, PutOutcome
from regsweep.errors import Cancelled
from regsweep.steps.restore import Looker, Restored, Restorer, look, restore
from tests.model_registry import ModelRegistry, image, index
from tests.unit.steps.test_sweep import Told


class Puts(Told):
    """Counts what was told."""

    def __init__(self, stop_after: int = 10**9) -> None:
        super().__init__()
        self.puts: list[PutOutcome] = []
        self.limit = stop_after

    def tell(self, outcomes: Sequence[PutOutcome]) -> None:
        self.puts += outcomes

    def check(self) -> None:
        if len(self.puts) >= self.limit:
            raise Cancelled("asked to stop")


def saved(body: bytes, *tags: str, media_type: str = DOCKER_MANIFEST, repository: str = "app") -> Saved:
    return Saved(repository, digest_of(body), media_type, body, tags, digest_of(body))


AMD, ARM = saved(image("amd")), saved(image("arm"))
LIST = saved(index(AMD.digest, ARM.digest), "v1", "latest", media_type=DOCKER_LIST)
KEPT = [LIST, AMD, ARM]


def restored(registry: ModelRegistry, kept: list[Saved], *images: Image, told: Puts | None = None) -> Restored:
    told = told or Puts()
    return restore(kept, images, Restorer(registry, 2, told, told, told.tell))  # type: ignore[arg-type]


def results(found: Restored) -> dict[str, str]:
    return {outcome.tag or outcome.digest: outcome.result.value for outcome in found.outcomes}


def test_children_then_the_index_then_its_tags() -> None:
    registry = ModelRegistry()
    found = restored(registry, KEPT)
    references = [reference for _, reference in registry.puts]
    assert set(references[:2]) == {AMD.digest, ARM.digest}
    assert references[2:] == [LIST.digest, "v1", "latest"]
    assert registry.tagged == {"app": {"v1": LIST.digest, "latest": LIST.digest}}
    assert set(results(found).values()) == {"restored"}
    assert set(found.census.roots) == {("app", "v1", LIST.digest), ("app", "latest", LIST.digest)}
    assert found.census.manifests["app"] == {AMD.digest, ARM.digest, LIST.digest}
    assert found.census.blobs["app"] == {digest_of(b"amd"), digest_of(b"arm")}


def test_what_is_there_is_not_put_again() -> None:
    registry = ModelRegistry()
    restored(registry, KEPT)
    registry.puts.clear()
    assert set(results(restored(registry, KEPT)).values()) == {"present"}
    assert registry.puts == []


def test_a_tag_that_moved_on_stays_where_it_is() -> None:
    registry = ModelRegistry()
    newer = registry.push("app", "v1", image("newer"))
    found = restored(registry, KEPT)
    assert registry.tagged == {"app": {"v1": newer, "latest": LIST.digest}}
    (skipped,) = [outcome for outcome in found.outcomes if outcome.result is Put.SKIPPED]
    assert (skipped.tag, skipped.message) == ("v1", f"the tag points at {newer} now")


def test_what_needs_an_absent_child_is_not_put_and_says_which() -> None:
    """The child was missing before the index was deleted: nobody kept it."""
    registry = ModelRegistry()
    found = restored(registry, [LIST, AMD])
    assert results(found) == {AMD.digest: "restored", LIST.digest: "failed", "v1": "failed", "latest": "failed"}
    assert registry.tagged == {}
    assert all(ARM.digest in outcome.message for outcome in found.outcomes if outcome.result is Put.FAILED)


def test_what_holds_a_manifest_that_failed_fails_with_its_reason() -> None:
    registry = ModelRegistry()
    registry.swept = {digest_of(b"arm")}
    found = restored(registry, KEPT)
    assert results(found) == {
        AMD.digest: "restored",
        ARM.digest: "failed",
        LIST.digest: "failed",
        "v1": "failed",
        "latest": "failed",
    }
    assert any(digest_of(b"arm") in o.message and ARM.digest in o.message for o in found.outcomes if o.tag == "v1")


def test_a_registry_that_takes_a_manifest_and_has_it_not_is_found_out() -> None:
    registry = ModelRegistry()
    registry.manifest = lambda repository, reference: None  # type: ignore[method-assign]
    found = restored(registry, [saved(image("one"), "v1")])
    assert {(outcome.tag, outcome.result) for outcome in found.outcomes} == {("", Put.FAILED), ("v1", Put.FAILED)}
    assert "restart the registry" in found.outcomes[0].message


@pytest.mark.parametrize("after", range(6))
def test_it_goes_on_where_it_was_interrupted(after: int) -> None:
    registry = ModelRegistry()
    with pytest.raises(Cancelled):
        restored(registry, [*KEPT, saved(image("one"), "v2")], told=Puts(stop_after=after))
    restored(registry, [*KEPT, saved(image("one"), "v2")])
    assert registry.tagged == {"app": {"v1": LIST.digest, "latest": LIST.digest, "v2": digest_of(image("one"))}}


def test_repositories_are_put_one_by_one() -> None:
    registry = ModelRegistry()
    kept = [saved(image("one"), "v1", repository=name) for name in ("a", "b")]
    restored(registry, kept, Image("b"))
    assert registry.tagged == {"b": {"v1": digest_of(image("one"))}}


@pytest.mark.parametrize(
    ("gone", "asked", "lost"),
    [
        pytest.param(set[str](), (), [], id="all there"),
        pytest.param({b"arm"}, (), [ARM.digest], id="one layer"),
        pytest.param({b"arm"}, (Image("app", None, AMD.digest),), [], id="of what was not asked for"),
        pytest.param({b"arm", b"amd"}, (Image("app"),), [AMD.digest, ARM.digest], id="both"),
    ],
)
def test_lost_content_is_seen_before_anything_is_put(
    gone: set[bytes], asked: tuple[Image, ...], lost: list[Digest]
) -> None:
    registry, told = ModelRegistry(), Puts()
    registry.swept = {digest_of(name) for name in gone}
    found = look(KEPT, asked, Looker(registry, 2, told, told))  # type: ignore[arg-type]
    assert sorted(one.digest for one in found.lost) == sorted(lost)
    assert registry.puts == []


def test_of_what_stands_no_content_is_read() -> None:
    registry, told = ModelRegistry(), Puts()
    for one in KEPT:
        registry.push("app", None, one.body, one.media_type)
    registry.swept = {digest_of(b"arm")}
    assert look(KEPT, (), Looker(registry, 2, told, told)).lost == ()  # type: ignore[arg-type]
