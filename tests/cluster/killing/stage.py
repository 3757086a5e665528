"""One case, from an empty namespace to what the registry is afterwards."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.access import Cluster
from tests.cluster.killing.cases import STEPS, Case, Fault
from tests.cluster.killing.collectors import Collectors
from tests.cluster.mainjob.builds import COLLECT, KEEP_TWO, Builds, fill
from tests.cluster.mainjob.content import sizes
from tests.cluster.mainjob.site import Site, eventually, reason_of
from tests.cluster.outside import namespaces
from tests.cluster.registries import PORT, RegistryOptions, RunningRegistry, deploy, wait_for_answer

SECONDS = 420
"""For a case: the Lease of a killed operator takes a minute to run out."""
API_AWAY_SECONDS = 60
SLOWLY = {"requestsPerSecond": 40, "concurrency": 1, "maxDeletionPercent": 100}


@dataclass(slots=True)
class Told:
    """What became of a case. `blocked` is how long after the fault the registry took no pushes, in seconds."""

    case: Case
    blocked: float = 0.0
    ended: str = ""
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        words = "; ".join(self.problems) or "ok"
        return f"{self.case!s:60} {self.blocked:7.1f} s  {self.ended:18} {words}"


def play(case: Case, cluster: Cluster, collectors: Collectors, logs: Path) -> Told:
    """Whatever goes wrong is told, never raised."""
    told = Told(case)
    try:
        with ExitStack() as stack:
            _play(told, _Stage(case, cluster, logs, stack), collectors)
    except Exception as error:  # noqa: BLE001 - one row of the table
        told.problems.append(f"{type(error).__name__}: {str(error)[:300]}")
    return told


def _play(told: Told, stage: _Stage, collectors: Collectors) -> None:
    case, site = told.case, stage.site
    site.apply(mode="Delete", garbageCollection=COLLECT, **KEEP_TWO | {"limits": SLOWLY})
    operator = stage.operator(case.at if case.fault is Fault.OPERATOR else "")
    run = site.run()
    struck = _strike(case, stage, operator, run)
    stage.watch.begin()
    if case.fault is Fault.OPERATOR:
        stage.operator("")
    elif case.fault is Fault.API:
        time.sleep(API_AWAY_SECONDS)
        site.cluster.start("apiserver")
        stage.restart_if_it_ends(operator)
    stage.until_it_is_over(run)
    eventually(lambda: site.writable() == [True], 120)
    told.blocked = stage.watch.last_read_only - struck if stage.watch.last_read_only else 0.0
    told.ended = stage.ended(run)
    told.problems += _problems(case, stage, told.ended, collectors)


def _strike(case: Case, stage: _Stage, operator: subprocess.Popen[bytes], run: str) -> float:
    """Wait for the moment, and do it. When it was done."""
    if case.fault is Fault.OPERATOR:
        assert operator.wait(SECONDS) == -signal.SIGKILL, f"the operator ended with {operator.returncode}"
        return time.monotonic()
    eventually(lambda: stage.is_at(run, case.at), SECONDS)
    match case.fault:
        case Fault.POD:
            stage.site.kubectl("delete", "pod", "-l", "app=registry", "--grace-period=0", "--force", "--wait=false")
        case Fault.RUN:
            stage.site.kubectl("delete", "rcr", run, "--wait=false")
        case Fault.POLICY:
            stage.site.kubectl("delete", "rcp", "nightly", "--wait=false")
        case Fault.GITOPS:
            stage.site.kubectl("replace", "-f", "-", stdin=json.dumps(stage.manifest))
        case _:
            stage.site.cluster.stop("apiserver")
    return time.monotonic()


def _problems(case: Case, stage: _Stage, ended: str, collectors: Collectors) -> Iterator[str]:
    site, builds = stage.site, stage.builds
    workload = json.dumps(site.get(*site.registry.workload.split("/")))
    if "READONLY" in workload or "regsweep.dev/maintenance" in workload:
        yield "something of the window is left on the workload"
    if collectors.most(stage.watch.pods) > 1:
        yield "two garbage collections at once"
    if case.fault in {Fault.OPERATOR, Fault.API} and ended != "Collected":
        yield f"the run ended {ended}"
    if case.fault is Fault.POD and ended not in {"Collected", "CollectFailed"}:
        yield f"the run ended {ended}"
    if case.fault is Fault.GITOPS and ended not in {"Collected", "CollectFailed", "MaintenanceLost"}:
        yield f"the run ended {ended}"
    builds.pull_kept()
    if ended == "Collected" and site.blobs() != sizes(builds.kept):
        yield "the volume does not hold exactly what the kept images need"
    stage.push_one_more()


class _Stage:
    """A namespace with a filled registry, and the operators that were started for it."""

    def __init__(self, case: Case, cluster: Cluster, logs: Path, stack: ExitStack) -> None:
        self._stack, self._logs, self._number = stack, logs, 0
        self.namespace = f"kill-{secrets.token_hex(4)}"
        cluster.kubectl("create", "namespace", self.namespace)
        stack.callback(cluster.kubectl, "delete", "namespace", self.namespace, "--wait=false")
        options = RegistryOptions(version=case.version, volume="claim")
        deploy(cluster, self.namespace, options)
        port = stack.enter_context(cluster.forward(self.namespace, options.name, PORT))
        url = f"http://127.0.0.1:{port}"
        wait_for_answer(url)
        self.site = Site(cluster, self.namespace, RunningRegistry(options, cluster, self.namespace, url))
        self.builds: Builds = fill(self.site)
        workload = self.site.get(*self.site.registry.workload.split("/"))
        meta = {key: workload["metadata"][key] for key in ("name", "namespace")}
        self.manifest = {**workload, "metadata": meta}
        self.watch = stack.enter_context(_watching(self.site))

    def operator(self, dies: str) -> subprocess.Popen[bytes]:
        """An operator for this namespace alone; `dies` says at which write it kills itself."""
        self._number += 1
        options = ["--namespace", self.namespace, "--lease-namespace", self.namespace, "--health-port", "0"]
        options += ["--kubeconfig", str(self.site.cluster.kubeconfig), "--log-format", "text"]
        program = ["tests.cluster.killing.dying", dies] if dies else ["regsweep"]
        command = namespaces.network_command([sys.executable, "-m", *program, "operator", *options])
        log = self._stack.enter_context((self._logs / f"{self.namespace}-{self._number}.log").open("wb"))
        process = subprocess.Popen(command, stderr=log, stdout=log)
        self._stack.callback(_end, process)
        return process

    def restart_if_it_ends(self, operator: subprocess.Popen[bytes]) -> None:
        """As a kubelet does: an operator that cannot renew its Lease ends within a minute."""
        with suppress(subprocess.TimeoutExpired):
            operator.wait(30)
            self.operator("")

    def is_at(self, run: str, step: str) -> bool:
        """At that step, or past it: some take less than a look."""
        status = self.site.get("rcr", run).get("status", {})
        window = status.get("garbageCollection", {}).get("step")
        reached = {STEPS.index(each) for each in (f"run:{status.get('step')}", f"window:{window}") if each in STEPS}
        return max(reached, default=-1) >= STEPS.index(step)

    def until_it_is_over(self, run: str) -> None:
        """The run has ended, or is gone."""
        eventually(lambda: self._asked(run), SECONDS)

    def ended(self, run: str) -> str:
        found = self._find(run)
        return "gone" if found is None else reason_of(found, "Complete") or reason_of(found, "Failed")

    def push_one_more(self) -> None:
        fill(self.site)

    def _asked(self, run: str) -> bool:
        try:
            found = self._find(run)
        except subprocess.CalledProcessError:
            return False
        return found is None or bool(reason_of(found, "Complete") or reason_of(found, "Failed"))

    def _find(self, run: str) -> dict[str, Any] | None:
        text = self.site.kubectl("get", "rcr", run, "--ignore-not-found", "-o", "json")
        return json.loads(text) if text.strip() else None


class _Watch:
    """When the registry was read-only last since `begin`, and every pod that it ever had."""

    def __init__(self, site: Site) -> None:
        self._site, self._begun, self._end = site, False, threading.Event()
        self.last_read_only = 0.0
        self.pods: set[str] = set()

    def begin(self) -> None:
        self._begun = True

    def end(self) -> None:
        self._end.set()

    def look(self) -> None:
        while not self._end.wait(0.5):
            if self._begun and self._site.read_only():
                self.last_read_only = time.monotonic()

    def list(self) -> None:
        asked = ("get", "pods", "-l", "app=registry", "-o", "jsonpath={.items[*].metadata.uid}")
        while not self._end.wait(1.0):
            try:
                self.pods |= set(self._site.kubectl(*asked).split())
            except subprocess.CalledProcessError:
                continue  # the API is away


@contextmanager
def _watching(site: Site) -> Iterator[_Watch]:
    watch = _Watch(site)
    threads = [threading.Thread(target=look, daemon=True) for look in (watch.look, watch.list)]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        watch.end()
        for thread in threads:
            thread.join()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
