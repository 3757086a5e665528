"""What came into use after the plan was made is not deleted, and what cannot be read again stops the sweep: S4, S5."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from regsweep.clients.cache import MemoryCache
from regsweep.core.inventory import NOTHING_IN_USE, InUse
from regsweep.core.oci import DOCKER_LIST, Digest, digest_of
from regsweep.core.outcome import Result
from regsweep.core.plan import Action
from regsweep.errors import ClusterUnreachable, InUseUnknown
from regsweep.steps.sweep import Sweeper, Watch, sweep
from tests.model_registry import ModelRegistry, image, index
from tests.unit.steps.test_sweep import Told, action, plan_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
POD = "Pod shop/web-1, container web"


def swept(registry: ModelRegistry, in_use: Callable[[], InUse], *actions: Action) -> list[tuple[Result, str]]:
    told = Told()
    work = Sweeper(registry, MemoryCache(), 2, told.clock, told, told, told.outcomes.extend, in_use)  # type: ignore[arg-type]
    return [(outcome.result, outcome.message) for outcome in sweep(plan_of(*actions), work).outcomes]


def an_index(registry: ModelRegistry) -> tuple[Digest, Digest, Digest]:
    amd, arm = (registry.push("app", None, image(name)) for name in ("amd64", "arm64"))
    return registry.push("app", "1", index(amd, arm), DOCKER_LIST), amd, arm


@pytest.mark.parametrize(
    "in_use",
    [
        pytest.param(lambda top, amd: InUse(tags={("app", "1"): POD}), id="tag"),
        pytest.param(lambda top, amd: InUse(digests={top: POD}), id="index"),
        pytest.param(lambda top, amd: InUse(digests={amd: POD}), id="platform"),
        pytest.param(lambda top, amd: InUse(digests={digest_of(b"amd64"): POD}), id="config"),
    ],
)
def test_an_index_is_spared_with_all_its_platforms(in_use: Callable[[Digest, Digest], InUse]):
    registry = ModelRegistry()
    top, amd, arm = an_index(registry)
    other = registry.push("app", "2", image("other"))
    used = in_use(top, amd)
    actions = (action(top, "1"), action(amd, root=top), action(arm, root=top), action(other, "2"))
    results = swept(registry, lambda: used, *actions)
    assert [result for result, _ in results] == [Result.SKIPPED, Result.SKIPPED, Result.SKIPPED, Result.DELETED]
    assert results[0][1] == f"in use: {POD}"
    assert results[2][1] == f"needed by an image that is in use: {POD}"


def test_an_index_that_lost_its_tag_keeps_its_platforms_while_it_is_used():
    registry = ModelRegistry()
    top, amd, arm = an_index(registry)
    registry.push("app", "1", image("newer"))
    registry.push("app", "1-amd64", image("amd64"))
    in_use = InUse(digests={top: POD}, places={"app": frozenset({top}), "web": frozenset({amd})})
    results = swept(registry, lambda: in_use, action(amd, "1-amd64"), action(arm))
    assert results == [(Result.SKIPPED, f"needed by an image that is in use: {POD}")] * 2


def test_a_used_image_that_is_not_there_holds_nothing():
    registry = ModelRegistry()
    old, gone = registry.push("app", "1", image("old")), digest_of(b"gone")
    in_use = InUse(digests={gone: POD}, places={"app": frozenset({gone})})
    assert swept(registry, lambda: in_use, action(old, "1")) == [(Result.DELETED, "")]


def test_a_platform_whose_own_tag_is_used_keeps_its_index():
    registry = ModelRegistry()
    top, amd, arm = an_index(registry)
    registry.push("app", "1-amd64", image("amd64"))
    actions = (action(top, "1"), action(amd, "1-amd64", root=top), action(arm, root=top))
    results = swept(registry, lambda: InUse(tags={("app", "1-amd64"): POD}), *actions)
    assert [result for result, _ in results] == [Result.SKIPPED] * 3


def test_a_user_of_another_repository_s_tag_spares_nothing():
    registry = ModelRegistry()
    old = registry.push("app", "1", image("old"))
    assert swept(registry, lambda: InUse(tags={("web", "1"): POD}), action(old, "1")) == [(Result.DELETED, "")]


def test_a_pod_that_starts_between_two_deletes_is_seen():
    registry = ModelRegistry()
    first, second = registry.push("app", "1", image("first")), registry.push("app", "2", image("second"))
    pods: dict[tuple[str, str], str] = {}
    registry.before_delete = lambda repository, digest: pods.update({("app", "2"): POD})
    results = swept(registry, lambda: InUse(tags=dict(pods)), action(first, "1"), action(second, "2"))
    assert results == [(Result.DELETED, ""), (Result.SKIPPED, f"in use: {POD}")]


def test_a_repository_in_doubt_is_left_alone():
    registry = ModelRegistry()
    old = registry.push("app", "1", image("old"))
    in_use = InUse(doubt=lambda repository: f"{POD}: 'app:?'" if repository == "app" else "")
    assert swept(registry, lambda: in_use, action(old, "1")) == [(Result.SKIPPED, f"in use: {POD}: 'app:?'")]


def test_what_cannot_be_read_again_stops_all_repositories():
    registry = ModelRegistry()
    actions = []
    for repository in ("a", "b", "c"):
        for tag in ("1", "2", "3"):
            digest = registry.push(repository, tag, image(repository + tag))
            actions.append(dataclasses.replace(action(digest, tag), repository=repository))
    asked: list[int] = []

    def once() -> InUse:
        asked.append(1)
        if len(asked) > 1:
            raise InUseUnknown("pods cannot be listed")
        return NOTHING_IN_USE

    results = swept(registry, Watch(once, Told().clock, timedelta(seconds=3)).now, *actions)
    stopped = [message for result, message in results if result is Result.SKIPPED]
    assert 1 <= len(registry.deletes) < len(actions)
    assert len(stopped) == len(actions) - len(registry.deletes)
    assert set(stopped) == {"what is in use could not be read again, so nothing more is deleted: pods cannot be listed"}
    assert len(asked) == 2


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_a_reading_is_good_for_its_interval_and_then_read_again():
    clock, asked = Clock(), list[int]()

    def ask() -> InUse:
        asked.append(1)
        return NOTHING_IN_USE

    watch = Watch(ask, clock, timedelta(minutes=1))
    for seconds, times in ((0, 1), (59, 1), (1, 2), (30, 2), (30, 3)):
        clock.now += timedelta(seconds=seconds)
        watch.now()
        assert len(asked) == times


@pytest.mark.parametrize("error", [InUseUnknown("no right"), ClusterUnreachable("away")], ids=["right", "cluster"])
def test_a_reading_that_failed_is_the_last(error: Exception):
    clock, asked = Clock(), list[int]()

    def fails() -> InUse:
        asked.append(1)
        raise error

    watch = Watch(fails, clock)
    for _ in range(2):
        with pytest.raises(InUseUnknown, match=str(error)):
            watch.now()
    assert (len(asked), watch.failure is not None) == (1, True)
