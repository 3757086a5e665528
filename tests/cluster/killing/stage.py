"""A namespace with a filled registry, and the operators that are started for it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from regsweep.clients import kinds
from regsweep.errors import ClusterError, ClusterNotFound
from tests.cluster.access import Cluster
from tests.cluster.granted import Granted, granted
from tests.cluster.killing.cases import Case, Fault
from tests.cluster.killing.watch import Watch, watching
from tests.cluster.mainjob.builds import Builds, fill
from tests.cluster.mainjob.site import Site, reason_of
from tests.cluster.outside import namespaces
from tests.cluster.registries import PORT, RegistryOptions, RunningRegistry, deploy, wait_for_answer

LEASE = "regsweep-operator"
USER, PASSWORD = "admin", "secret"


class Stage:
    """What one case needs; all of it goes with the stack."""

    def __init__(self, case: Case, cluster: Cluster, logs: Path, stack: ExitStack) -> None:
        self._stack, self._logs, self._number = stack, logs, 0
        self.namespace = f"kill-{secrets.token_hex(4)}"
        self.home = f"{self.namespace}-home"  # of the operator and its Lease
        cluster.make_namespaces(self.namespace, self.home)
        stack.callback(cluster.delete_namespaces, self.namespace, self.home)
        options = RegistryOptions(
            version=case.version, volume="claim", login=(USER, PASSWORD) if case.fault is Fault.PASSWORD else None
        )
        deploy(cluster, self.namespace, options)
        port = stack.enter_context(cluster.forward(self.namespace, options.name, PORT))
        url = f"http://127.0.0.1:{port}"
        wait_for_answer(url)
        if case.fault is Fault.API:
            stack.callback(cluster.kill, "proxy")  # it looks for the API server after a minute, and others come now
        self.site = Site(cluster, self.namespace, RunningRegistry(options, cluster, self.namespace, url))
        self.registry: dict[str, Any] = self._login() if options.login else {}
        self.who: Granted | None = None
        if case.fault is Fault.RIGHTS:
            self.who, self.home = stack.enter_context(granted(cluster, self.namespace)), self.namespace
        self.builds: Builds = fill(self.site)
        self.manifest = self.workload()
        meta = {key: self.manifest["metadata"][key] for key in ("name", "namespace")}
        self.manifest = {**self.manifest, "metadata": meta}
        self.watch: Watch = stack.enter_context(watching(self.site))

    def operator(
        self, at: str = "", by: signal.Signals = signal.SIGKILL, *, elsewhere: bool = False
    ) -> subprocess.Popen[bytes]:
        """An operator for this namespace alone; `at` says at which write it does what to itself. One that is started
        `elsewhere` cannot know that another one is dead.
        """
        self._number += 1
        folder = self._logs / f"{self.namespace}-{self._number if elsewhere else 0}"
        folder.mkdir(exist_ok=True)
        log = self._logs / f"{self.namespace}-{self._number}.log"
        options = ["--namespace", self.namespace, "--lease-namespace", self.home, "--health-port", "0"]
        options += ["--kubeconfig", str(self._kubeconfig()), "--log-format", "text"]
        program = ["tests.cluster.killing.dying", by.name, at] if at else ["regsweep"]
        command = namespaces.network_command([sys.executable, "-m", *program, "operator", *options])
        with log.open("wb") as file:
            process = subprocess.Popen(command, stderr=file, stdout=file, env={**os.environ, "TMPDIR": str(folder)})
        self._stack.callback(_end, process, log)
        return process

    def restart_if_it_ends(self, operator: subprocess.Popen[bytes]) -> None:
        """As a kubelet does: an operator that cannot renew its Lease ends within a minute."""
        with suppress(subprocess.TimeoutExpired):
            operator.wait(30)
            self.operator()

    def holder(self) -> str:
        """Who holds the operators' Lease."""
        return str(self.site.cluster.api.get(kinds.LEASE, self.home, LEASE)["spec"]["holderIdentity"])

    def workload(self) -> dict[str, Any]:
        return self.site.get(*self.site.registry.workload.split("/"))

    def run(self, name: str) -> dict[str, Any] | None:
        try:
            return self.site.get("rcr", name)
        except ClusterNotFound:
            return None

    def is_over(self, run: str) -> bool:
        """It has ended, or is gone. Not while the API is away."""
        try:
            found = self.run(run)
        except ClusterError:
            return False
        return found is None or bool(reason_of(found, "Complete") or reason_of(found, "Failed"))

    def ended(self, run: str) -> str:
        """By what reason."""
        found = self.run(run)
        return "gone" if found is None else reason_of(found, "Complete") or reason_of(found, "Failed")

    def holds(self, run: str) -> bool:
        """Whether a run that is over still has a finalizer, so that it could not be deleted."""
        found = self.run(run)
        return found is not None and bool(found["metadata"].get("finalizers"))

    def is_gone(self) -> bool:
        """The namespace, with all that was in it."""
        try:
            self.site.cluster.api.get(kinds.NAMESPACE, None, self.namespace)
        except ClusterNotFound:
            return True
        return False

    def _login(self) -> dict[str, Any]:
        values = {"username": USER, "password": PASSWORD}
        secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth", "stringData": values}
        self.site.kubectl("create", "-f", "-", stdin=json.dumps(secret | {"metadata": {"name": "login"}}))
        return {"credentialsSecretRef": {"name": "login"}}

    def _kubeconfig(self) -> Path:
        if self.who is None:
            return self.site.cluster.kubeconfig
        path = self._logs / f"{self.namespace}.kubeconfig"
        path.write_text(json.dumps(self.who.kubeconfig()))
        return path


def _end(process: subprocess.Popen[bytes], log: Path) -> None:
    process.kill()
    process.wait()
    print(f"{log.name}, exit code {process.returncode}", log.read_text()[-20_000:], sep="\n")
