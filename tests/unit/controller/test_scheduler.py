"""The queue: one look at a time for a key, timers, failures that are tried again, and a thread that outlives them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from regsweep.controller.metrics import Metrics
from regsweep.controller.scheduler import Key, Scheduler
from regsweep.errors import ClusterUnreachable

KEY, OTHER = Key("policy", "team", "nightly"), Key("run", "team", "now")
START = datetime(2026, 11, 23, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def scheduler(look: Callable[[Key], datetime | None], clock: Clock | None = None) -> Scheduler:
    return Scheduler(look, clock or Clock(), Metrics())


def drain(queue: Scheduler) -> None:
    while queue.run_one():
        pass


def test_a_key_that_comes_twice_is_looked_at_once() -> None:
    looked: list[Key] = []
    queue = scheduler(looked.append)
    queue.submit_all([KEY, OTHER, KEY])
    drain(queue)
    assert looked == [KEY, OTHER]


def test_a_key_that_comes_in_its_own_look_is_looked_at_again() -> None:
    looked: list[Key] = []

    def look(key: Key) -> None:
        looked.append(key)
        if len(looked) == 1:
            queue.submit(key)
            assert not queue.run_one()

    queue = scheduler(look)
    queue.submit(KEY)
    drain(queue)
    assert looked == [KEY, KEY]


def test_a_look_says_when_the_next_one_is() -> None:
    clock, looked = Clock(), []

    def look(key: Key) -> datetime | None:
        looked.append(clock.now)
        return START + timedelta(minutes=5) if len(looked) == 1 else None

    queue = scheduler(look, clock)
    queue.submit(KEY)
    drain(queue)
    clock.now += timedelta(minutes=4)
    drain(queue)
    clock.now += timedelta(minutes=1)
    drain(queue)
    clock.now += timedelta(hours=1)
    drain(queue)
    assert looked == [START, START + timedelta(minutes=5)]


def test_a_newer_timer_takes_the_place_of_the_older() -> None:
    clock, looked = Clock(), []
    queue = scheduler(lambda key: looked.append(clock.now), clock)
    queue.submit_at(KEY, START + timedelta(minutes=1))
    queue.submit_at(KEY, START + timedelta(minutes=2))
    for _ in range(3):
        drain(queue)
        clock.now += timedelta(minutes=1)
    assert looked == [START + timedelta(minutes=2)]


@pytest.mark.parametrize("error", [ClusterUnreachable("away"), ZeroDivisionError()], ids=["the API", "a bug"])
def test_a_look_that_fails_is_tried_again_ever_less_often(error: Exception) -> None:
    clock, looked = Clock(), []

    def look(key: Key) -> None:
        looked.append(int((clock.now - START).total_seconds()))
        raise error

    queue = scheduler(look, clock)
    queue.submit(KEY)
    for _ in range(1200):
        drain(queue)
        clock.now += timedelta(seconds=1)
    assert looked == [0, 2, 6, 14, 30, 62, 126, 254, 510, 810, 1110]


def test_threads_look_at_other_keys_while_one_takes_long() -> None:
    held, done = threading.Event(), threading.Event()

    def look(key: Key) -> None:
        if key == KEY:
            held.wait(5)
        else:
            done.set()

    queue = scheduler(look)
    queue.start()
    queue.submit_all([KEY, OTHER])
    assert done.wait(5)
    held.set()
    assert queue.stop(5)


def test_a_stopped_scheduler_begins_nothing() -> None:
    looked: list[Key] = []
    queue = scheduler(looked.append)
    assert queue.stop(1)
    queue.submit(KEY)
    assert not queue.run_one()
    assert looked == []
