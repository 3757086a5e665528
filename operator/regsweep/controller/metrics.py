"""What a monitoring system reads. Few series: labels are namespace and policy, never an image or a run."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_POLICY = ("namespace", "policy")
_DURATIONS = (10, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800)


class Metrics:
    """Own registry of metrics, so that two operators in one process (tests) do not share one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.runs = Counter("regsweep_runs", "Finished runs.", (*_POLICY, "result"), registry=self.registry)
        self.deletions = Counter("regsweep_deleted_manifests", "Deleted manifests.", _POLICY, registry=self.registry)
        self.restored = Counter("regsweep_restored_manifests", "Manifests put back.", _POLICY, registry=self.registry)
        self.reclaimed = Counter("regsweep_reclaimed_bytes", "Freed by collections.", _POLICY, registry=self.registry)
        self.pending_deletions = self._gauge("pending_deletions", "Manifests that the last plan deletes.")
        self.pending_bytes = self._gauge("pending_bytes", "Bytes that the last plan frees.")
        self.last_success = self._gauge("last_success_timestamp_seconds", "When a run was last complete.")
        self.maintenance = self._gauge("maintenance_active", "1 while a registry is in maintenance.")
        self.maintenance_since = self._gauge("maintenance_started_timestamp_seconds", "When it began; 0 without.")
        self.maintenance_deadline = self._gauge(
            "maintenance_deadline_timestamp_seconds", "When it must be over at the latest; 0 without."
        )
        self.orphans = Gauge(
            "regsweep_orphaned_maintenance", "Registries in maintenance without a run.", registry=self.registry
        )
        self.awaiting = self._gauge("awaiting_approval", "Runs that wait for a person.")
        self.duration = Histogram(
            "regsweep_run_duration_seconds", "How long runs took.", _POLICY, buckets=_DURATIONS, registry=self.registry
        )
        self.executing = Gauge("regsweep_runs_executing", "Runs that are executed now.", registry=self.registry)
        self.queue = Gauge("regsweep_queue_depth", "Objects that wait to be looked at.", registry=self.registry)
        self.reconcile_errors = Counter(
            "regsweep_reconcile_errors", "Looks at an object that failed.", ("kind",), registry=self.registry
        )

    def finished(self, namespace: str, policy: str, result: str, seconds: float) -> None:
        self.runs.labels(namespace, policy, result).inc()
        self.duration.labels(namespace, policy).observe(seconds)

    def window(self, namespace: str, policy: str, since: datetime | None, deadline: datetime | None = None) -> None:
        self.maintenance.labels(namespace, policy).set(since is not None)
        self.maintenance_since.labels(namespace, policy).set(since.timestamp() if since else 0)
        self.maintenance_deadline.labels(namespace, policy).set(deadline.timestamp() if deadline else 0)

    def forget(self, namespace: str, policy: str) -> None:
        """Drop the gauges of a policy that is gone. Its counters stay, as counters do."""
        gauges = (self.pending_deletions, self.pending_bytes, self.last_success, self.awaiting)
        for gauge in (*gauges, self.maintenance, self.maintenance_since, self.maintenance_deadline):
            if (namespace, policy) in gauge._metrics:
                gauge.remove(namespace, policy)

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(f"regsweep_{name}", words, _POLICY, registry=self.registry)
