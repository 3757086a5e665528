"""The collector as a process in the registry's pod: begun detached, looked at by short execs, known dead or alive.

An exec's connection may break at any time, and the process goes on without it. So its output and exit code
go to files in the pod, and whether it lives is read from /proc. What cannot be read is UNKNOWN, and UNKNOWN
may live.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from regsweep.clients.podexec import Command
from regsweep.core.collector_output import CollectorOutput
from regsweep.core.diagnosis import STORE, Scene, diagnose, trace
from regsweep.core.maintenance import Process
from regsweep.core.workload import container_id
from regsweep.errors import ClusterError, ExecFailed
from regsweep.steps.collect import scripts
from regsweep.steps.collect.inspection import Inspection
from regsweep.steps.collect.site import Site

CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """One container of one pod, and the directory of one process in it."""

    pod: str
    pod_uid: str
    container_id: str
    directory: str

    def still_there(self, pods: Iterable[dict[str, Any]], container: str) -> bool:
        """The very container lives: a process begun in it may."""
        pod = next((p for p in pods if p["metadata"]["uid"] == self.pod_uid), None)
        return pod is not None and container_id(pod, container) in (self.container_id, "")


@dataclass(slots=True)
class PodProcess:
    """One run of garbage-collect. `output` is read on from where it was left; `complaint` says why it
    failed. `root` is the storage root, for what it says."""

    site: Site
    place: Place
    output: CollectorOutput
    root: str = ""
    offset: int = 0
    complaint: str = ""
    state: Process = field(default=Process.NONE)

    def start(self, pod: dict[str, Any], inspection: Inspection, dry_run: bool) -> None:
        """Begin it. Raises ClusterError; it may have begun all the same, and `look` tells."""
        argv = ("sh", "-c", scripts.START, "sh", self.place.directory, *inspection.command(dry_run))
        result = self.site.exec(self.place.pod, Command(argv, timeout=30.0))
        if not result.ok:
            raise ExecFailed(f"beginning garbage-collect in pod {self.place.pod} failed: {result.words()}")

    def look(self, pods: list[dict[str, Any]]) -> Process:
        """How it is doing, from the pod itself; reads all output that there is. Never raises ClusterError."""
        if self.state in (Process.SUCCEEDED, Process.FAILED, Process.DEAD):
            return self.state
        if not self.place.still_there(pods, self.site.workload.container):
            self.complaint = f"pod {self.place.pod}, in which garbage-collect ran, was stopped or restarted meanwhile"
            self.state = Process.DEAD
            return self.state
        try:
            self.state = self._read()
        except ClusterError:
            self.state = Process.UNKNOWN
        return self.state

    def _read(self) -> Process:
        while True:
            words = (self.place.directory, str(self.offset), str(CHUNK))
            result = self.site.exec(
                self.place.pod, Command(("sh", "-c", scripts.STATE, "sh", *words), timeout=60.0, limit=CHUNK)
            )
            if not result.ok or result.truncated:
                return Process.UNKNOWN
            self.output.feed(result.stdout)
            self.offset += len(result.stdout)
            if len(result.stdout) < CHUNK:
                return self._judge(result.stderr.decode("utf-8", "replace").split())

    def _judge(self, said: list[str]) -> Process:
        match said:
            case ["ended", code]:
                self.output.end()
                if code == "0" and self.output.summary is not None:
                    return Process.SUCCEEDED
                stderr = self._complaints()
                self.complaint = diagnose(stderr, int(code) if code.isdigit() else None, self._scene(stderr))
                return Process.FAILED
            case ["running"]:
                return Process.RUNNING
            case ["none"]:
                return Process.NONE
            case ["dead"]:
                self.complaint = f"garbage-collect in pod {self.place.pod} is gone and left no exit code: it was killed"
                return Process.DEAD
            case _:
                return Process.UNKNOWN

    def _complaints(self) -> str:
        command = Command(("sh", "-c", scripts.COMPLAINTS, "sh", self.place.directory))
        return self.site.exec(self.place.pod, command).stdout.decode("utf-8", "replace")

    def _scene(self, stderr: str) -> Scene:
        """The collector names no file: they are looked for. What cannot be had is left out."""
        sought = trace(stderr)
        if sought is None or not self.root:
            return Scene(self.root, repository=self.output.repository)
        words = (f"{self.root}/{STORE}", sought.what, sought.digest)
        try:
            result = self.site.exec(self.place.pod, Command(("sh", "-c", scripts.TRACE, "sh", *words), timeout=120.0))
        except ClusterError:
            return Scene(self.root, repository=self.output.repository)
        files = tuple(dict.fromkeys(result.stdout.decode("utf-8", "replace").split("\n")))
        return Scene(self.root, tuple(filter(None, files)), self.output.repository)


def measure(site: Site, pod: str, blobs: str) -> int | None:
    """The sum of the sizes of all blobs on the volume, in bytes; None where it could not be had."""
    try:
        result = site.exec(pod, Command(("sh", "-c", scripts.MEASURE, "sh", blobs), timeout=900.0))
    except ClusterError:
        return None
    text = result.stdout.strip()
    return int(text) if result.ok and text.isdigit() else None
