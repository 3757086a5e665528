"""A small cluster with one registry in it, at the seam of the collect conductor: API, exec, probes, time and
journal.

It moves on with each wait. Faults happen at the calls whose numbers are given. It keeps the books that the
promises are about: who ran garbage-collect when, which replicas were up meanwhile, and which of them
accepted writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from regsweep.api.meta import FIELD_MANAGER
from regsweep.api.policy import GarbageCollection, WorkloadRef
from regsweep.api.run import CollectionStatus
from regsweep.clients.kinds import AUTOSCALER, CONFIG_MAP, DEPLOYMENT, JOB, LEASE, POD, STATEFUL_SET, Kind
from regsweep.clients.podexec import Command, ContainerRef, ExecResult
from regsweep.clients.registrypod import INSPECT
from regsweep.core import collector_job, marker
from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.core.resp import replies
from regsweep.core.workload import CACHE_SWITCH, RESTARTED_FOR, SWITCH
from regsweep.errors import (
    Cancelled,
    ClusterConflict,
    ClusterNotFound,
    ClusterUnreachable,
    NoSuchProgram,
    RegistryDenied,
    RegistryUnreachable,
)
from regsweep.steps.collect import Pace, PodCollector, Site, scripts
from regsweep.steps.collect.leftover import Hands, leftovers, lift

NAMESPACE = "registry"
KEPT, GONE = (Digest("sha256:" + letter * 64) for letter in "ab")
CENSUS = Census((("app", "v1", KEPT),), {"app": frozenset({KEPT})}, {})
CONFIG = "storage: {filesystem: {rootdirectory: /var/lib/registry}}\nhttp: {addr: ':5000'}\n"


JOBS = f"{collector_job.LABEL}={collector_job.label_value('Deployment', 'registry')}"
SHAPES: dict[str, dict[str, Any]] = {
    "one replica": {"replicas": 1},
    "three replicas, rolling": {"replicas": 3},
    "two replicas, recreated": {"replicas": 2, "recreate": True},
    "a removal that goes on by itself": {"replicas": 1, "lingers": 3},
    "its blob cache in Redis": {"replicas": 2, "redis": True},
    "no shell, so a Job": {"replicas": 2, "shell": False},
    "unprotected": {"replicas": 2, "protected": False},
}


def copied(document: Any) -> Any:
    """As it comes from the API: through JSON, which is much faster than a deepcopy."""
    return json.loads(json.dumps(document))


class Killed(BaseException):
    """kill -9 of the conductor's process: from here on it does nothing."""


class Fault(StrEnum):
    KILL_BEFORE = "killed before the call"
    KILL_AFTER = "killed after the call"
    LOST_BEFORE = "unreachable before the call"
    LOST_AFTER = "unreachable after the call"
    WIPE_ENV = "somebody takes the switch away"
    WIPE_ALL = "somebody replaces the workload's manifest"
    POD_GONE = "a pod is deleted"
    POD_FORCED = "a pod is deleted by force"
    RESTART = "a container restarts"
    JOB_GONE = "the collector's Job is deleted"
    PASSWORD = "the registry's password is changed"
    CANCEL = "asked to stop"


@dataclass(slots=True)
class Garbage:
    """One run of garbage-collect: it lives for some moments, then has an exit code."""

    dry: bool
    left: int
    code: int
    pid: int
    ended: bool = False
    settled: bool = False
    """Its Job's status says that it ended: a moment after its pod's."""
    gone: bool = False
    """Its Job was deleted: its pod goes with the next moment."""


