"""Whether a policy's registry answers and deletes: looked at in the background, by questions that change nothing.

A registry that does not answer must not hold up the looks at other policies, so the answer of last time is given and a
newer one is told later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.clients.kube import Cluster
from regsweep.clients.registry import DeleteState, Reader, delete_setting, probe_deletes
from regsweep.controller.conditions import UNKNOWN, Fact, false, true
from regsweep.controller.registry_access import target_of
from regsweep.controller.scheduler import POLICY, Key
from regsweep.core.ports import Clock
from regsweep.errors import RegsweepError, door

FRESH = timedelta(minutes=10)
AFTER_TROUBLE = timedelta(minutes=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """What was found, and of which generation of the policy."""

    reachable: Fact
    deletes: Fact
    generation: int
    at: datetime


Ask = Callable[[RegistryCleanupPolicy], tuple[Fact, Fact]]


class Checks:
    """`tell` is called with a policy's key when there is news about it."""

    def __init__(self, ask: Ask, clock: Clock, tell: Callable[[Key], None]) -> None:
        self._ask, self._clock, self._tell = ask, clock, tell
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="check")
        self._lock = threading.Lock()
        self._known: dict[str, Check] = {}
        self._asked: set[str] = set()
        self._looking: set[str] = set()

    def of(self, policy: RegistryCleanupPolicy, *, again: bool, since: datetime | None = None) -> Check | None:
        """What is known; None before the first answer. Where that is old, or older than `since`, and `again` is True, a
        new look is begun.
        """
        meta = policy.metadata
        with self._lock:
            known = self._known.get(meta.uid)
            old = not self._fresh(known, meta.generation) or (
                since is not None and known is not None and known.at < since
            )
            if again and old and meta.uid not in self._asked:
                self._asked.add(meta.uid)
                self._pool.submit(self._look, policy)
        return known

    def forget(self, uid: str) -> None:
        with self._lock:
            self._known.pop(uid, None)

    def stop(self) -> bool:
        """Begin no further look. False where one is still under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            return not self._looking

    def _fresh(self, known: Check | None, generation: int) -> bool:
        if known is None or known.generation != generation:
            return False
        return self._clock() - known.at < (FRESH if known.reachable.status == "True" else AFTER_TROUBLE)

    def _look(self, policy: RegistryCleanupPolicy) -> None:
        meta = policy.metadata
        with self._lock:
            self._looking.add(meta.uid)
        try:
            reachable, deletes = self._ask(policy)
        except Exception as error:  # noqa: BLE001  (a thread has nobody above it to tell)
            _log.exception("check of policy %s/%s", meta.namespace, meta.name)
            reachable, deletes = Fact("Unknown", "InternalError", type(error).__name__), UNKNOWN
        with self._lock:
            self._asked.discard(meta.uid)
            self._looking.discard(meta.uid)
            self._known[meta.uid] = Check(reachable, deletes, meta.generation, self._clock())
        self._tell(Key(POLICY, meta.namespace, meta.name))


def ask_registry(policy: RegistryCleanupPolicy, cluster: Cluster) -> tuple[Fact, Fact]:
    """The facts of RegistryReachable and DeleteEnabled."""
    try:
        target = target_of(policy, cluster)
        with Reader(target) as reader:
            reader.ping()
            major = reader.major()
        return true("Reachable", f"{target.root} answers"), _deletes(probe_deletes(target), major)
    except RegsweepError as error:
        return false(door(error).reason, str(error)), UNKNOWN


def _deletes(state: DeleteState, major: int | None) -> Fact:
    match state:
        case DeleteState.ENABLED:
            return true("Enabled", "the registry deletes manifests")
        case DeleteState.DISABLED:
            return false("Disabled", f"deletes are switched off. {delete_setting(major)}")
        case DeleteState.READ_ONLY:
            return false("ReadOnly", "the registry is in read-only mode: it deletes nothing until that is lifted")
        case DeleteState.DENIED:
            return false("Denied", "these credentials may not delete: give the user the right to delete manifests")
        case _:
            return Fact("Unknown", "Unknown", "the registry's answer to a delete does not tell whether it deletes")
