"""The maintenance window as a pure state machine: the step that was written ahead, and what is true now,
give the next move.

The same rules hold at the start, after a crash and for whoever takes over: nothing but the persisted step
and observed facts decides. Three promises are in the rules, and tested over random histories:

S8   garbage-collect is begun only while every replica is proven read-only, and the switch is lifted only after it is
     proven dead. Two never run at once.
S9   from any step, once nothing hinders, the moves end with the registry proven writable.
S10  the window is over only when no replica that was up while garbage-collect ran is left: its blob cache lies.

What this may not do: look at anything. Facts are arguments, and time is one of them (`ending`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Step(StrEnum):
    """Written ahead: what may have been begun. From ENTERING to LIFTING the registry may be read-only."""

    NONE = ""
    ENTERING = "Entering"
    """The switch may be on."""
    DRY_RUNNING = "DryRunning"
    """A dry run may live."""
    COLLECTING = "Collecting"
    """A collection may live, and delete."""
    STOPPING = "Stopping"
    """The window is to end, well or not; a collector may still live."""
    LIFTING = "Lifting"
    """No collector lives; the switch may still be on."""
    FINISHED = "Finished"


class Replica(StrEnum):
    """What a pod of the registry itself answers."""

    READ_ONLY = "read-only"
    WRITABLE = "writable"
    DENIED = "denied"
    """It is there, and refuses our login: it will say no more by being asked again."""
    UNKNOWN = "unknown"


class Process(StrEnum):
    """The collector process that the current step is about. NONE, SUCCEEDED, FAILED and DEAD are proof that
    none lives."""

    NONE = "none"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    """Exit code 0 and the summary line."""
    FAILED = "failed"
    DEAD = "dead"
    """Gone without an end of its own: killed, or its container or pod is gone."""
    UNKNOWN = "unknown"

    @property
    def may_live(self) -> bool:
        return self in (Process.RUNNING, Process.UNKNOWN)


class Why(StrEnum):
    """Why a window ends: the outcome of the collection, and the reason of the run's condition."""

    COLLECTED = "Collected"
    READ_ONLY_NOT_PROVEN = "ReadOnlyNotProven"
    COLLECT_FAILED = "CollectFailed"
    LOST = "MaintenanceLost"
    """Somebody else took the switch or the marker away, or another holder has the Lease."""
    STOPPED = "Stopped"
    """Cancelled, out of time, or an error outside the window."""


class Move(StrEnum):
    """What to do now. Those that say so write their step ahead of the effect."""

    ENTER = "enter"
    """Write ENTERING; put switch and marker on the workload."""
    WAIT_ROLLOUT = "wait for the rollout"
    PROVE_READ_ONLY = "prove read-only"
    DRY_RUN = "dry run"
    """Write DRY_RUNNING; begin the dry run."""
    COMPARE = "compare"
    COLLECT = "collect"
    """Write COLLECTING; begin the collection."""
    POLL = "poll"
    END = "end"
    """Write STOPPING with the reason."""
    STOP_COLLECTOR = "stop the collector"
    LIFT = "lift"
    """Write LIFTING with the replicas that were up; take switch and marker off, the marker last of all."""
    WAIT_LIFT = "wait for the rollout back"
    RESTART = "restart"
    """Restart the replicas that were up while garbage-collect ran: no rollout of the lift does it. Without a switch
    the marker stays until they are gone, so that somebody finds them if this process ends before."""
    PROVE_WRITABLE = "prove writable"
    DONE = "done"
    """Write FINISHED."""


@dataclass(frozen=True, slots=True)
class Next:
    move: Move
    why: Why | None = None
    """With END."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true now.

    `on`: switch and marker are as this run's window wants them. `applied`: this very process has put them
    there, so that their absence is somebody else's doing. `off`: nothing of a window is on the workload.
    `rolled_out`: the newest template is in every pod, all of them ready, none old or terminating.
    `crashing`: a new pod cannot start. `protected`: writes are to be blocked (mode ReadOnly). `compared`:
    None before the dry run was looked at by this process. `stale`: a replica is left that was up while
    garbage-collect ran. `gone`: there is no such workload.
    """

    on: bool
    off: bool
    rolled_out: bool
    replicas: tuple[Replica, ...]
    process: Process
    applied: bool = False
    crashing: bool = False
    protected: bool = True
    compared: bool | None = None
    attempts_left: bool = True
    stale: bool = False
    gone: bool = False
    ending: bool = False
    lease_lost: bool = False
    rollout_overdue: bool = False


