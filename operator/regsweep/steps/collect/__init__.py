"""The maintenance window: read-only on every replica, a compared dry run, garbage-collect in the pod,
writable again.

`PodCollector` is the `Collector` of the pipeline in Kubernetes. The order is decided by `core.maintenance`;
here are the looks and the effects. It may not run garbage-collect while writes are possible (mode ReadOnly),
and it never leaves a window open: every way out goes through the lift, or through LiftFailed.
"""

from __future__ import annotations

from collections.abc import Callable

from regsweep.api.run import CollectionStatus
from regsweep.clients.lease import Lease
from regsweep.core.inventory import Census
from regsweep.core.maintenance import Step, Why
from regsweep.core.outcome import Collection
from regsweep.errors import CollectError, CollectFailed, ReadOnlyNotProven, RegsweepError
from regsweep.steps.collect.conductor import Conductor
from regsweep.steps.collect.inspection import Inspection
from regsweep.steps.collect.preflight import preflight
from regsweep.steps.collect.site import Execute, Pace, Probe, Site
from regsweep.steps.collect.tenure import acquire, acquired_at_once, lease_of, release
from regsweep.steps.collect.window import LEAVING, Window

__all__ = ["Execute", "Pace", "PodCollector", "Probe", "Site"]

_ERRORS: dict[str, type[CollectError]] = {Why.READ_ONLY_NOT_PROVEN: ReadOnlyNotProven}


class PodCollector:
    """Collects in a pod of the registry's workload. One at a time for a workload: a Lease sees to it."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def preflight(self) -> None:
        """Change nothing; raise WorkloadUnfit with the fix where the window could not be entered or left."""
        preflight(self._site)

    def collect(self, census: Callable[[], Census]) -> Collection:
        """The whole window. Raises WorkloadUnfit before anything was changed, ReadOnlyNotProven or
        CollectFailed after the registry is writable again, the Stop's own errors likewise, and LiftFailed
        where it is not writable."""
        inspection = preflight(self._site)
        status = CollectionStatus(
            endpoint=inspection.endpoint,
            work_dir=inspection.work_dir,
            root=inspection.store,
            without_redis=inspection.registry.cache == "redis",
        )
        lease = lease_of(self._site)
        acquire(self._site, lease)
        window = self._conduct(status, census, lease, inspection)
        return _collection(window)

    def resume(self, census: Callable[[], Census]) -> Collection | None:
        """Go on from the journal and the workload. A window that was being given up is lifted, and None
        comes back."""
        status = self._site.journal.load()
        if status is None or status.step == Step.NONE:
            return None
        given_up = Step(status.step) in (*LEAVING, Step.FINISHED) and status.outcome != Why.COLLECTED
        if status.step != Step.FINISHED:
            lease = lease_of(self._site)
            held = lease if acquired_at_once(self._site, lease) else None  # without it, the window is only left
            window = self._conduct(status, census, held, None)
        else:
            window = Window(self._site, census, status)
        return None if given_up else _collection(window)

    def _conduct(
        self, status: CollectionStatus, census: Callable[[], Census], lease: Lease | None, inspection: Inspection | None
    ) -> Window:
        window = Window(self._site, census, status)
        window.inspection = inspection
        conductor = Conductor(self._site, window, lease)
        try:
            conductor.conduct()
        finally:
            release(self._site, lease)
        error = conductor.error
        if error is not None and (window.status.outcome != Why.COLLECTED or not isinstance(error, RegsweepError)):
            raise error
        return window


def _collection(window: Window) -> Collection:
    """The result of a window that ended; raises why it was not collected."""
    status = window.status
    if status.outcome != Why.COLLECTED:
        raise _ERRORS.get(status.outcome, CollectFailed)(status.message)
    now = window.site.clock()
    return Collection(
        started_at=status.started_at or now,
        finished_at=status.finished_at or now,
        blobs_marked=status.blobs_marked,
        blobs_expected=status.blobs_expected,
        blobs_deleted=status.blobs_deleted,
        manifests_deleted=status.manifests_deleted,
        bytes_before=status.bytes_before,
        bytes_after=status.bytes_after,
        write_blocked_seconds=float(status.write_blocked_seconds),
        swept=window.swept,
        repositories_removed=status.repositories_removed,
        collector_seconds=float(status.collector_seconds),
    )
