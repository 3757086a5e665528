"""The maintenance window of a registry that is a process of this machine: the same gate as in a cluster, without
rollouts.

Stop, start read-only, dry run compared with what must survive, collect, start writable: the new process has an empty
blob cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from regsweep.core.collector_output import CollectorOutput
from regsweep.core.diagnosis import Scene, diagnose
from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.core.outcome import Collection
from regsweep.core.ports import Clock, Progress
from regsweep.demo.process import RegistryProcess
from regsweep.errors import CollectFailed


class ProcessCollector:
    """A `Collector` for a `RegistryProcess`."""

    def __init__(self, registry: RegistryProcess, clock: Clock, progress: Progress) -> None:
        self._registry, self._clock, self._progress = registry, clock, progress

    def preflight(self) -> None:
        """The process is ours: nothing can stand in the way."""

    def resume(self, census: Callable[[], Census]) -> Collection | None:
        """A process of ours does not outlive us: there is no window to go on with."""
        return None

    def collect(self, census: Callable[[], Census]) -> Collection:
        """Raises CollectFailed; the registry is writable again in any case."""
        started, blocked = self._clock(), time.monotonic()
        before = self._registry.disk_bytes().blobs
        self._progress.say("read-only, and the collector's dry run")
        self._registry.restart(read_only=True)
        try:
            expected = census().marks()
            marked, _ = self._run(dry_run=True)
            if missing := sorted(expected - marked):
                raise CollectFailed(f"the dry run would sweep {len(missing)} blobs of kept images, {missing[0]} first")
            self._progress.say("collecting")
            marked, output = self._run(dry_run=False)
        finally:
            self._registry.restart(read_only=False)
        return Collection(
            started_at=started,
            finished_at=self._clock(),
            blobs_marked=len(marked),
            blobs_expected=len(expected),
            blobs_deleted=len(output.eligible),
            manifests_deleted=output.manifests,
            bytes_before=before,
            bytes_after=self._registry.disk_bytes().blobs,
            write_blocked_seconds=time.monotonic() - blocked,
            swept=frozenset(output.eligible),
        )

    def _run(self, *, dry_run: bool) -> tuple[set[Digest], CollectorOutput]:
        """What is marked, and the rest of the output. Success is exit code 0 and the summary line, both."""
        done = self._registry.garbage_collect(dry_run=dry_run)
        marked: set[Digest] = set()
        output = CollectorOutput(marked.add)
        output.feed(done.stdout.encode())
        output.end()
        if done.returncode or output.summary is None:
            scene = Scene(str(self._registry.storage), repository=output.repository)
            raise CollectFailed(diagnose(done.stderr, done.returncode, scene))
        return marked, output
