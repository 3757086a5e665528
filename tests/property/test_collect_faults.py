"""S8, S9 and S10 over histories with faults: the conductor is killed, cut off, robbed of its switch, told to
stop.

After each history somebody resumes, as an operator does after its restart, until the window is over. Then
the registry is writable, no replica serves that was up during garbage-collect, and never did two collectors
run, or one beside writes.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regsweep.core.maintenance import Step
from regsweep.errors import RegsweepError
from tests.conftest import EXAMPLES
from tests.unit.steps.collect_world import CENSUS, SHAPES, Fault, Killed, World, faults_of, lift_what_is_left


def _to_the_end(world: World) -> None:
    """Run as an operator does: after a crash somebody resumes, until there is nothing left to do."""
    with suppress(Killed, RegsweepError):
        world.collector().collect(lambda: CENSUS)
    for _ in range(20):
        if world.stored is None or world.stored.step == Step.FINISHED:
            return
        world.dead = world.cancelled = False
        for _ in range(3):
            world.tick()
        try:
            world.collector().resume(lambda: CENSUS)
        except (Killed, RegsweepError):
            continue
    raise AssertionError(f"no end: {world.steps} {world.said[-5:]}")


STRIDE = 1 if EXAMPLES >= 2000 else 5
"""Of the calls at which a single fault strikes, every one, or every so many; each test begins with another one."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("fault", list(Fault))
def test_one_fault_at_any_call(shape, fault):
    plain = World(**shape)
    faults_of(plain, {})
    plain.collector().collect(lambda: CENSUS)
    for call in range(list(Fault).index(fault) % STRIDE, plain.calls, STRIDE):
        world = World(**shape)
        faults_of(world, {call: fault})
        _to_the_end(world)
        for _ in range(10):
            world.tick()
        assert world.verdict() == [], f"{fault} at call {call}: {world.steps}"


@given(
    shape=st.sampled_from(list(SHAPES.values())),
    faults=st.dictionaries(st.integers(0, 160), st.sampled_from(list(Fault)), max_size=6),
    codes=st.lists(st.sampled_from([0, 0, 0, 1, 137]), max_size=4).map(tuple),
    moments=st.integers(1, 8),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_history_of_faults_ends_writable_and_whole(shape, faults, codes, moments):
    world = World(**shape, codes=codes, moments=moments)
    faults_of(world, faults)
    _to_the_end(world)
    world.faults.clear()
    for _ in range(10):
        world.tick()
    assert world.verdict() == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("fault", [Fault.KILL_BEFORE, Fault.KILL_AFTER])
def test_a_window_whose_conductor_never_comes_back_is_lifted_by_its_marker(shape, fault):
    """Whenever it is killed: its journal is lost, its process is gone, and its Lease runs out."""
    plain = World(**shape)
    faults_of(plain, {})
    plain.collector().collect(lambda: CENSUS)
    for call in range(0, plain.calls, STRIDE):
        world = World(**shape)
        faults_of(world, {call: fault})
        with suppress(Killed):
            world.collector().collect(lambda: CENSUS)
        world.dead, world.stored = False, None
        lift_what_is_left(world)
        for _ in range(10):
            world.tick()
        assert world.verdict() == [], f"{fault} at call {call}: {world.steps}"


@given(
    shape=st.sampled_from(list(SHAPES.values())),
    kill=st.integers(0, 160),
    faults=st.dictionaries(st.integers(0, 60), st.sampled_from([f for f in Fault if "killed" not in f]), max_size=4),
    moments=st.integers(1, 8),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_faults_do_not_hinder_a_lift(shape, kill, faults, moments):
    world = World(**shape, moments=moments)
    faults_of(world, {kill: Fault.KILL_AFTER})
    with suppress(Killed, RegsweepError):
        world.collector().collect(lambda: CENSUS)
    world.dead, world.stored = False, None
    faults_of(world, faults)
    for _ in range(10):
        world.cancelled = False
        with suppress(RegsweepError):
            lift_what_is_left(world)
    world.faults.clear()
    for _ in range(10):
        world.tick()
    assert world.verdict() == []
