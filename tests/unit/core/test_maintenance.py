"""The rule book over all facts: what may be begun, what may be lifted, when a window is over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.maintenance import Facts, Move, Next, Process, Replica, Step, Why, next_move

OPEN = (Step.ENTERING, Step.DRY_RUNNING, Step.COLLECTING)
READY = Facts(on=True, off=False, rolled_out=True, replicas=(Replica.READ_ONLY,), process=Process.NONE, applied=True)

FACTS = st.builds(
    Facts,
    on=st.booleans(),
    off=st.booleans(),
    rolled_out=st.booleans(),
    replicas=st.lists(st.sampled_from(Replica), max_size=3).map(tuple),
    process=st.sampled_from(Process),
    applied=st.booleans(),
    crashing=st.booleans(),
    protected=st.booleans(),
    compared=st.sampled_from([None, True, False]),
    attempts_left=st.booleans(),
    stale=st.booleans(),
    gone=st.booleans(),
    ending=st.booleans(),
    lease_lost=st.booleans(),
    rollout_overdue=st.booleans(),
)


@given(step=st.sampled_from(Step), facts=FACTS)
def test_a_collector_is_begun_only_where_every_replica_is_proven_read_only(step, facts):
    move = next_move(step, facts).move
    if move not in (Move.DRY_RUN, Move.COLLECT):
        return
    assert facts.on
    assert facts.rolled_out
    assert facts.replicas
    assert not facts.protected or set(facts.replicas) == {Replica.READ_ONLY}
    assert not any((facts.ending, facts.lease_lost, facts.crashing, facts.gone))
    assert not facts.process.may_live
    assert move is Move.DRY_RUN or (step is Step.DRY_RUNNING and facts.compared is True)


@given(facts=FACTS)
def test_nothing_is_lifted_while_a_collector_may_live(facts):
    expected = Move.STOP_COLLECTOR if facts.process.may_live else Move.LIFT
    assert next_move(Step.STOPPING, facts) == Next(expected)


@given(step=st.sampled_from(OPEN), facts=FACTS)
def test_an_open_window_is_left_only_by_its_end(step, facts):
    assert next_move(step, facts).move not in (Move.LIFT, Move.DONE, Move.RESTART, Move.STOP_COLLECTOR)


@given(facts=FACTS)
def test_a_window_is_over_only_when_all_is_undone_and_proven(facts):
    if next_move(Step.LIFTING, facts).move is Move.DONE and not facts.gone:
        assert facts.off
        assert facts.rolled_out
        assert not facts.stale
        assert set(facts.replicas) <= {Replica.WRITABLE, Replica.DENIED}


@given(step=st.sampled_from((Step.STOPPING, Step.LIFTING)), facts=FACTS)
def test_leaving_never_turns_back(step, facts):
    leaving = {Move.STOP_COLLECTOR, Move.LIFT, Move.WAIT_LIFT, Move.RESTART, Move.PROVE_WRITABLE, Move.DONE}
    assert next_move(step, facts).move in leaving


@given(step=st.sampled_from(OPEN), facts=FACTS)
def test_what_must_end_ends(step, facts):
    if facts.ending or facts.lease_lost or facts.gone:
        assert next_move(step, facts).move is Move.END


@given(step=st.sampled_from(Step), facts=FACTS)
def test_an_end_has_a_reason_and_nothing_else_has(step, facts):
    decided = next_move(step, facts)
    assert (decided.why is not None) == (decided.move is Move.END)


def _with(**changes: object) -> Facts:
    values = {name: getattr(READY, name) for name in Facts.__slots__}
    return Facts(**(values | changes))


CASES = [
    (Step.NONE, _with(on=False, off=True), Next(Move.ENTER), "nothing yet"),
    (Step.ENTERING, _with(on=False, applied=False), Next(Move.ENTER), "crashed before the apply"),
    (Step.ENTERING, _with(on=False), Next(Move.END, Why.LOST), "wiped after the apply"),
    (Step.ENTERING, _with(rolled_out=False), Next(Move.WAIT_ROLLOUT), "rolling out"),
    (
        Step.ENTERING,
        _with(rolled_out=False, replicas=(Replica.WRITABLE, Replica.UNKNOWN)),
        Next(Move.WAIT_ROLLOUT),
        "old replicas are writable still",
    ),
    (Step.ENTERING, _with(replicas=(Replica.UNKNOWN,)), Next(Move.PROVE_READ_ONLY), "no answer yet"),
    (
        Step.ENTERING,
        _with(replicas=(Replica.READ_ONLY, Replica.DENIED)),
        Next(Move.END, Why.READ_ONLY_NOT_PROVEN),
        "the password was changed",
    ),
    (
        Step.ENTERING,
        _with(replicas=(Replica.READ_ONLY, Replica.WRITABLE)),
        Next(Move.END, Why.READ_ONLY_NOT_PROVEN),
        "the switch is ignored",
    ),
    (Step.ENTERING, _with(crashing=True), Next(Move.END, Why.READ_ONLY_NOT_PROVEN), "a crash loop"),
    (
        Step.ENTERING,
        _with(rolled_out=False, rollout_overdue=True),
        Next(Move.END, Why.READ_ONLY_NOT_PROVEN),
        "no end of the rollout",
    ),
    (Step.ENTERING, READY, Next(Move.DRY_RUN), "proven"),
    (Step.DRY_RUNNING, _with(process=Process.RUNNING), Next(Move.POLL), "dry run lives"),
    (Step.DRY_RUNNING, _with(process=Process.UNKNOWN), Next(Move.POLL), "dry run unknown"),
    (Step.DRY_RUNNING, _with(process=Process.DEAD), Next(Move.DRY_RUN), "its pod was killed"),
    (
        Step.DRY_RUNNING,
        _with(process=Process.DEAD, attempts_left=False),
        Next(Move.END, Why.COLLECT_FAILED),
        "killed again",
    ),
    (Step.DRY_RUNNING, _with(process=Process.SUCCEEDED), Next(Move.COMPARE), "to be compared"),
    (Step.DRY_RUNNING, _with(process=Process.SUCCEEDED, compared=True), Next(Move.COLLECT), "compared"),
    (
        Step.DRY_RUNNING,
        _with(process=Process.RUNNING, replicas=(Replica.WRITABLE,), on=False),
        Next(Move.END, Why.LOST),
        "switch wiped",
    ),
    (Step.COLLECTING, _with(process=Process.NONE, compared=None), Next(Move.DRY_RUN), "crashed before it began"),
    (Step.COLLECTING, _with(process=Process.FAILED), Next(Move.END, Why.COLLECT_FAILED), "it failed"),
    (
        Step.COLLECTING,
        _with(process=Process.SUCCEEDED, ending=True),
        Next(Move.END, Why.COLLECTED),
        "done as it was told to stop",
    ),
    (Step.STOPPING, _with(process=Process.UNKNOWN), Next(Move.STOP_COLLECTOR), "not proven dead"),
    (Step.LIFTING, _with(), Next(Move.LIFT), "still on"),
    (Step.LIFTING, _with(on=False, off=True, rolled_out=False), Next(Move.WAIT_LIFT), "rolling back"),
    (Step.LIFTING, _with(on=False, off=True, stale=True), Next(Move.RESTART), "caches lie"),
    (Step.LIFTING, _with(on=False, off=True), Next(Move.PROVE_WRITABLE), "not writable yet"),
    (Step.LIFTING, _with(on=False, off=True, replicas=(Replica.WRITABLE,)), Next(Move.DONE), "writable"),
    (Step.LIFTING, _with(on=False, off=True, replicas=(Replica.DENIED,)), Next(Move.DONE), "as far as it can be seen"),
    (Step.LIFTING, _with(gone=True), Next(Move.DONE), "no workload any more"),
]


@pytest.mark.parametrize(("step", "facts", "expected"), [case[:3] for case in CASES], ids=[case[3] for case in CASES])
def test_the_rule_book(step, facts, expected):
    assert next_move(step, facts) == expected
