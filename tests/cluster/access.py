"""What a test may do with a cluster: the node of this machine, or one that somebody else runs (CLUSTER=existing)."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from regsweep.clients import kube
from regsweep.clients.kinds import SERVICE
from regsweep.errors import ClusterNotFound
from tests.cluster import settings
from tests.cluster.outside import components, forward
from tests.cluster.portforward import port_forward
from tests.parts.build import build

EXISTING = os.environ.get("CLUSTER") == "existing"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
"""The name of this process where pytest works in several."""
_PUBLIC_IMAGES = {"2.8": "registry:2.8.3", "3": "registry:3"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster in which tests may do anything, in namespaces of their own."""

    kubeconfig: Path
    existing: bool

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """The output of kubectl. Raises CalledProcessError, with what kubectl said as a note."""
        return self._run(self._kubectl(), arguments, stdin)

    def helm(self, *arguments: str) -> str:
        """The output of helm. Raises CalledProcessError, with what helm said as a note."""
        return self._run(str(build("helm")), arguments)

    @property
    def api(self) -> kube.Cluster:
        """For what is asked again and again: each kubectl takes a tenth of a second of a core."""
        return _connected(self.kubeconfig)

    def make_namespaces(self, *names: str) -> None:
        """New namespaces in which pods can be made: each waits for its default ServiceAccount, which comes later."""
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
        self.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": spaces}))
        for name in names:
            deadline = time.monotonic() + 60
            while not self._has_account(name):
                assert time.monotonic() < deadline, f"namespace {name} gets no ServiceAccount"
                time.sleep(0.1)

    def delete_namespaces(self, *names: str) -> None:
        """Waits for nothing."""
        self.kubectl("delete", "namespace", *names, "--ignore-not-found", "--wait=false")

    @contextmanager
    def forward(self, namespace: str, service: str, port: int) -> Iterator[int]:
        """A port of this machine's loopback that leads to a Service.

        On the node it works without the API server, and loses nothing while pods change; elsewhere it is kubectl's.
        """
        if not self.existing:
            address = self.api.get(SERVICE, namespace, service)["spec"]["clusterIP"]
            forwarder = forward.start(f"{address}:{port}")
            try:
                yield forwarder.port
            finally:
                forwarder.close()
            return
        command = [self._kubectl(), "--namespace", namespace]
        with port_forward(command, service, port, self._environment()) as local:
            yield local

    def kill(self, component: str) -> None:
        """kill -9 of a program of the node; it comes back at once."""
        _alone()
        components.control("kill", component)

    def stop(self, component: str) -> None:
        """kill -9 of a program of the node; it stays down."""
        _alone()
        components.control("stop", component)

    def start(self, component: str) -> None:
        """Lets a stopped program come back."""
        components.control("start", component)

    def registry_image(self, version: str) -> str:
        """The image of a registry: `2.8`, `3`, and on the node `3-distroless`."""
        return (_PUBLIC_IMAGES if self.existing else settings.REGISTRY_IMAGES)[version]

    def _has_account(self, namespace: str) -> bool:
        try:
            self.api.read(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")
        except ClusterNotFound:
            return False
        return True

    def _kubectl(self) -> str:
        program = shutil.which("kubectl") if self.existing else None
        return program or str(build("kubernetes") / "kubectl")

    def _environment(self) -> dict[str, str]:
        """These programs live for a moment: a fifth of it goes to collecting garbage, unless that is put off."""
        return os.environ | {"KUBECONFIG": str(self.kubeconfig), "GOGC": "400"}

    def _run(self, program: str, arguments: tuple[str, ...], stdin: str = "") -> str:
        result = subprocess.run(
            [program, *arguments],
            env=self._environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            result.check_returncode()
        except subprocess.CalledProcessError as error:
            error.add_note(result.stderr.strip())
            raise
        return result.stdout


def _alone() -> None:
    assert not WORKER, "the cluster is everybody's: this test needs the mark `alone`"


@cache
def _connected(kubeconfig: Path) -> kube.Cluster:
    return kube.Cluster.connect(str(kubeconfig))


def current_kubeconfig() -> Path:
    """The file that kubectl would use here."""
    return Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube/config")
