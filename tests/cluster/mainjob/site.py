"""A namespace that the operator serves, as an admin sees it: through kubectl, and what is only read by the API."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

from regsweep.clients.kinds import CONFIG_MAP, DEPLOYMENT, JOB, LEASE, POD, POLICY, RUN, STATEFUL_SET
from tests.cluster.access import Cluster
from tests.cluster.registries import DATA, PORT, RunningRegistry, wait_for_answer

T = TypeVar("T")
API_VERSION = "regsweep.dev/v1alpha1"
RUN_SECONDS = 240
KINDS = {
    "rcp": POLICY, "rcr": RUN, "deployment": DEPLOYMENT, "statefulset": STATEFUL_SET, "pod": POD, "job": JOB,
    "cm": CONFIG_MAP, "lease": LEASE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """One registry and the policies beside it."""

    cluster: Cluster
    namespace: str
    registry: RunningRegistry

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self.cluster.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def apply(self, name: str = "nightly", **spec: Any) -> None:
        """`kubectl apply` of a policy for this registry; `spec` over the least that one needs.

        It reads the API, unless `spec` says otherwise: images are pushed now, and only say themselves that they are
        old.
        """
        options = self.registry.options
        registry = {
            "url": self.registry.service_url,
            "workloadRef": {"kind": options.kind, "name": options.name},
            "inventory": "API",
            **spec.pop("registry", {}),
        }
        document = {
            "apiVersion": API_VERSION,
            "kind": "RegistryCleanupPolicy",
            "metadata": {"name": name},
            "spec": {"registry": registry, **spec},
        }
        self.kubectl("apply", "-f", "-", stdin=json.dumps(document))

    def run(self, policy: str = "nightly", **spec: Any) -> str:
        """`kubectl create` of a run; its name."""
        document = {
            "apiVersion": API_VERSION,
            "kind": "RegistryCleanupRun",
            "metadata": {"generateName": f"{policy}-"},
            "spec": {"policyRef": {"name": policy}, **spec},
        }
        return self.kubectl("create", "-f", "-", "-o", "jsonpath={.metadata.name}", stdin=json.dumps(document))

    def wait(self, run: str, condition: str = "Complete", seconds: int = RUN_SECONDS) -> dict[str, Any]:
        """`kubectl wait`, given up as soon as the run ends otherwise; then the run."""
        other = {"Complete": "Failed", "Failed": "Complete"}.get(condition)

        def ended() -> dict[str, Any] | None:
            found = self.get("rcr", run)
            if other and reason_of(found, other):
                raise AssertionError(f"run {run} is {other}, not {condition}: {conditions_of(found)}")
            return found if reason_of(found, condition) else None

        eventually(ended, seconds)
        self.kubectl("wait", f"--for=condition={condition}", f"rcr/{run}", "--timeout=10s")
        wait_for_answer(self.registry.url)
        return self.get("rcr", run)

    def cancel(self, run: str) -> None:
        """`kubectl delete` of a run, which returns when the run has let go."""
        self.kubectl("delete", "rcr", run, "--timeout=120s")
        wait_for_answer(self.registry.url)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        return self.cluster.api.get(KINDS[kind], self.namespace, name)

    def names(self, kind: str) -> list[str]:
        return [name.split("/")[1] for name in self.kubectl("get", kind, "-o", "name").split()]

    def row(self, kind: str, name: str) -> dict[str, str]:
        """What `kubectl get -o wide` shows of one object, by column; it is printed too. A cell may be empty."""
        table = self.kubectl("get", kind, name, "-o", "wide")
        print(table)
        heading, row = table.splitlines()[:2]
        columns = re.finditer(r"\S+ *", heading)
        return {column[0].strip(): row[column.start() : column.end()].strip() for column in columns}

    def plan(self, run: dict[str, Any]) -> dict[str, Any]:
        """The plan of a run as anybody can read it: from its ConfigMaps, without regsweep."""
        found = [self.get("cm", name)["binaryData"] for name in run["status"]["plan"]["configMaps"]]
        return json.loads(gzip.decompress(b"".join(base64.b64decode(data["plan.json.gz"]) for data in found)))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line, run on this machine against the cluster; nobody is at a terminal."""
        environment = os.environ | {"KUBECONFIG": str(self.cluster.kubeconfig)}
        command = [sys.executable, "-m", "regsweep", *arguments, "-n", self.namespace]
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def regsweep(self, *arguments: str) -> str:
        """The output of a command that has to succeed."""
        done = self.command(*arguments)
        assert done.returncode == 0, f"{done.args}: {done.stderr}"
        return done.stdout

    def blobs(self) -> dict[str, int]:
        """Digest to bytes of every blob on the registry's volume, by `stat` in its pod."""
        find = f"find {DATA}/docker/registry/v2/blobs -type f -name data -exec stat -c '%s %n' {{}} +"
        files = (line.split() for line in self.registry.exec("sh", "-c", find).splitlines())
        return {f"sha256:{path.split('/')[-2]}": int(size) for size, path in files}

    def read_only(self) -> bool:
        """Whether a pod behind the Service refuses pushes. Between two pods nobody answers, or not soon."""
        asked, login = f"{self.registry.url}/v2/any/manifests/any", self.registry.options.login
        try:
            return "PUT" not in requests.options(asked, auth=login, timeout=1).headers.get("Allow", "PUT")
        except requests.RequestException:
            return False

    def writable(self) -> list[bool]:
        """Of each pod, asked for itself and without a trace: does the registry take a push? Not in a rollout."""
        login = base64.b64encode(":".join(self.registry.options.login or ()).encode()).decode()
        header = rf"Authorization: Basic {login}\r\n" if login else ""
        ask = rf"printf 'OPTIONS /v2/any/manifests/any HTTP/1.0\r\n{header}\r\n' | nc 127.0.0.1 {PORT}"
        answers = [self.kubectl("exec", pod, "--", "sh", "-c", ask) for pod in self.registry.pods()]
        return [re.search(r"^Allow:.*\bPUT\b", answer, re.MULTILINE) is not None for answer in answers]


def conditions_of(thing: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    found = thing.get("status", {}).get("conditions", [])
    return [(it["type"], it["status"], it["reason"], it.get("message", "")) for it in found]


def condition(thing: dict[str, Any], kind: str) -> tuple[str, str, str]:
    """Status, reason and message of a condition; Unknown where there is none."""
    return next(
        ((status, why, said) for type_, status, why, said in conditions_of(thing) if type_ == kind), ("", "", "")
    )


def reason_of(thing: dict[str, Any], kind: str) -> str:
    """The reason of a condition that is True, else nothing."""
    status, reason, _ = condition(thing, kind)
    return reason if status == "True" else ""


def eventually(look: Callable[[], T | None], seconds: float) -> T:
    """What `look` finds first that is true. Raises AssertionError when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.3)