@dataclass(slots=True)
class Pod:
    uid: str
    number: int
    read_only: bool
    revision: int
    started: int = 1
    ready: bool = False
    terminating: bool = False
    restarted_for: str | None = None
    without_redis: bool = False
    config_map: bool = False
    processes: dict[str, Garbage] = field(default_factory=dict)

    def object(self) -> dict[str, Any]:
        switches = marker.switches(self.read_only, self.without_redis)
        env = [{"name": name, "value": value} for name, value in switches.items()]
        meta: dict[str, Any] = {"name": self.uid, "uid": self.uid, "annotations": {}}
        meta |= {"deletionTimestamp": "now"} if self.terminating else {}
        meta["annotations"] |= {RESTARTED_FOR: self.restarted_for} if self.restarted_for else {}
        status = {
            "phase": "Running",
            "podIP": f"10.0.0.{self.number}",
            "conditions": [{"type": "Ready", "status": str(self.ready)}],
            "containerStatuses": [
                {"name": "registry", "containerID": f"c-{self.uid}-{self.started}", "state": {"running": {}}}
            ],
        }
        ours: dict[str, Any] = {"name": "registry", "env": env}
        spec: dict[str, Any] = {"containers": [ours], "nodeName": "node-1"}
        if self.config_map:
            ours["volumeMounts"] = [{"name": "c", "mountPath": "/etc/distribution"}]
            spec["volumes"] = [{"name": "c", "configMap": {"name": "config"}}]
        return {"metadata": meta, "spec": spec, "status": status}

    def live(self) -> list[Garbage]:
        return [process for process in self.processes.values() if not process.ended]


