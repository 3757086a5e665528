"""Events: news in the API's own form, counted up where it repeats, and never a reason to fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from regsweep.api.meta import ObjectMeta
from regsweep.clients.kube import Cluster
from regsweep.controller.events import Events, News
from regsweep.errors import ClusterDenied
from tests.unit.controller.fake_cluster import FakeCluster

META = ObjectMeta(name="now", namespace="team", uid="uid-1")
NEWS = News("Collected", "freed 1 GiB", "Collect")


class World:
    def __init__(self) -> None:
        self.cluster, self.now = FakeCluster(), datetime(2026, 11, 23, tzinfo=UTC)
        self.events = Events(cast(Cluster, self.cluster), lambda: self.now, "operator-0")

    def tell(self, news: News = NEWS) -> None:
        self.events.tell("RegistryCleanupRun", META, news)

    def found(self) -> list[dict[str, Any]]:
        return list(self.cluster.objects.values())


def test_an_event_of_the_new_kind() -> None:
    world = World()
    world.tell()
    (event,) = world.found()
    assert {
        field: event[field] for field in ("reason", "note", "action", "type", "reportingController", "eventTime")
    } == {
        "reason": "Collected",
        "note": "freed 1 GiB",
        "action": "Collect",
        "type": "Normal",
        "reportingController": "regsweep.dev/operator",
        "eventTime": "2026-11-23T00:00:00.000000Z",
    }
    assert event["regarding"]["uid"] == "uid-1"


def test_the_same_again_counts_up() -> None:
    world = World()
    for _ in range(3):
        world.tell()
        world.now += timedelta(minutes=1)
    (event,) = world.found()
    assert event["series"] == {"count": 3, "lastObservedTime": "2026-11-23T00:02:00.000000Z"}


def test_the_same_much_later_is_news() -> None:
    world = World()
    world.tell()
    world.now += timedelta(minutes=11)
    world.tell()
    assert len(world.found()) == 2


def test_other_words_are_other_news() -> None:
    world = World()
    world.tell()
    world.tell(News("Collected", "freed 2 GiB", "Collect"))
    assert len(world.found()) == 2


def test_an_event_that_cannot_be_written_hurts_nobody() -> None:
    world = World()

    def denied(verb: str, kind: str, name: str) -> None:
        raise ClusterDenied("events is forbidden")

    world.cluster.fails = denied
    world.tell()
    assert world.found() == []
