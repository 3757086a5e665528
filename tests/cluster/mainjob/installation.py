"""The operator as users get it: image from the Dockerfile, chart by helm, restricted pod security, ServiceAccount.

As the chart has it by default, it watches all namespaces. Where pytest works in several processes (-n), each installs
one of its own, which watches its own namespaces alone.
On a cluster that somebody else runs (CLUSTER=existing) the image has to be there already: $REGSWEEP_IMAGE names it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regsweep.clients.kinds import POD
from tests.cluster.access import WORKER, Cluster
from tests.cluster.killing.collectors import pod_of
from tests.cluster.mainjob.site import eventually
from tests.cluster.outside import images

PROJECT = Path(__file__).resolve().parents[3]
RELEASE = "regsweep"
NAMESPACE = f"test-regsweep{WORKER and '-'}{WORKER}"
IMAGE = os.environ.get("REGSWEEP_IMAGE", "localhost/regsweep:test")
SELECTOR = f"app.kubernetes.io/instance={RELEASE}"
READY_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Installation:
    """The release, and the namespaces with registries that its operator may touch."""

    cluster: Cluster
    registry_namespaces: tuple[str, ...]

    @property
    def user(self) -> str:
        """The ServiceAccount, as the API server names who asks."""
        return f"system:serviceaccount:{NAMESPACE}:{RELEASE}"

    def kubectl(self, *arguments: str) -> str:
        return self.cluster.kubectl("-n", NAMESPACE, *arguments)

    def pods(self) -> list[dict[str, Any]]:
        return [*self.cluster.api.list(POD, NAMESPACE, labels=SELECTOR)]

    def restart(self, *options: str) -> None:
        """Deletes the operator's pod, and waits until another one is ready."""
        old = {pod["metadata"]["uid"] for pod in self.pods()}
        self.kubectl("delete", "pod", "-l", SELECTOR, "--wait=false", *options)
        eventually(
            lambda: [pod for pod in self.pods() if pod["metadata"]["uid"] not in old and _ready(pod)], READY_SECONDS
        )

    def crash(self) -> None:
        """Kills the operator's process, of which the kubelet will start another in the same pod. On the node alone."""
        (pod,) = self.pods()
        (process,) = [
            folder
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and pod_of(folder) == pod["metadata"]["uid"] and _is_operator(folder)
        ]
        os.kill(int(process.name), signal.SIGKILL)

    def stop(self) -> None:
        """No operator, until `start`."""
        self.kubectl("scale", f"deployment/{RELEASE}", "--replicas=0")
        self.kubectl("wait", "--for=delete", "pod", "-l", SELECTOR, "--timeout=130s")

    def start(self) -> None:
        self.kubectl("scale", f"deployment/{RELEASE}", "--replicas=1")
        eventually(lambda: [pod for pod in self.pods() if _ready(pod)], READY_SECONDS)

    def log(self) -> str:
        return self.kubectl("logs", f"deployment/{RELEASE}", "--tail=-1")


@contextmanager
def installed(cluster: Cluster, registry_namespaces: tuple[str, ...]) -> Iterator[Installation]:
    """Installs the chart, and takes away all of it."""
    if not cluster.existing:
        images.make_image(IMAGE, PROJECT)
    cluster.make_namespaces(NAMESPACE, *registry_namespaces)
    cluster.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    repository, _, tag = IMAGE.rpartition(":")
    values = {
        "registryNamespaces": list(registry_namespaces),
        "watchNamespaces": list(registry_namespaces) if WORKER else [],
        "image": {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"},
    }
    chosen = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    where = ["--namespace", NAMESPACE]
    try:
        # The CRDs may be there from another test, or from an installation before: the chart keeps them.
        waiting = ["--take-ownership", "--force-conflicts", "--wait", f"--timeout={READY_SECONDS}s"]
        cluster.helm("install", RELEASE, str(PROJECT / "charts/regsweep"), *where, *chosen, *waiting)
        yield Installation(cluster, registry_namespaces)
    except subprocess.CalledProcessError:
        print(cluster.kubectl("-n", NAMESPACE, "describe", "pods"))
        print(cluster.kubectl("-n", NAMESPACE, "logs", "-l", SELECTOR, "--ignore-errors", "--prefix"))
        raise
    finally:
        cluster.helm("uninstall", RELEASE, *where, "--ignore-not-found")
        cluster.delete_namespaces(NAMESPACE, *registry_namespaces)


def _is_operator(folder: Path) -> bool:
    return b"operator" in (folder / "cmdline").read_bytes().split(b"\0")


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(it["type"] == "Ready" and it["status"] == "True" for it in conditions)
