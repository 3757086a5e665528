"""Drives a window to its end: look, ask the rule book, do the one move, again. Whatever goes wrong leads
out, never back.

An error before the lift begins is kept, ends the window, and is raised when the registry is writable again.
While the window is being left nothing stops it: not a Stop, not an error, only its patience, and then it
says LiftFailed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from regsweep.clients.lease import Lease
from regsweep.core import marker
from regsweep.core.maintenance import Facts, Move, Next, Process, Replica, Step, Why, next_move
from regsweep.core.ports import Detached
from regsweep.core.workload import SWITCH
from regsweep.errors import (
    ClusterNotFound,
    ClusterUnreachable,
    CollectFailed,
    ExecFailed,
    Incomplete,
    LiftFailed,
    RegistryUnreachable,
    RegsweepError,
    door,
)
from regsweep.steps.collect.sight import Sight, look
from regsweep.steps.collect.site import Site
from regsweep.steps.collect.window import LEAVING, Window

ATTEMPTS = 2
"""Dry runs in one window: a pod that is killed once is no reason to give up, one that is killed always is."""

_PASSING = (ClusterUnreachable, ExecFailed, RegistryUnreachable)
"""Worth another look, as long as the window's time lasts."""

_UNPROVEN = "a replica still accepts writes, does not say, or refuses the login, or the rollout did not end"


