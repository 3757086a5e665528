"""How a run is stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from regsweep.controller.stop import StopSignal
from regsweep.core.ports import Detached
from regsweep.errors import Cancelled, DeadlineExceeded

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_nothing_stops_it_by_itself() -> None:
    stop = StopSignal(lambda: NOW)
    stop.check()
    assert not stop.interrupted
    assert not stop.pause(0.001)


def test_a_run_is_left_where_another_operator_may_be_active() -> None:
    """Before anybody has told this process, and rather than ended: the other one goes on with it."""
    lost = False
    stop = StopSignal(lambda: NOW, lambda: lost)
    stop.check()
    stop.cancel(Cancelled("somebody deleted the run"))
    lost = True
    with pytest.raises(Detached):
        stop.check()
    assert stop.interrupted
    assert stop.pause(0.001)


def test_a_deadline_ends_it() -> None:
    stop = StopSignal(lambda: NOW)
    stop.set_deadline(NOW - timedelta(seconds=1))
    with pytest.raises(DeadlineExceeded, match="runTimeout"):
        stop.wait(1)
