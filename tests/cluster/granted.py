"""The operator from source with the rights of the chart and no more: its ServiceAccount's token is all that it has."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.access import Cluster
from tests.cluster.mainjob.site import eventually
from tests.cluster.outside import namespaces

PROJECT = Path(__file__).resolve().parents[2]
NAME = "regsweep"
_RIGHTS = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_OF_THE_CLUSTER = ("ClusterRole", "ClusterRoleBinding")


@dataclass(frozen=True, slots=True)
class Granted:
    """The roles of a release that serves one namespace, and who has them."""

    cluster: Cluster
    namespace: str
    roles: tuple[dict[str, Any], ...]

    @property
    def user(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{NAME}"

    def token(self) -> str:
        return self.cluster.kubectl("-n", self.namespace, "create", "token", NAME, "--duration=1h").strip()

    def kubeconfig(self, *, server: str = "", token: str = "") -> dict[str, Any]:
        """A login as the ServiceAccount, with inline data alone."""
        admin = yaml.safe_load(self.cluster.kubeconfig.read_text())["clusters"][0]["cluster"]
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": admin | ({"server": server} if server else {})}],
            "users": [{"name": "u", "user": {"token": token or self.token()}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }

    def rules(self, suffix: str) -> list[tuple[dict[str, Any], str, str]]:
        """Each (role, API group, resource) of the roles whose name ends so."""
        return [
            (role, group, resource)
            for role in self.roles
            if role["kind"] in ("Role", "ClusterRole") and role["metadata"]["name"].endswith(suffix)
            for rule in role["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
        ]

    @contextmanager
    def without(self, role: dict[str, Any], group: str, resource: str) -> Iterator[None]:
        """The role lacks one resource for a while."""
        poorer = role | {"rules": [_less(rule, group, resource) for rule in role["rules"]]}
        self._put(poorer | {"rules": [rule for rule in poorer["rules"] if rule["resources"]]})
        try:
            eventually(lambda: not self._can_list(role, group, resource), 20)
            yield
        finally:
            self._put(role)
            eventually(lambda: self._can_list(role, group, resource), 20)

    def _put(self, role: dict[str, Any]) -> None:
        self.cluster.kubectl("-n", self.namespace, "replace", "-f", "-", stdin=json.dumps(role))

    def _can_list(self, role: dict[str, Any], group: str, resource: str) -> bool:
        what = f"{resource}.{group}" if group else resource
        where = ("-n", self.namespace) if role["kind"] == "Role" else ("--all-namespaces",)
        try:
            self.cluster.kubectl("auth", "can-i", "list", what, f"--as={self.user}", "--quiet", *where)
        except subprocess.CalledProcessError:
            return False
        return True


@contextmanager
def granted(cluster: Cluster, namespace: str, **in_use: Any) -> Iterator[Granted]:
    """What the chart grants for `namespace` with these values of `inUse`, and nothing else of it."""
    values = {
        "registryNamespaces": [namespace], "watchNamespaces": [namespace], "inUse": in_use,
        "rbac": {"create": True, "aggregate": False}, "crds": {"install": False},
    }  # fmt: skip
    chosen = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    chart = str(PROJECT / "charts/regsweep")
    text = cluster.helm("template", NAME, chart, "--namespace", namespace, "--no-hooks", *chosen)
    roles = tuple(each for each in yaml.safe_load_all(text) if each and each["kind"] in _RIGHTS)
    listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(roles)})
    cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=listing)
    try:
        yield Granted(cluster, namespace, roles)
    finally:
        of_cluster = [each for each in roles if each["kind"] in _OF_THE_CLUSTER]
        listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": of_cluster})
        cluster.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=listing)


@contextmanager
def operator(who: Granted, folder: Path) -> Iterator[Path]:
    """Running in the node's network; the file of its log."""
    kubeconfig, log = folder / "granted.kubeconfig", folder / "operator.log"
    kubeconfig.write_text(json.dumps(who.kubeconfig()))
    command = [sys.executable, "-m", "regsweep", "operator", "--kubeconfig", str(kubeconfig), "--health-port", "0"]
    command += ["--namespace", who.namespace, "--lease-namespace", who.namespace]
    with log.open("wb") as file:
        process = subprocess.Popen(namespaces.network_command(command), stderr=file)
    try:
        yield log
    finally:
        process.kill()
        process.wait()
        print(log.read_text()[-20_000:])


def _less(rule: dict[str, Any], group: str, resource: str) -> dict[str, Any]:
    if group not in rule["apiGroups"]:
        return rule
    return rule | {"resources": [each for each in rule["resources"] if each != resource]}
