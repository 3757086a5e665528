"""Health: what makes this process sick, and what only makes it not ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from regsweep.controller.health import Health, application
from regsweep.controller.metrics import Metrics
from regsweep.controller.scheduler import Key

START = datetime(2026, 11, 23, tzinfo=UTC)
KEY = Key("run", "team", "now")


class World:
    def __init__(self) -> None:
        self.now = self.heartbeat = START
        self.lost = False
        self.health = Health(lambda: self.now)

    def begin(self) -> None:
        self.health.begin(lambda: self.heartbeat, lambda: self.lost)

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def test_who_waits_for_the_lease_is_well_and_not_ready() -> None:
    world = World()
    world.later(hours=1)
    assert (world.health.problems(), world.health.ready()) == ([], False)


def test_ready_when_everything_was_listed_once() -> None:
    world = World()
    world.begin()
    assert not world.health.ready()
    world.health.listed([])
    assert world.health.ready()


def stuck(world: World) -> None:
    world.later(seconds=61)


def no_lease(world: World) -> None:
    world.lost = True


def no_list(world: World) -> None:
    world.later(minutes=16)
    world.heartbeat = world.now


def deaf(world: World) -> None:
    world.health.listed([KEY])
    world.health.listed([KEY])


SICK: dict[str, tuple[Callable[[World], None], str]] = {
    "stuck": (stuck, "the scheduler has not looked at anything for a minute"),
    "no Lease": (no_lease, "the Lease is lost"),
    "no list": (no_list, "policies and runs could not be listed for 15 minutes"),
    "deaf watch": (deaf, "the watch has not told of 1 objects, run team/now among them"),
}


@pytest.mark.parametrize(("happens", "words"), SICK.values(), ids=SICK)
def test_what_a_restart_helps_against(happens: Callable[[World], None], words: str) -> None:
    world = World()
    world.begin()
    world.health.listed([])
    happens(world)
    assert world.health.problems() == [words]
    assert not world.health.ready()


def test_an_object_that_was_just_made_may_be_unknown_to_the_watch() -> None:
    world = World()
    world.begin()
    world.health.listed([KEY])
    assert world.health.problems() == []
    world.health.watched(KEY, there=True)
    world.health.listed([KEY])
    world.health.listed([KEY])
    assert world.health.problems() == []


def test_the_pages() -> None:
    world, metrics = World(), Metrics()

    async def ask() -> dict[str, tuple[int, str]]:
        async with TestClient(TestServer(application(world.health, metrics))) as client:
            pages = {}
            for page in ("/healthz", "/readyz", "/metrics"):
                answer = await client.get(page)
                pages[page] = (answer.status, await answer.text())
            return pages

    assert {page: status for page, (status, _) in asyncio.run(ask()).items()} == {
        "/healthz": 200, "/readyz": 503, "/metrics": 200,
    }  # fmt: skip
    world.begin()
    world.lost = True
    assert asyncio.run(ask())["/healthz"] == (500, "the Lease is lost")
    assert "regsweep_queue_depth 0.0" in asyncio.run(ask())["/metrics"][1]
