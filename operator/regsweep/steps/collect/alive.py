"""Whether garbage-collect lives anywhere near a registry, whoever began it, and its end by force.

It may live in any pod of the workload, or in a pod of a Job that was made for it. What cannot be read may live.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from regsweep.clients.kinds import JOB, POD
from regsweep.clients.podexec import Command
from regsweep.core import collector_job, workload
from regsweep.core.collector_output import CollectorOutput
from regsweep.core.maintenance import Process
from regsweep.core.workload import container_status
from regsweep.errors import ClusterError, ClusterNotFound, CollectFailed, ExecFailed, NoSuchProgram
from regsweep.steps.collect import scripts
from regsweep.steps.collect.inspection import Inspection
from regsweep.steps.collect.site import Site

ASKED = 5
"""Times in a row, before it is given up to know whether a collector lives."""


class CollectorProcess(Protocol):
    """One run of garbage-collect. `output` is read on from where it was left; `complaint` says why it failed."""

    output: CollectorOutput
    complaint: str

    def start(self, pod: dict[str, Any], inspection: Inspection, dry_run: bool) -> None:
        """Begin it, as `pod` of the registry would. Raises ClusterError; it may have begun all the same, and `look`
        tells."""

    def look(self, pods: list[dict[str, Any]]) -> Process:
        """How it is doing; reads all output that there is. Never raises ClusterError."""


def any_alive(site: Site, pods: Iterable[dict[str, Any]]) -> Process:
    """Of all pods of the registry, and of its Jobs: NONE is proof that none does."""
    answers = {alive_in(site, pod) for pod in pods} | {alive_as_job(site)}
    return next((state for state in (Process.RUNNING, Process.UNKNOWN) if state in answers), Process.NONE)


class Solitude:
    """Proof, before one is begun, that no collector lives. It is asked for several times in a row: a pod that is just
    gone, or a node's agent that starts again, does not answer.
    """

    def __init__(self, site: Site) -> None:
        self._site, self._left = site, ASKED

    def ask(self, pods: Iterable[dict[str, Any]]) -> Process | None:
        """None where the next look may tell; UNKNOWN where so many in a row did not."""
        alive = any_alive(self._site, pods)
        self._left = self._left - 1 if alive is Process.UNKNOWN else ASKED
        return None if alive is Process.UNKNOWN and self._left else alive

    def prove(self, pods: Iterable[dict[str, Any]]) -> None:
        """Raises CollectFailed where one lives, and where nobody tells; ExecFailed where the next look may tell."""
        words = "whether garbage-collect runs already in the registry's pods is not known"
        match self.ask(pods):
            case Process.RUNNING:
                raise CollectFailed("another garbage-collect runs in the registry's pods: switch off that other job")
            case Process.UNKNOWN:
                raise CollectFailed(f"{words}: it was not begun")
            case None:
                raise ExecFailed(words)


def alive_in(site: Site, pod: dict[str, Any]) -> Process:
    """Of one pod of the registry. Nothing was begun by a shell where there is none."""
    if "running" not in container_status(pod, site.workload.container).get("state", {}):
        return Process.NONE
    try:
        result = site.exec(pod["metadata"]["name"], Command(("sh", "-c", scripts.SCAN), timeout=30.0))
    except NoSuchProgram:
        return Process.NONE
    except ClusterError as error:
        return _unknown(site, str(error))  # also where the pod is gone since it was listed: the next list tells
    if not result.ok:
        return _unknown(site, f"pod {pod['metadata']['name']}: {result.words()}")
    return Process.RUNNING if result.stdout.strip() else Process.NONE


def alive_as_job(site: Site) -> Process:
    """Jobs first, then pods: a pod whose Job is gone already is seen, and so is a Job that has no pod yet."""
    try:
        jobs = any(collector_job.unfinished(job) for job in site.cluster.list(JOB, site.namespace, labels=site.jobs))
        pods = any(workload.alive(pod) for pod in site.cluster.list(POD, site.namespace, labels=site.jobs))
    except ClusterError as error:
        return _unknown(site, str(error))
    return Process.RUNNING if jobs or pods else Process.NONE


def _unknown(site: Site, why: str) -> Process:
    site.progress.say(f"whether garbage-collect runs at {site.name} is not known: {why}")
    return Process.UNKNOWN


def stop_all(site: Site, pods: Iterable[dict[str, Any]]) -> None:
    """End every collector in every pod, and every Job. Raises ClusterError; `any_alive` tells what is left."""
    for pod in pods:
        if alive_in(site, pod) is Process.RUNNING:
            site.exec(pod["metadata"]["name"], Command(("sh", "-c", scripts.STOP), timeout=30.0))
    if alive_as_job(site) is not Process.NONE:
        _stop_jobs(site)


def _stop_jobs(site: Site) -> None:
    """A Job that is deleted makes no pod any more; its pods are deleted as well, for they may outlive it."""
    for kind in (JOB, POD):
        for found in site.cluster.list(kind, site.namespace, labels=site.jobs):
            meta = found["metadata"]
            if not meta.get("deletionTimestamp"):
                try:
                    site.cluster.delete(kind, site.namespace, meta["name"], uid=meta["uid"])
                except ClusterNotFound:
                    continue