class World:
    """`codes` are the exit codes of the collector's runs, in order, then 0; `moments` how long each of them
    lives."""

    def __init__(
        self,
        *,
        replicas: int = 1,
        recreate: bool = False,
        protected: bool = True,
        codes: tuple[int, ...] = (),
        moments: int = 2,
        lingers: int = 0,
        redis: bool = False,
        shell: bool = True,
    ) -> None:
        self.replicas, self.recreate, self.protected, self.codes, self.moments = (
            replicas, recreate, protected, list(codes), moments,
        )  # fmt: skip
        self.lingers, self.empty, self.unseen = lingers, ["old/app"], ""
        self.redis: set[str] | None = set() if redis else None
        self.shell, self.scalers, self.config = shell, list[dict[str, Any]](), CONFIG
        self.jobs: dict[str, Garbage] = {}
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.faults: dict[int, Fault] = {}
        self.calls = 0
        self.dead = self.cancelled = self.wiped = self.locked = False
        self.violations: list[str] = []
        self.tainted: set[str] = set()
        self.collected = 0
        self.said: list[str] = []
        self.stored: CollectionStatus | None = None
        self.steps: list[str] = []
        self.leases: dict[str, dict[str, Any]] = {}
        self.workload: dict[str, Any] = {
            "metadata": {"name": "registry", "namespace": NAMESPACE, "uid": "w", "generation": 1, "managedFields": []},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "registry"}},
                "template": {
                    "metadata": {},
                    "spec": {
                        "containers": [
                            {
                                "name": "registry",
                                "env": [],
                                "volumeMounts": [{"name": "d", "mountPath": "/var/lib/registry"}],
                            }
                        ],
                        "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}],
                    },
                },
            },
        }
        self.pods: list[Pod] = []
        self._numbers = 0
        for _ in range(20):
            self.tick()

    # the workload's controller
    @property
    def switched(self) -> bool:
        return any(entry["name"] == SWITCH for entry in self._container()["env"])

    def _container(self) -> dict[str, Any]:
        found: dict[str, Any] = self.workload["spec"]["template"]["spec"]["containers"][0]
        return found

    def _annotations(self) -> dict[str, str]:
        found: dict[str, str] = self.workload["spec"]["template"]["metadata"].setdefault("annotations", {})
        return found

    def _newest(self, pod: Pod) -> bool:
        return pod.revision == self.workload["metadata"]["generation"]

    def tick(self) -> None:
        """A moment passes: collectors go on, and the rollout takes one step."""
        self._collectors()
        self.pods = [pod for pod in self.pods if not pod.terminating]
        old = [pod for pod in self.pods if not self._newest(pod)]
        new = [pod for pod in self.pods if self._newest(pod)]
        fresh = [pod for pod in new if not pod.ready]
        if fresh:
            fresh[0].ready = True
        elif old and (self.recreate or len(new) > 0):
            for pod in old if self.recreate else old[:1]:
                pod.terminating, pod.ready = True, False
            if not self.recreate and len(new) < self.replicas:
                self._create()
        elif len(new) < self.replicas:
            self._create()
        self._status()
        self._remember()
        self._check()

    def _remember(self) -> None:
        """Every replica that is asked for a blob that is there writes it into its cache."""
        if self.redis is not None and any(pod.ready and not pod.without_redis for pod in self.pods):
            self.redis |= {str(KEPT)} | ({str(GONE)} if not self.collected else set())

    def _create(self) -> None:
        self._numbers += 1
        revision = self.workload["metadata"]["generation"]
        pod = Pod(f"p{self._numbers}", self._numbers, self.switched, revision)
        pod.config_map = not self.shell
        pod.without_redis = any(entry["name"] == CACHE_SWITCH for entry in self._container()["env"])
        pod.restarted_for = self._annotations().get(RESTARTED_FOR)
        self.pods.append(pod)

    def _status(self) -> None:
        new = [pod for pod in self.pods if self._newest(pod)]
        ready = sum(pod.ready for pod in self.pods)
        self.workload["status"] = {
            "observedGeneration": self.workload["metadata"]["generation"],
            "replicas": len([pod for pod in self.pods if not pod.terminating]),
            "updatedReplicas": len(new),
            "readyReplicas": ready,
            "availableReplicas": ready,
        }

    def _collectors(self) -> None:
        self.jobs = {name: job for name, job in self.jobs.items() if not job.gone}
        for job in self.jobs.values():
            job.settled = job.ended
        for process in self.live():
            process.left -= 1
            process.ended = process.left <= 0

    def live(self) -> list[Garbage]:
        """Every collector, wherever it lives."""
        in_jobs = [job for job in self.jobs.values() if not job.ended]
        return [*in_jobs, *(process for pod in self.pods for process in pod.live())]

    # the promises
    def _check(self) -> None:
        live = self.live()
        if len(live) > 1:
            self.violations.append("two collectors at once")
        if any(not process.dry for process in live):
            self.tainted |= {pod.uid for pod in self.pods}
            if self.protected and not self.wiped and any(not pod.read_only for pod in self.pods):
                self.violations.append("garbage-collect while a replica accepts writes (S8)")

    def verdict(self) -> list[str]:
        """Every promise that is broken now that the window is said to be over."""
        broken = list(self.violations)
        if self.switched or marker.marked_run(self.workload):
            broken.append("switch or marker left (S9)")
        if any(pod.read_only for pod in self.pods):
            broken.append("a replica is read-only (S9)")
        if any(pod.uid in self.tainted for pod in self.pods):
            broken.append("a replica that was up during garbage-collect serves (S10)")
        if self.redis is not None and self.collected and str(GONE) in self.redis and not self.wiped:
            broken.append("the blob cache in Redis names what was swept (S10)")
        if self.live():
            broken.append("a collector lives")
        return broken

    # the faults
    def call(self, effect: Callable[[], Any]) -> Any:
        """Every call over the seam comes through here."""
        if self.dead:
            raise Killed
        fault = self.faults.pop(self.calls, None)
        self.calls += 1
        if fault is Fault.KILL_BEFORE:
            self.dead = True
            raise Killed
        if fault is Fault.LOST_BEFORE:
            raise ClusterUnreachable("away")
        if fault is not None:
            self._strike(fault)
        result = effect()
        if fault is Fault.KILL_AFTER:
            self.dead = True
            raise Killed
        if fault is Fault.LOST_AFTER:
            raise ClusterUnreachable("away")
        return result

    def _strike(self, fault: Fault) -> None:
        match fault:
            case Fault.WIPE_ENV | Fault.WIPE_ALL:
                self.wiped = self.wiped or self.switched
                if fault is Fault.WIPE_ALL:
                    self.workload["metadata"].pop("annotations", None)
                    self.workload["metadata"].pop("labels", None)
                    self.workload["metadata"]["generation"] += bool(self._annotations())
                    self._annotations().clear()
                self._own()
                self._set_env()
            case Fault.POD_GONE if self.pods:
                self.pods[0].terminating, self.pods[0].ready = True, False
            case Fault.POD_FORCED if self.pods:
                del self.pods[0]
            case Fault.RESTART if self.pods:
                pod = self.pods[0]
                pod.started += 1
                pod.processes.clear()
                pod.ready = False
                self.tainted.discard(pod.uid)
            case Fault.JOB_GONE:
                self.jobs.clear()
            case Fault.PASSWORD:
                self.locked = True
            case Fault.CANCEL:
                self.cancelled = True
            case _:
                pass
        self._status()
        self._check()

    # the API
    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            if kind is LEASE:
                if name not in self.leases:
                    raise ClusterNotFound(name)
                return copied(self.leases[name])
            if kind is CONFIG_MAP:
                return {"data": {"config.yml": self.config}}
            if kind is JOB:
                if name not in self.jobs or self.jobs[name].gone:
                    raise ClusterNotFound(name)
                return self._job(name)
            return copied(self.workload)

        found: dict[str, Any] = self.call(effect)
        return found

    def list(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> Iterator[dict[str, Any]]:
        yield from self.call(lambda: self._listed(kind, labels))

    def _listed(self, kind: Kind, labels: str) -> Sequence[dict[str, Any]]:
        if kind is POD and labels == "app=registry":
            return [pod.object() for pod in self.pods]
        if kind is POD:
            one = labels.removeprefix("batch.kubernetes.io/job-name=")
            return [self._job_pod(name) for name in self.jobs if labels == JOBS or name == one]
        if kind is JOB:
            assert labels == JOBS
            return [self._job(name) for name, job in self.jobs.items() if not job.gone]
        if kind is DEPLOYMENT:
            marked = self.workload["metadata"].get("labels", {}).get(marker.LABEL) == "active"
            assert labels == marker.SELECTOR
            return [copied(self.workload)] if marked else []
        assert kind in (AUTOSCALER, STATEFUL_SET)
        return self.scalers if kind is AUTOSCALER else []

    def _job(self, name: str) -> dict[str, Any]:
        ended = [{"type": "Complete", "status": "True"}] if self.jobs[name].settled else []
        return {"metadata": {"name": name, "uid": name}, "status": {"conditions": ended}}

    def _job_pod(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        meta = {"name": f"{name}-x", "uid": f"{name}-x"} | ({"deletionTimestamp": "now"} if job.gone else {})
        state = {"terminated": {"exitCode": job.code}} if job.ended else {"running": {}}
        phase = ("Failed" if job.code else "Succeeded") if job.ended else "Running"
        status = {"phase": phase, "containerStatuses": [{"name": "collector", "state": state}]}
        return {"metadata": meta, "status": status}

    def log(self, namespace: str, pod: str, container: str, *, since: str = "", limit: int) -> bytes:
        def effect() -> bytes:
            name = pod.removesuffix("-x")
            if name not in self.jobs:
                raise ClusterNotFound(pod)
            lines = self._printed(self.jobs[name])
            stamped = "".join(
                f"2026-01-01T00:00:{second:02}.000000000Z {line}\n"
                for second, line in enumerate(lines)
                if f"2026-01-01T00:00:{second:02}Z" >= since
            )
            return stamped.encode()

        found: bytes = self.call(effect)
        return found

    def create(self, kind: Kind, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        if kind is JOB:
            self.call(lambda: self._created(body))
            return body
        return self.replace(kind, namespace, body)

    def replace(self, kind: Kind, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        assert kind is LEASE
        self.call(lambda: self.leases.update({body["metadata"]["name"]: copied(body)}))
        return body

    def delete(
        self, kind: Kind, namespace: str | None, name: str, *, uid: str = "", grace_seconds: int | None = None
    ) -> None:
        def effect() -> None:
            job = self.jobs.get(name.removesuffix("-x"))
            if job is not None:
                job.gone = True
            for pod in self.pods:
                if pod.uid == name:
                    pod.terminating, pod.ready = True, False

        self.call(effect)

    def apply(
        self, kind: Kind, body: dict[str, Any], *, manager: str = FIELD_MANAGER, dry_run: bool = False
    ) -> dict[str, Any]:
        assert kind is DEPLOYMENT
        if not dry_run:
            self.call(lambda: self._applied(body, manager))
        else:
            self.call(lambda: None)
        return self.workload

    def _applied(self, body: dict[str, Any], manager: str) -> None:
        if body["metadata"]["uid"] != self.workload["metadata"]["uid"]:
            raise ClusterConflict("another workload")
        template = body.get("spec", {}).get("template", {})
        if manager == marker.RESTART_MANAGER:
            wanted = {**self._annotations(), **template["metadata"]["annotations"]}
            self.workload["metadata"]["generation"] += wanted != self._annotations()
            self._annotations().update(wanted)
            return
        annotations = body["metadata"].get("annotations", {})
        if not annotations and self.live():
            self.violations.append("lifted while a collector lives (S8)")
        held = self.workload["metadata"].setdefault("annotations", {})
        for key in marker.ANNOTATIONS:
            held.pop(key, None)
        held.update(annotations)
        self.workload["metadata"]["labels"] = dict(body["metadata"].get("labels", {}))
        self._own(str(body) if annotations else "")
        self._set_env(*(entry["name"] for entry in _env_of(body)))

    def _own(self, fields: str = "") -> None:
        entry = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}
        self.workload["metadata"]["managedFields"] = [entry] if fields else []

    def _set_env(self, *names: str) -> None:
        switches = marker.switches(SWITCH in names, CACHE_SWITCH in names)
        wanted = [{"name": name, "value": value} for name, value in switches.items()]
        if wanted != self._container()["env"]:
            self._container()["env"] = wanted
            self.workload["metadata"]["generation"] += 1
        self._status()

    # the pods
    def execute(self, cluster: object, target: ContainerRef, command: Command) -> ExecResult:
        result: ExecResult = self.call(lambda: self._executed(target, command))
        return result

    def _executed(self, target: ContainerRef, command: Command) -> ExecResult:
        pod = next((pod for pod in self.pods if pod.uid == target.pod), None)
        if pod is None:
            raise ClusterNotFound(target.pod)
        if not self.shell:
            raise NoSuchProgram("sh")
        script, words = command.argv[2], command.argv[4:]
        texts = {
            INSPECT: self._inspected(pod),
            scripts.CHOOSE_DIRECTORY: "/tmp/.regsweep\n",
            scripts.MEASURE: "1000\n" if self.collected else "2000\n",
            scripts.SCAN: "".join(f"{process.pid}\n" for process in pod.live()),
            scripts.COMPLAINTS: "failed to garbage collect: something",
            scripts.UNSEEN: self.unseen,
            scripts.LIST_EMPTY: "".join(f"{name}\n" for name in (*self.empty, "Not a name")),
        }
        if script in texts:
            return _said(texts[script])
        if script == scripts.START:
            return self._started(pod, words)
        if script == scripts.STATE:
            return self._state(pod, words)
        if script == scripts.REDIS:
            return self._redis(command.stdin or b"")
        if script == scripts.REMOVE_EMPTY:
            return self._removed(pod, words)
        assert script == scripts.STOP
        for process in pod.live():
            process.ended, process.code = True, 137
        return _said("\n")

    def _created(self, body: dict[str, Any]) -> None:
        name, template = body["metadata"]["name"], body["spec"]["template"]
        if name in self.jobs:
            raise ClusterConflict(name)
        assert template["metadata"]["labels"] == {collector_job.LABEL: JOBS.partition("=")[2]}
        (ours,) = template["spec"]["containers"]
        assert ours["args"][0] == "garbage-collect"
        assert ours["args"][-1] == "/etc/distribution/config.yml"
        assert [each["value"] for each in ours["env"]] == ([marker.READ_ONLY] if self.protected else [])
        self.jobs[name] = self._garbage("--dry-run" in ours["args"])
        self._check()

    def _started(self, pod: Pod, words: tuple[str, ...]) -> ExecResult:
        pod.processes[words[0]] = self._garbage("--dry-run" in words)
        self._check()
        return _said("")

    def _garbage(self, dry: bool) -> Garbage:
        if not dry and self.protected and (any(not each.read_only for each in self.pods) and not self.wiped):
            self.violations.append("begun while a replica accepts writes (S8)")
        code = self.codes.pop(0) if self.codes else 0
        self._numbers += 1
        self.collected += not dry
        return Garbage(dry, self.moments, code, self._numbers)

    def _inspected(self, pod: Pod) -> str:
        facts = "binary /bin/registry\nversion registry 3\nconfig /etc/config.yml\n"
        if self.redis is None:
            return f"{facts}---\n{self.config}"
        if pod.without_redis:
            facts += f"name {CACHE_SWITCH}\nvalue {CACHE_SWITCH}=inmemory\n"
        config = CONFIG.replace("}}", "}, cache: {blobdescriptor: redis}}")
        return f"{facts}---\n{config}redis: {{addrs: ['redis:6379']}}\n"

    def _redis(self, question: bytes) -> ExecResult:
        assert self.redis is not None
        answers = {b"SELECT": b"+OK", b"PING": b"+PONG", b"ECHO": b"$12\r\nregsweep-end"}
        said = b""
        for words in replies(question):
            assert isinstance(words, list)
            verb, *rest = words
            if verb == b"SCAN":
                held = sorted(self.redis)
                keys = [f"blobs::{digest}".encode() for digest in held]
                said += b"*2\r\n$1\r\n0\r\n*%d\r\n" % len(keys)
                said += b"".join(b"$%d\r\n%s\r\n" % (len(key), key) for key in keys)
            elif verb == b"DEL":
                self.redis -= {str(key, "ascii").removeprefix("blobs::") for key in rest if isinstance(key, bytes)}
                said += b":%d\r\n" % len(rest)
            else:
                assert isinstance(verb, bytes)
                said += answers[verb] + b"\r\n"
        return ExecResult(0, said, b"")

    def _removed(self, pod: Pod, words: tuple[str, ...]) -> ExecResult:
        """It may go on by itself when its exec has ended, and is found as a collector is."""
        if any(not each.read_only for each in self.pods) and not self.wiped:
            self.violations.append("a repository is removed while a replica accepts writes")
        assert (words[0], words[-1]) == ("/var/lib/registry/docker/registry/v2", scripts.REMOVING)
        gone = [name for name in words[1:-1] if name in self.empty]
        self.empty = [name for name in self.empty if name not in gone]
        if self.lingers:
            self._numbers += 1
            pod.processes[scripts.REMOVING] = Garbage(False, self.lingers, 0, self._numbers)
            self._check()
        return _said("".join(f"{name}\n" for name in gone))

    def _state(self, pod: Pod, words: tuple[str, ...]) -> ExecResult:
        process = pod.processes.get(words[0])
        if process is None:
            return _said("", "running" if pod.live() else "none")
        text = "\n".join(self._printed(process)) + "\n"
        return _said(text[int(words[1]) :], f"ended {process.code}" if process.ended else "running")

    def _printed(self, process: Garbage) -> Sequence[str]:
        lines = [f"app: marking manifest {KEPT} ", "", "1 blobs marked, 1 blobs and 0 manifests eligible for deletion"]
        lines.append(f"blob eligible for deletion: {GONE}")
        through = process.ended or not process.dry  # a collection says what it sweeps as it goes
        return lines if through and process.code == 0 else lines[:1]

    # the door's own ports
    def load(self) -> CollectionStatus | None:
        return self.stored

    def save(self, status: CollectionStatus) -> None:
        def effect() -> None:
            self.stored = status
            self.steps.append(status.step)

        self.call(effect)

    def check(self) -> None:
        if self.cancelled:
            raise Cancelled("asked to stop")

    def wait(self, seconds: float) -> None:
        self.check()
        self.sleep(seconds)
        self.check()

    def sleep(self, seconds: float) -> None:
        if self.dead:
            raise Killed
        self.now += timedelta(seconds=seconds)
        self.tick()

    def begin(self, hop: str, total: int | None = None) -> None:
        pass

    def advance(self, done: int = 1, detail: str = "") -> None:
        pass

    def say(self, message: str) -> None:
        self.said.append(message)

    def probe_for(self, url: str) -> Any:
        return _Probe(self, url)

    def collector(self, *, run: str = "run-1", **spec: Any) -> PodCollector:
        fixed: dict[str, Any] = {"mode": "ReadOnly", "timeout": "10m", "rolloutTimeout": "5m"}
        if self.protected:
            fixed |= {"removeEmptyRepositories": self.shell, "redisCache": "Flush"}
        else:
            fixed["mode"] = "Unprotected"
        return PodCollector(
            Site(
                cluster=self,  # type: ignore[arg-type]
                namespace=NAMESPACE,
                workload=WorkloadRef(name="registry"),
                spec=GarbageCollection.model_validate(fixed | spec),
                probe_for=self.probe_for,
                journal=self,
                clock=lambda: self.now,
                stop=self,
                progress=self,
                run=run,
                pace=Pace(poll=3.0, lease_patience=6.0),
                execute=self.execute,
                sleep=self.sleep,
            )
        )


@dataclass(frozen=True, slots=True)
class _Probe:
    world: World
    url: str

    def writable(self) -> bool | None:
        return bool(self.world.call(self._answer))

    def _answer(self) -> bool:
        pod = next((p for p in self.world.pods if f"//10.0.0.{p.number}:" in self.url), None)
        if pod is None or not pod.ready:
            raise RegistryUnreachable(self.url)
        if self.world.locked:
            raise RegistryDenied(self.url)
        return not pod.read_only


def _env_of(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    containers: Any = body.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or ({},)
    found: Sequence[Mapping[str, Any]] = containers[0].get("env", ())
    return found


def _said(stdout: str, stderr: str = "") -> ExecResult:
    return ExecResult(0, stdout.encode(), stderr.encode())


def faults_of(world: World, faults: Mapping[int, Fault]) -> None:
    """Count the calls from here on."""
    world.calls, world.faults = 0, dict(faults)


def lift_what_is_left(world: World, holder: str = "lift-1") -> list[tuple[str, ...]]:
    """As the operator, a guard or a person does it, who knows no more than the marker; the Lease of the dead has run
    out. Of each window, the replicas that could not be asked."""
    world.leases.clear()
    hands = Hands(
        cluster=world,  # type: ignore[arg-type]
        probe_for=world.probe_for,
        journal=world,
        clock=lambda: world.now,
        stop=world,
        progress=world,
        pace=Pace(poll=3.0, lease_patience=6.0),
        execute=world.execute,
        sleep=world.sleep,
    )
    return [lift(left, hands, holder) for left in leftovers(world, None)]  # type: ignore[arg-type]
