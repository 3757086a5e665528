"""The collector as a Job with the registry's own image, where no shell can begin it in the registry's pod.

Known dead or alive by the Job and its pod, as the API says them. Its output is the pod's log, which is read as it
grows: the kubelet keeps only the newest part of a long one (containerLogMaxSize), and a mark that was lost with the
rest only stops the collection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from regsweep.clients.kinds import JOB, POD
from regsweep.core import collector_job
from regsweep.core.collector_job import CONTAINER, Ended, Order, ended, job_body, unfinished, waiting_for
from regsweep.core.collector_output import CollectorOutput
from regsweep.core.container_log import LogReader
from regsweep.core.diagnosis import Scene, diagnose
from regsweep.core.maintenance import Process
from regsweep.core.workload import container_status
from regsweep.errors import ClusterConflict, ClusterError, ClusterNotFound
from regsweep.steps.collect.inspection import Inspection
from regsweep.steps.collect.site import Site

CHUNK = 32 << 20
_TAIL = 4096


@dataclass(slots=True)
class JobProcess:
    """One run of garbage-collect in a Job of its own, called `name`."""

    site: Site
    name: str
    output: CollectorOutput
    complaint: str = ""
    state: Process = field(default=Process.NONE)
    _log: LogReader = field(default_factory=LogReader)
    _tail: bytes = b""
    _seen: bool = False

    def start(self, pod: dict[str, Any], inspection: Inspection, dry_run: bool) -> None:
        site = self.site
        order = Order(
            name=self.name,
            label=site.job_label,
            container=site.workload.container,
            config=inspection.config_path,
            dry_run=dry_run,
            seconds=int((site.spec.timeout.timedelta + site.spec.rollout_timeout.timedelta).total_seconds()),
        )
        try:
            site.cluster.create(JOB, site.namespace, job_body(pod, order))
        except ClusterConflict:
            return  # an answer was lost: it is there, and `look` tells

    def look(self, pods: list[dict[str, Any]]) -> Process:
        if self.state not in (Process.SUCCEEDED, Process.FAILED, Process.DEAD):
            try:
                self.state = self._read()
            except ClusterError:
                self.state = Process.UNKNOWN
        return self.state

    def _read(self) -> Process:
        try:
            job = self.site.cluster.get(JOB, self.site.namespace, self.name)
        except ClusterNotFound:
            job = None
        pods = list(self.site.cluster.list(POD, self.site.namespace, labels=self._label))
        self._seen = self._seen or bool(job or pods)
        if not pods:
            return self._without_pod(job)
        if len(pods) > 1:
            return Process.UNKNOWN  # nothing makes a second one; if somebody did, it is ended with the window
        self._read_log(pods[0])
        end = ended(pods[0])
        if end is not None and job is not None and unfinished(job):
            return Process.RUNNING  # its controller is a moment behind, and an unfinished Job may make a pod
        return self._begun(job, pods) if end is None else self._judge(end)

    @property
    def _label(self) -> str:
        return f"batch.kubernetes.io/job-name={self.name}"

    def _without_pod(self, job: dict[str, Any] | None) -> Process:
        if job is None and not self._seen:
            return Process.NONE
        if job is None or not unfinished(job):
            self.complaint = f"Job {self.name}, in which garbage-collect ran, lost its pod: it was deleted meanwhile"
            return Process.DEAD
        return self._begun(job, [])

    def _begun(self, job: dict[str, Any] | None, pods: list[dict[str, Any]]) -> Process:
        """It lives, or does not even begin, and then it is not waited for for ever. It may begin yet: whoever gives up
        has to end it."""
        begun = any("running" in container_status(pod, CONTAINER).get("state", {}) for pod in pods)
        if (
            not begun
            and job is not None
            and self._waited(job) > self.site.spec.rollout_timeout.timedelta.total_seconds()
        ):
            self.complaint = f"the collector did not begin within rolloutTimeout: Job {self.name}: {waiting_for(pods)}"
            return Process.FAILED
        return Process.RUNNING

    def _waited(self, job: dict[str, Any]) -> float:
        made = collector_job.made_at(job)
        return (self.site.clock() - made).total_seconds() if made else 0.0

    def _read_log(self, pod: dict[str, Any]) -> None:
        """All that there is. Raises ClusterError; a container that has not begun has none."""
        state = container_status(pod, CONTAINER).get("state", {})
        while "running" in state or "terminated" in state:
            since = self._log.since
            name = pod["metadata"]["name"]
            content = self.site.cluster.log(self.site.namespace, name, CONTAINER, since=since, limit=CHUNK)
            text = self._log.take(content)
            self.output.feed(text)
            self._tail = (self._tail + text)[-_TAIL:]
            if len(content) < CHUNK:
                return
            if self._log.since == since:
                raise ClusterError(f"more than {CHUNK} bytes of the collector's log in one second")

    def _judge(self, end: Ended) -> Process:
        self.output.end()
        if end.code == 0 and self.output.summary is not None:
            return Process.SUCCEEDED
        if end.state is Process.DEAD:
            self.complaint = (
                f"the pod of Job {self.name}, in which garbage-collect ran, was ended: {end.why or 'no reason'}"
            )
            return Process.DEAD
        said = self._tail.decode("utf-8", "replace")
        self.complaint = diagnose(said, end.code, Scene(repository=self.output.repository))
        return Process.FAILED
