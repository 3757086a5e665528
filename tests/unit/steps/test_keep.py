"""What is kept before a sweep: what is there, with the tags that are there; what cannot be read is not kept."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from regsweep.core.keepsake import Saved
from regsweep.core.oci import DOCKER_MANIFEST, digest_of
from regsweep.errors import Cancelled, RegistryMisbehaved, RegistryUnreachable
from regsweep.steps.keep import Keeper, keep
from tests.model_registry import ModelRegistry, image
from tests.unit.steps.test_sweep import Told, action, plan_of


def kept(registry: ModelRegistry, *actions, told: Told | None = None) -> tuple[list[Saved], list[tuple[str, str, str]]]:
    told = told or Told()
    work = Keeper(registry, 3, told, told)  # type: ignore[arg-type]
    return list(keep(plan_of(*actions), work)), work.unread


def test_all_that_is_there_in_the_order_of_the_plan() -> None:
    registry = ModelRegistry()
    digests = [registry.push("app", str(number), image(str(number))) for number in range(20)]
    found, unread = kept(registry, *(action(digest, str(number)) for number, digest in enumerate(digests)))
    assert [one.digest for one in found] == digests
    assert found[3] == Saved("app", digests[3], DOCKER_MANIFEST, image("3"), ("3",), digests[3])
    assert (unread, registry.deletes) == ([], [])


def test_what_is_gone_is_not_kept_and_a_tag_that_is_gone_neither() -> None:
    registry = ModelRegistry()
    there = registry.push("app", "1", image("there"))
    found, _ = kept(registry, action(digest_of(image("gone")), "2"), action(there, "1", "removed"))
    assert [(one.digest, one.tags) for one in found] == [(there, ("1",))]


def test_what_comes_damaged_is_said_and_not_kept() -> None:
    registry = ModelRegistry()
    bad, good = registry.push("app", "1", image("bad")), registry.push("app", "2", image("good"))
    read = registry.manifest

    def manifest(repository: str, reference: str) -> SimpleNamespace | None:
        if reference == bad:
            raise RegistryMisbehaved("other bytes")
        return read(repository, reference)

    registry.manifest = manifest  # type: ignore[method-assign]
    found, unread = kept(registry, action(bad, "1"), action(good, "2"))
    assert [one.digest for one in found] == [good]
    assert unread == [("app", bad, "other bytes")]


def test_a_registry_that_does_not_answer_ends_it() -> None:
    registry = ModelRegistry()
    there = registry.push("app", "1", image("there"))

    def manifest(repository: str, reference: str) -> None:
        raise RegistryUnreachable("no answer")

    registry.manifest = manifest  # type: ignore[method-assign]
    with pytest.raises(RegistryUnreachable):
        kept(registry, action(there, "1"))


def test_it_stops_when_asked_to() -> None:
    registry = ModelRegistry()
    there = registry.push("app", "1", image("there"))
    with pytest.raises(Cancelled):
        kept(registry, action(there, "1"), told=Told(stop_after=0))
