"""The effects of an open window: one method for each move. What was begun is in `status`, written ahead of
each effect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from regsweep.api.run import CollectionStatus
from regsweep.clients.kinds import POD
from regsweep.core import marker
from regsweep.core.collector_job import job_name
from regsweep.core.collector_output import CollectorOutput
from regsweep.core.inventory import Census
from regsweep.core.maintenance import Process, Replica, Step, Why
from regsweep.core.oci import Digest
from regsweep.core.workload import container_id, ready
from regsweep.errors import ClusterError, ClusterNotFound, CollectFailed, RegsweepError
from regsweep.steps.collect.alive import CollectorProcess, Solitude, alive_in, any_alive, stop_all
from regsweep.steps.collect.comparison import NAMED, Comparison, overlooked
from regsweep.steps.collect.inside import inspect
from regsweep.steps.collect.inspection import Inspection
from regsweep.steps.collect.job import JobProcess
from regsweep.steps.collect.process import Place, PodProcess, measure
from regsweep.steps.collect.redis import RedisCache
from regsweep.steps.collect.sight import Sight
from regsweep.steps.collect.site import Site
from regsweep.steps.collect.store import remove_empty, unseen

LEAVING = (Step.STOPPING, Step.LIFTING)
TELLING = timedelta(seconds=15)
"""Between two writes of how far a collection is."""


class Window:
    """One window, from the first effect to the last. `inspection` is made when it is needed."""

    def __init__(self, site: Site, census: Callable[[], Census], status: CollectionStatus) -> None:
        self.site, self.status = site, status
        self.inspection: Inspection | None = None
        self.applied = False
        self.compared: bool | None = None
        self.process: CollectorProcess | None = None
        self.swept: frozenset[Digest] = frozenset()
        self._marks = Comparison(site, census)
        self._solitude = Solitude(site)
        self._stops = 0
        self._told: datetime | None = None
        self._begun: datetime | None = None
        if self.step in (Step.DRY_RUNNING, Step.COLLECTING):
            self._follow()

    @property
    def step(self) -> Step:
        return Step(self.status.step)

    @property
    def variables(self) -> dict[str, str]:
        """Of the window, on the registry's container."""
        return marker.switches(self.site.protected, self.status.without_redis)

    def save(self, **changes: Any) -> None:
        """Write ahead. Where it cannot be written, nothing new is begun; but a lift does not wait for it
        (S9)."""
        new = self.status.model_copy(update=changes)
        try:
            self.site.journal.save(new)
        except Exception as error:
            if Step(new.step) not in (*LEAVING, Step.FINISHED):
                raise
            self.site.progress.say(f"the step {new.step} could not be written ({error}); the lift goes on")
        self.status = new

    def process_state(self, sight: Sight) -> Process:
        """Of the process that the step is about; when stopping, of any collector in any pod."""
        if self.step is Step.STOPPING:
            return any_alive(self.site, sight.pods) if self.status.attempts else Process.NONE
        if self.process is None or self.step is Step.LIFTING:
            return Process.NONE
        if self.step is Step.DRY_RUNNING and self._marks.taken is None:
            self._take_census()
        return self.process.look(list(sight.pods))

    def enter(self, sight: Sight) -> None:
        uid, rollout = _found(sight)["metadata"]["uid"], self.site.spec.rollout_timeout.timedelta
        started = self.status.started_at or self.site.clock()
        deadline = self.status.deadline or started + rollout + self.site.spec.timeout.timedelta
        if self.step is not Step.ENTERING:
            self.save(step=Step.ENTERING, started_at=started, deadline=deadline, workload_uid=uid)
        overdue = deadline + rollout
        wanted = self.site.marker(overdue, self.status.endpoint, without_redis=self.status.without_redis)
        self._apply(marker.enter_body(self.site.target(self.status.workload_uid), wanted))
        self.applied = True

    def dry_run(self, sight: Sight) -> None:
        self._begin(sight, Step.DRY_RUNNING, dry_run=True)
        self.site.progress.say("dry run of garbage-collect begun; its marks are compared with a fresh listing")
        if self._marks.taken is None:
            self._take_census()
        if self.inspection is not None:  # while the dry run goes on
            size = self._bytes_before(self.status.pod, self.inspection)
            self.status = self.status.model_copy(update={"bytes_before": size})

    def compare(self) -> None:
        """Every digest of the census must have been marked: a missing one is a live image at risk."""
        output = self._output()
        root, why = self.status.root, self._marks.verdict()
        if repositories := unseen(self.site, self.status.pod, root) if root else ():
            why = overlooked(repositories, root)
        self.compared = not why
        marked = output.summary.marked if output.summary else 0
        seen = {"blobs_marked": marked, "blobs_eligible": len(output.eligible), "collector_seconds": self._taken()}
        self.status = self.status.model_copy(update=seen)
        if why:
            raise CollectFailed(why)
        self.site.progress.begin("collect", len(output.eligible))

    def collect(self, sight: Sight) -> None:
        if self.status.without_redis:
            self._flush_redis(sight)
        self._begin(sight, Step.COLLECTING, dry_run=False)

    def poll(self) -> None:
        """How far the collection is, for whoever looks: written now and then, and not worth an error."""
        if self.step is not Step.COLLECTING:
            return
        now, swept = self.site.clock(), len(self._output().eligible)
        self.site.progress.advance(max(0, swept - self.status.blobs_deleted), "blobs")
        self.status = self.status.model_copy(update={"blobs_deleted": swept})
        self._told = self._told or now
        if now - self._told >= TELLING:
            self._told = now
            try:
                self.site.journal.save(self.status)
            except RegsweepError as error:
                self.site.progress.say(f"how far the collection is could not be written: {error}")

    def end(self, why: Why, message: str, outcome: str, *, tidy: bool) -> None:
        counts: dict[str, Any] = {}
        if why is Why.COLLECTED:
            output = self._output()
            self.swept = frozenset(output.eligible)
            counts = {"blobs_deleted": len(output.eligible), "manifests_deleted": output.manifests}
            counts["collector_seconds"] = self._taken()
            counts["repositories_removed"] = self._remove_empty() if tidy else 0
        self.save(step=Step.STOPPING, outcome=outcome, message=message[:2000], **counts)

    def stop_collector(self, sight: Sight) -> None:
        """Killing garbage-collect is safe at any moment. A pod that does not answer is deleted: it comes
        back read-only."""
        self._stops += 1
        if self._stops % 5:
            stop_all(self.site, sight.pods)
            return
        for pod in sight.pods:
            if alive_in(self.site, pod).may_live and not pod["metadata"].get("deletionTimestamp"):
                self.site.progress.say(
                    f"pod {pod['metadata']['name']} is deleted: its collector cannot be stopped otherwise"
                )
                self.site.cluster.delete(POD, self.site.namespace, pod["metadata"]["name"], uid=pod["metadata"]["uid"])

    def lift(self, sight: Sight) -> None:
        if self.step is not Step.LIFTING:
            stale = tuple(pod["metadata"]["uid"] for pod in sight.pods) if self.status.collect_started_at else ()
            self.save(step=Step.LIFTING, stale_pods=stale)
            if stale and not self.site.protected:
                return  # they restart while the marker still says so
        if sight.found is not None:
            self._apply(marker.lift_body(self.site.target(sight.found["metadata"]["uid"])))

    def restart(self, sight: Sight) -> None:
        begun = self.status.collect_started_at
        reason = f"{self.site.run} {begun:%Y-%m-%dT%H:%M:%SZ}" if begun else self.site.run
        body = marker.restart_body(self.site.target(_found(sight)["metadata"]["uid"]), reason)
        self.site.cluster.apply(self.site.kind, body, manager=marker.RESTART_MANAGER)

    def done(self, sight: Sight) -> None:
        now = self.site.clock()
        if Replica.DENIED in sight.replicas:
            self.site.progress.say(
                f"{self.site.name} is as it was before its maintenance; whether it takes pushes it does not say, for "
                "it refuses the login: look at spec.registry.credentialsSecretRef"
            )
        blocked = (now - self.status.started_at).total_seconds() if self.status.started_at else 0.0
        changes: dict[str, Any] = {"write_blocked_seconds": int(blocked) if self.site.protected else 0}
        if self.status.outcome == Why.COLLECTED and sight.pods:
            changes |= self._bytes_after(sight.pods[0])
        self.save(step=Step.FINISHED, finished_at=now, **changes)

    def _bytes_before(self, pod: str, inspection: Inspection) -> int | None:
        """Measured once; again only by who goes on after a crash that came before it was written. None: not
        measurable."""
        if self.status.bytes_before is not None or not inspection.store:
            return self.status.bytes_before
        return measure(self.site, pod, inspection.blobs)

    def _bytes_after(self, pod: dict[str, Any]) -> dict[str, int]:
        try:
            self.inspection = self.inspection or inspect(self.site, pod)
        except ClusterError as error:
            self.site.progress.say(f"the bytes after the collection could not be measured: {error}")
            return {}
        if not self.inspection.store:
            return {}
        after = measure(self.site, pod["metadata"]["name"], self.inspection.blobs)
        if after is None or self.status.bytes_before is None:
            return {}
        return {"bytes_after": after, "reclaimed_bytes": max(0, self.status.bytes_before - after)}

    def _begin(self, sight: Sight, step: Step, *, dry_run: bool) -> None:
        pod = next(pod for pod in sight.pods if ready(pod))
        self._solitude.prove(sight.pods)
        self.inspection = self.inspection or inspect(self.site, pod)
        meta, now, attempt = pod["metadata"], self.site.clock(), self.status.attempts + dry_run
        self.save(
            step=step,
            pod=meta["name"],
            pod_uid=meta["uid"],
            container_id=container_id(pod, self.site.workload.container),
            work_dir=self.inspection.work_dir,
            job="" if self.inspection.shell else job_name(self.site.run, attempt, dry_run),
            attempts=attempt,
            collect_started_at=self.status.collect_started_at or (None if dry_run else now),
            bytes_before=self.status.bytes_before if dry_run else self._bytes_before(meta["name"], self.inspection),
        )
        if dry_run and not self.site.protected:
            self._take_census()  # while pushes go on, only what was there before the marks must be marked
        self._begun = self.site.clock()
        self._follow().start(pod, self.inspection, dry_run)

    def _follow(self) -> CollectorProcess:
        if self.step is Step.DRY_RUNNING:
            self.compared = None
            self._marks.begin()
        status, output = self.status, CollectorOutput(marked=self._marks.missing.discard)
        if status.job:
            self.process = JobProcess(self.site, status.job, output)
        else:
            place = Place(status.pod, status.pod_uid, status.container_id, self._directory())
            self.process = PodProcess(self.site, place, output, status.root)
        return self.process

    def _directory(self) -> str:
        kind = "real" if self.step is Step.COLLECTING else "dry"
        return f"{self.status.work_dir}/{self.site.run}-{self.status.attempts}-{kind}"

    def _taken(self) -> int:
        """Seconds of the collector's own, with the run that ends now. One that this process did not begin counts
        nothing."""
        begun, self._begun = self._begun, None
        return self.status.collector_seconds + (int((self.site.clock() - begun).total_seconds()) if begun else 0)

    def _take_census(self) -> None:
        self.status = self.status.model_copy(update={"blobs_expected": self._marks.take()})

    def _flush_redis(self, sight: Sight) -> None:
        """No replica fills it again before the window is over."""
        pod = next(pod for pod in sight.pods if ready(pod))
        self.inspection = self.inspection or inspect(self.site, pod)
        if self.inspection.registry.redis is None:
            raise CollectFailed("where the registry's Redis is was known, and is not any more: nothing was collected")
        gone = RedisCache(self.site, pod["metadata"]["name"], self.inspection.registry.redis).flush()
        self.site.progress.say(f"{gone} keys of the registry's blob cache deleted in Redis")

    def _remove_empty(self) -> int:
        """How many went. It is not worth the collection's good end, so a failure is only told."""
        if not self.site.spec.remove_empty_repositories:
            return 0
        try:
            removed = remove_empty(self.site, self.status.pod, self.status.root, self._marks.kept())
        except ClusterError as error:
            self.site.progress.say(f"the empty repositories stay for now: {error}")
            return 0
        if removed:
            self.site.progress.say(f"{len(removed)} empty repositories removed: {', '.join(removed[:NAMED])}")
        return len(removed)

    def _output(self) -> CollectorOutput:
        if self.process is None:
            raise CollectFailed("there is no garbage-collect whose output could be read")
        return self.process.output

    def _apply(self, body: dict[str, Any]) -> None:
        self.site.cluster.apply(self.site.kind, body)


def _found(sight: Sight) -> dict[str, Any]:
    if sight.found is None:
        raise ClusterNotFound("the registry's workload is gone")
    return sight.found