class Conductor:
    """Conducts one window. `error` is why it ends early, if it does. Detached alone leaves it as it stands."""

    def __init__(self, site: Site, window: Window, lease: Lease | None) -> None:
        self.site, self.window = site, window
        self.error: BaseException | None = None
        self._lease = lease
        self._waiting_since: datetime | None = None
        self._leaving_since: datetime | None = None
        self._crash = ""
        self._said = ""
        self._effects: dict[Move, Callable[[Sight], None]] = {
            Move.ENTER: window.enter,
            Move.DRY_RUN: window.dry_run,
            Move.COMPARE: lambda _: window.compare(),
            Move.COLLECT: window.collect,
            Move.STOP_COLLECTOR: self._stop_collector,
            Move.LIFT: window.lift,
            Move.RESTART: self._restart,
            Move.DONE: window.done,
        }

    def conduct(self) -> None:
        """Until FINISHED. Raises LiftFailed, and Detached; every other error is in `error`."""
        while self.window.step is not Step.FINISHED:
            try:
                self._once()
            except Detached:
                raise  # the collector goes on in its pod, and whoever comes next finds it by the journal
            except BaseException as error:  # noqa: BLE001 - a window is left, whatever happens
                if self.window.step in LEAVING or self.error is not None:
                    self._insist(error)
                elif isinstance(error, _PASSING):
                    self._wait_after(error)
                else:
                    self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        if isinstance(error, ClusterNotFound):
            error = CollectFailed(
                f"something of {self.site.name} went away in the midst of its maintenance ({error}): "
                "the next collection goes on"
            )
        self.error = error

    def _once(self) -> None:
        sight = look(self.site, self.window.status.workload_uid, self.window.status.endpoint)
        decided = next_move(self.window.step, self._facts(sight))
        self._tell(decided.move)
        if decided.move is Move.END:
            self._end(decided, self._still_blocked(sight))
        elif decided.move in self._effects:
            self._effects[decided.move](sight)
            self._waiting_since = None
        else:
            self.window.poll()
            self._pause()

    def _facts(self, sight: Sight) -> Facts:
        window, site = self.window, self.site
        self._look_at_the_clock()
        target = site.target(window.status.workload_uid)
        found = sight.found
        self._crash = sight.crash
        stale = set(window.status.stale_pods)
        return Facts(
            on=found is not None and marker.is_on(found, target, site.run, window.variables),
            off=found is None or marker.is_off(found, site.run),
            gone=found is None,
            rolled_out=sight.rolled_out,
            replicas=sight.replicas,
            process=self._process(sight),
            applied=window.applied,
            crashing=bool(sight.crash),
            protected=site.protected,
            compared=window.compared,
            attempts_left=window.status.attempts < ATTEMPTS,
            stale=any(pod["metadata"]["uid"] in stale for pod in sight.pods),
            ending=self.error is not None,
            lease_lost=self._lease is None or self._lease.lost,
            rollout_overdue=self._waited_too_long(),
        )

    def _process(self, sight: Sight) -> Process:
        """A look that fails for good (the census is part of it) ends the window by the same rules."""
        if self.error is not None and self.window.step is Step.DRY_RUNNING:
            return Process.UNKNOWN  # it is not waited for any more
        try:
            return self.window.process_state(sight)
        except _PASSING:
            raise
        except RegsweepError as error:
            if self.error is None:
                self._give_up(error)
            return Process.UNKNOWN

    def _look_at_the_clock(self) -> None:
        if self.error is not None or self.window.step in LEAVING:
            return
        deadline = self.window.status.deadline
        if deadline is not None and self.site.clock() > deadline:
            spec = self.site.spec
            self.error = CollectFailed(
                f"the maintenance window took longer than rolloutTimeout {spec.rollout_timeout} and timeout "
                f"{spec.timeout} of spec.garbageCollection: raise the timeout; what was swept stays swept, and the "
                "next collection goes on"
            )
        try:
            self.site.stop.check()
        except Incomplete as error:
            self.error = error

    def _waited_too_long(self) -> bool:
        since = self._waiting_since
        return since is not None and self.site.clock() - since > self.site.spec.rollout_timeout.timedelta

    def _still_blocked(self, sight: Sight) -> bool:
        """Nobody can push: the rollout is through, and every replica says so itself."""
        read_only = all(replica is Replica.READ_ONLY for replica in sight.replicas)
        return self.site.protected and sight.rolled_out and bool(sight.replicas) and read_only

    def _end(self, decided: Next, blocked: bool) -> None:
        why = decided.why or Why.STOPPED
        outcome, message = str(why), self._reason(why)
        if why is Why.STOPPED and isinstance(self.error, RegsweepError):
            outcome = door(self.error).reason
        self.window.end(why, message, outcome, tidy=blocked)
        self._leaving_since = self.site.clock()

    def _reason(self, why: Why) -> str:
        match why:
            case Why.COLLECTED:
                return ""
            case Why.READ_ONLY_NOT_PROVEN:
                detail = self._crash or _UNPROVEN
                return f"{self.site.name} was not proven read-only on every replica ({detail}): nothing was collected"
            case Why.COLLECT_FAILED:
                process = self.window.process
                return (process.complaint if process else "") or "garbage-collect did not run to its end"
            case Why.LOST:
                return (
                    f"the maintenance of {self.site.name} was ended by somebody else (its marker, its switch or the "
                    "Lease "
                    "is gone): look for a GitOps tool that replaces the workload"
                )
            case Why.STOPPED:
                return str(self.error)

    def _tell(self, move: Move) -> None:
        if move is not Move.POLL and move.value != self._said:
            self._said = move.value
            self.site.progress.say(f"maintenance of {self.site.name}: {move.value}")

    def _stop_collector(self, sight: Sight) -> None:
        self.window.stop_collector(sight)
        self._pause()

    def _restart(self, sight: Sight) -> None:
        self.window.restart(sight)
        self._pause()

    def _pause(self) -> None:
        if self.window.step in LEAVING:
            self._insist(None)
            return
        if self._said in (Move.WAIT_ROLLOUT, Move.PROVE_READ_ONLY):
            self._waiting_since = self._waiting_since or self.site.clock()
        self.site.stop.wait(self.site.pace.poll)

    def _wait_after(self, error: BaseException) -> None:
        self.site.progress.say(f"maintenance of {self.site.name}: {error}; trying again")
        try:
            self.site.stop.wait(self.site.pace.poll)
        except Incomplete as stopped:
            self.error = stopped

    def _insist(self, error: BaseException | None) -> None:
        """Go on leaving, until patience ends; a person who interrupts is obeyed."""
        if error is not None:
            if isinstance(error, LiftFailed) or not isinstance(error, Exception):
                raise error
            self.site.progress.say(f"leaving the maintenance of {self.site.name}: {error}; trying again")
        now = self.site.clock()
        self._leaving_since = self._leaving_since or now
        if (now - self._leaving_since).total_seconds() > self.site.pace.lift_patience:
            raise LiftFailed(self._still_read_only()) from error
        self.site.sleep(self.site.pace.poll)

    def _still_read_only(self) -> str:
        kind, name = self.site.workload.kind.lower(), self.site.workload.name
        return (
            f"{self.site.name} could not be proven writable after {self.site.pace.lift_patience:.0f}s (step "
            f"{self.window.step}). By hand: make sure that no garbage-collect runs in its pods, then `kubectl -n "
            f"{self.site.namespace} set env {kind}/{name} -c {self.site.workload.container} "
            f"{SWITCH}-` and `kubectl -n {self.site.namespace} rollout status {kind}/{name}`"
        )
