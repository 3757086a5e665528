"""A Lease: at most one holder at a time, for the operator's process and for each registry's workload.

Clocks of machines differ, so nobody else's time is believed: a foreign Lease is dead when its record has not
changed for its whole duration, measured here, monotonically. Our own is given up in good time before others
may take it. A holder that is known to be dead (`lifeline`) is waited for only until what it sent last must have
arrived. Source: coordination.k8s.io/v1; the rules of client-go's leader election.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from regsweep.clients.kinds import LEASE
from regsweep.clients.kube import Cluster, Object
from regsweep.errors import ClusterConflict, ClusterError, ClusterNotFound

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """In seconds. `abdicate`: without a renewal for so long the Lease counts as lost, before anybody else
    may have it. `is_dead`: whether a holder certainly lives no more."""

    duration: int = 60
    renew: float = 15.0
    abdicate: float = 40.0
    after_death: float = 5.0
    """A request that the dead sent with its last breath is answered by then."""
    is_dead: Callable[[str], bool] | None = None


def workload_lease(namespace: str, kind: str, name: str) -> str:
    """The name of the Lease that guards one registry's maintenance."""
    return "regsweep-" + hashlib.sha256(f"{namespace}/{kind}/{name}".encode()).hexdigest()[:20]


class Lease:
    """One Lease, wanted by one `holder`. `lost` is to be looked at right before whatever only the holder may
    do."""

    def __init__(self, cluster: Cluster, namespace: str, name: str, holder: str, terms: Terms | None = None) -> None:
        self._cluster, self._namespace, self._name, self.holder = cluster, namespace, name, holder
        self._terms = terms or Terms()
        self._seen: tuple[object, ...] = ()
        self._seen_at = 0.0
        self._renewed_at: float | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> bool:
        """True unless it is held now, surely."""
        renewed = self._renewed_at
        return renewed is None or time.monotonic() - renewed > self._terms.abdicate

    def try_acquire(self) -> bool:
        """Take it where it is free, ours, or dead; then it is renewed in the background until `release`. Ask
        again later where False: a dead holder's Lease is taken once it was seen unchanged for its duration.
        Raises ClusterError."""
        try:
            if not self._take():
                return False
        except ClusterConflict:
            return False
        if self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._keep, name=f"lease {self._name}", daemon=True)
            self._thread.start()
        return True

    def release(self) -> None:
        """Give it up, so that the next holder need not wait. Raises ClusterError where that could not be
        written."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        held, self._renewed_at = self._renewed_at is not None, None
        if not held:
            return
        try:
            found = self._cluster.get(LEASE, self._namespace, self._name)
            if found["spec"].get("holderIdentity") == self.holder:
                found["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                self._cluster.replace(LEASE, self._namespace, found)
        except (ClusterNotFound, ClusterConflict):
            return

    def _keep(self) -> None:
        while not self._ended.wait(self._terms.renew):
            try:
                if not self._take():
                    self._renewed_at = None
                    return
            except ClusterError:
                continue  # `lost` tells, when it lasts

    def _take(self) -> bool:
        begun = time.monotonic()
        try:
            found = self._cluster.get(LEASE, self._namespace, self._name)
        except ClusterNotFound:
            found = {}
        if found and not self._free(found):
            return False
        self._write(found)
        self._renewed_at = begun
        return True

    def _free(self, found: Object) -> bool:
        spec: dict[str, Any] = found.get("spec") or {}
        if spec.get("holderIdentity") in (None, "", self.holder):
            return True
        record = (spec.get("holderIdentity"), spec.get("renewTime"), found["metadata"].get("resourceVersion"))
        if record != self._seen:
            self._seen, self._seen_at = record, time.monotonic()
        unchanged = time.monotonic() - self._seen_at
        other = str(spec["holderIdentity"])
        if self._terms.is_dead and self._terms.is_dead(other):
            _log.info("%s, the holder of the Lease %s, is dead: nobody waits for it", other, self._name)
            return unchanged > self._terms.after_death
        return unchanged > int(spec.get("leaseDurationSeconds") or self._terms.duration)

    def _write(self, found: Object) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        old: dict[str, Any] = found.get("spec") or {}
        spec = {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self._terms.duration,
            "renewTime": now,
            "acquireTime": old.get("acquireTime") if old.get("holderIdentity") == self.holder else now,
            "leaseTransitions": int(old.get("leaseTransitions") or 0) + (old.get("holderIdentity") != self.holder),
        }
        if found:
            self._cluster.replace(LEASE, self._namespace, {**found, "spec": spec})
        else:
            self._cluster.create(LEASE, self._namespace, {"metadata": {"name": self._name}, "spec": spec})