def next_move(step: Step, facts: Facts) -> Next:
    """The one rule book."""
    match step:
        case Step.NONE:
            return Next(Move.ENTER)
        case Step.ENTERING | Step.DRY_RUNNING | Step.COLLECTING:
            return _giving_up(step, facts) or _going_on(step, facts)
        case Step.STOPPING:
            return Next(Move.STOP_COLLECTOR if facts.process.may_live else Move.LIFT)
        case Step.LIFTING:
            return _leaving(facts)
        case Step.FINISHED:
            return Next(Move.DONE)
        case _:
            assert_never(step)


def _giving_up(step: Step, facts: Facts) -> Next | None:
    """The reasons to leave at once, the most telling first. What has succeeded is not given up."""
    if step is Step.COLLECTING and facts.process is Process.SUCCEEDED:
        return Next(Move.END, Why.COLLECTED)
    if facts.gone or facts.lease_lost:
        return Next(Move.END, Why.LOST)
    if facts.ending:
        return Next(Move.END, Why.STOPPED)
    if not facts.on and (facts.applied or step is not Step.ENTERING):
        return Next(Move.END, Why.LOST)
    if facts.crashing:
        return Next(Move.END, Why.READ_ONLY_NOT_PROVEN)
    begun = step is not Step.ENTERING
    if facts.protected and Replica.WRITABLE in facts.replicas and (begun or (facts.on and facts.rolled_out)):
        return Next(Move.END, Why.LOST if begun else Why.READ_ONLY_NOT_PROVEN)
    return None


def _going_on(step: Step, facts: Facts) -> Next:
    match step:
        case Step.ENTERING:
            return Next(Move.ENTER) if not facts.on else _when_proven(facts, Move.DRY_RUN)
        case Step.DRY_RUNNING:
            return _dry_running(facts)
        case _:
            return _collecting(facts)


def _dry_running(facts: Facts) -> Next:
    match facts.process:
        case Process.RUNNING | Process.UNKNOWN:
            return Next(Move.POLL)
        case Process.FAILED:
            return Next(Move.END, Why.COLLECT_FAILED)
        case Process.NONE | Process.DEAD:
            return _again(facts)
        case Process.SUCCEEDED if facts.compared is None:
            return Next(Move.COMPARE)
        case Process.SUCCEEDED:
            return _when_proven(facts, Move.COLLECT) if facts.compared else Next(Move.END, Why.COLLECT_FAILED)
        case _:
            assert_never(facts.process)


def _collecting(facts: Facts) -> Next:
    match facts.process:
        case Process.RUNNING | Process.UNKNOWN:
            return Next(Move.POLL)
        case Process.NONE | Process.DEAD:
            return _again(facts)
        case _:
            return Next(Move.END, Why.COLLECT_FAILED)


def _again(facts: Facts) -> Next:
    """A process that is not there is begun anew with its dry run: what was compared may be long ago."""
    return _when_proven(facts, Move.DRY_RUN) if facts.attempts_left else Next(Move.END, Why.COLLECT_FAILED)


def _when_proven(facts: Facts, move: Move) -> Next:
    """`move`, once the rollout is through and every replica is proven read-only (S8)."""
    if facts.rolled_out and facts.replicas:
        if not facts.protected or all(replica is Replica.READ_ONLY for replica in facts.replicas):
            return Next(move)
        if Replica.DENIED in facts.replicas:
            return Next(Move.END, Why.READ_ONLY_NOT_PROVEN)
        waiting = Move.PROVE_READ_ONLY
    else:
        waiting = Move.WAIT_ROLLOUT
    return Next(Move.END, Why.READ_ONLY_NOT_PROVEN) if facts.rollout_overdue else Next(waiting)


def _leaving(facts: Facts) -> Next:
    if facts.gone:
        return Next(Move.DONE)
    if not facts.off and (facts.protected or not facts.stale):
        return Next(Move.LIFT)  # the switch that goes restarts every replica, whoever lives to see it
    if not facts.rolled_out:
        return Next(Move.WAIT_LIFT)
    if facts.stale:
        return Next(Move.RESTART)
    if any(replica not in (Replica.WRITABLE, Replica.DENIED) for replica in facts.replicas):
        return Next(Move.PROVE_WRITABLE)
    return Next(Move.DONE)
