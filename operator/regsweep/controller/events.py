"""Kubernetes events, `events.k8s.io/v1`. The same event again within ten minutes counts up; it makes no new object.

An event is news, never a record: one that cannot be written is logged, and nothing else fails.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from regsweep.api.meta import API_VERSION, ObjectMeta
from regsweep.clients.kinds import EVENT
from regsweep.clients.kube import Cluster, Object
from regsweep.core.ports import Clock
from regsweep.errors import ClusterConflict, ClusterError, ClusterNotFound

SERIES = timedelta(minutes=10)
CONTROLLER = "regsweep.dev/operator"
_REMEMBERED = 1000
_NOTE = 1024
"""The API server's limit, in characters. Source: events.k8s.io/v1 Event.note."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """`action` is what the operator was doing: CamelCase, as `reason`."""

    reason: str
    note: str
    action: str = "Reconcile"
    type: Literal["Normal", "Warning"] = "Normal"


@dataclass(slots=True)
class _Series:
    name: str
    count: int
    last: datetime


class Events:
    """Safe for use by many threads. `instance` is the name of this process, as its pod's."""

    def __init__(self, cluster: Cluster, clock: Clock, instance: str) -> None:
        self._cluster, self._clock, self._instance = cluster, clock, instance
        self._lock = threading.Lock()
        self._series: dict[str, _Series] = {}

    def tell(self, kind: str, meta: ObjectMeta, news: News) -> None:
        """Never raises a ClusterError."""
        key = hashlib.sha256(f"{kind}\n{meta.uid}\n{news.type}\n{news.reason}\n{news.note}".encode()).hexdigest()
        with self._lock:
            try:
                self._tell(key, kind, meta, news)
            except ClusterError as error:
                _log.warning("event %s of %s %s/%s: %s", news.reason, kind, meta.namespace, meta.name, error)

    def _tell(self, key: str, kind: str, meta: ObjectMeta, news: News) -> None:
        now = self._clock()
        known = self._series.get(key)
        if known is not None and now - known.last < SERIES and self._count_up(meta.namespace, known, now):
            return
        name = f"{meta.name[:200]}.{key[:8]}{int(now.timestamp()):x}"
        try:
            self._cluster.create(EVENT, meta.namespace, self._body(name, kind, meta, news))
        except ClusterConflict:
            _log.debug("event %s is there already", name)
        self._series[key] = _Series(name, 1, now)
        self._forget()

    def _count_up(self, namespace: str, known: _Series, now: datetime) -> bool:
        series = {"count": known.count + 1, "lastObservedTime": _micro(now)}
        try:
            self._cluster.merge(EVENT, namespace, known.name, {"series": series})
        except ClusterNotFound:
            return False
        known.count, known.last = known.count + 1, now
        return True

    def _forget(self) -> None:
        while len(self._series) > _REMEMBERED:
            del self._series[next(iter(self._series))]

    def _body(self, name: str, kind: str, meta: ObjectMeta, news: News) -> Object:
        return {
            "metadata": {"name": name, "namespace": meta.namespace},
            "eventTime": _micro(self._clock()),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:128],
            "action": news.action,
            "reason": news.reason,
            "type": news.type,
            "note": news.note[:_NOTE],
            "regarding": {
                "apiVersion": API_VERSION,
                "kind": kind,
                "namespace": meta.namespace,
                "name": meta.name,
                "uid": meta.uid,
            },
        }


def _micro(moment: datetime) -> str:
    """Source: Kubernetes MicroTime."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
