"""Explaining asks the registry about one repository, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from regsweep.api.policy import Mode
from regsweep.core.explain import Explanation, Image, parse_image
from regsweep.core.inuse import Usage, Use, User
from regsweep.errors import InUseUnknown, InvalidInput, PartialInventory, RegistryDenied, RegistryMisbehaved
from regsweep.pipeline import Ports, Request
from regsweep.pipeline.explaining import explain_live
from tests.model_registry import ModelRegistry, image
from tests.unit.pipeline.test_run import World


class OneOnly(ModelRegistry):
    """These credentials may read repositories and not the list of them."""

    def repositories(self) -> Iterator[str]:
        raise RegistryDenied("the catalog is not for you")


class Broken(ModelRegistry):
    def tags(self, repository: str) -> tuple[str, ...]:
        raise RegistryMisbehaved("an answer that is cut")


def explained(world: World, text: str, **ports: object) -> Explanation:
    given = world.ports()
    fields = {name: getattr(given, name) for name in Ports.__dataclass_fields__}
    request = Request(world.policy(), Mode.DRY_RUN)
    return explain_live(request, parse_image(text, request.policy.spec), Ports(**{**fields, **ports}))


def test_one_repository_is_read_and_nothing_is_deleted() -> None:
    world = World(mode=Mode.DRY_RUN)
    said = explained(world, "a:1")
    assert (said.decision, said.reason, said.source) == ("goes", "expired.last", "registry")
    assert world.registry.deletes == []


def test_what_a_cluster_uses_counts() -> None:
    used = Usage([Use("r/a:1", User("Pod", "n", "p"))])
    said = explained(World(spec={"protect": {"inUse": {}}}), "a:1", usage=lambda: used)
    assert (said.decision, said.reason) == ("stays", "protected.in-use")


def test_what_a_cluster_uses_must_be_known() -> None:
    with pytest.raises(InUseUnknown):
        explained(World(spec={"protect": {"inUse": {}}}), "a:1")


@pytest.mark.parametrize(
    ("registry", "words"),
    [(ModelRegistry(), "no repository zzz: there are q$"), (OneOnly(), r"no repository zzz$")],
    ids=["catalog", "no catalog"],
)
def test_a_repository_that_is_not_there(registry: ModelRegistry, words: str) -> None:
    world = World()
    registry.push("q", "1", image("q"))
    with pytest.raises(InvalidInput, match=words):
        explained(world, "zzz:1", reader=registry)


def test_a_repository_that_cannot_be_read_is_left_alone() -> None:
    with pytest.raises(PartialInventory, match="a could not be read, and a run leaves it alone"):
        explained(World(), "a:1", reader=Broken())


def test_an_untagged_manifest_that_is_none() -> None:
    world = World()
    digest = world.registry.push("a", None, b"not a manifest")
    with pytest.raises(RegistryMisbehaved, match="is not JSON"):
        explained(world, str(Image("a", None, digest)))
