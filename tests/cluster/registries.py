"""Registries as users deploy them: the objects, and one that runs."""

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import bcrypt
import requests

from regsweep.clients.kinds import POD
from tests.cluster.access import Cluster

PORT = 5000
DATA = "/var/lib/registry"
_ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """How a registry is deployed."""

    version: str = "3"
    name: str = "registry"
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    replicas: int = 1
    delete: bool = True
    volume: Literal["emptyDir", "claim", "hostPath"] = "emptyDir"  # the last two are shared by all replicas
    strategy: Literal["RollingUpdate", "Recreate", "OnDelete"] = "RollingUpdate"
    login: tuple[str, str] | None = None  # user and password of an htpasswd file
    environment: dict[str, str] = field(default_factory=dict)
    graceful: bool = False  # a pod that ends goes on until nobody is led to it any more
    config: str = ""  # the configuration file, in a ConfigMap


@dataclass(frozen=True, slots=True)
class RunningRegistry:
    """A registry that answers; `url` is good on this machine, `service_url` in the cluster."""

    options: RegistryOptions
    cluster: Cluster
    namespace: str
    url: str

    @property
    def service_url(self) -> str:
        return f"http://{self.options.name}.{self.namespace}.svc:{PORT}"

    @property
    def workload(self) -> str:
        """As kubectl names it."""
        return f"{self.options.kind.lower()}/{self.options.name}"

    def pods(self) -> list[str]:
        """The names of its pods that are not on their way out."""
        pods = [
            pod["metadata"] for pod in self.cluster.api.list(POD, self.namespace, labels=f"app={self.options.name}")
        ]
        return [pod["name"] for pod in pods if "deletionTimestamp" not in pod]

    def exec(self, *command: str) -> str:
        """The output of a command in one of its pods."""
        return self.cluster.kubectl("-n", self.namespace, "exec", self.pods()[0], "--", *command)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request to `/v2/` and the path, with the login if there is one."""
        return requests.request(method, f"{self.url}/v2/{path}", auth=self.options.login, timeout=10, **options)


class DeployRegistry(Protocol):
    """Deploys a registry of a version with fields of RegistryOptions; it answers when this returns."""

    def __call__(self, version: str, **options: Any) -> RunningRegistry: ...


def deploy(cluster: Cluster, namespace: str, options: RegistryOptions) -> None:
    """Applies the objects and waits for the rollout. Raises CalledProcessError."""
    objects = registry_objects(cluster, namespace, options)
    listing = {"apiVersion": "v1", "kind": "List", "items": objects}
    cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(listing))
    if options.strategy != "OnDelete":
        workload = f"{options.kind.lower()}/{options.name}"
        cluster.kubectl("-n", namespace, "rollout", "status", workload, "--timeout=90s")


def wait_for_answer(url: str) -> None:
    """kube-proxy is up to a second behind a rollout: what counts is an answer. Raises TimeoutError."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/v2/", timeout=2).status_code in (200, 401):
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise TimeoutError(f"no registry answers at {url}")


def registry_objects(cluster: Cluster, namespace: str, options: RegistryOptions) -> list[dict[str, Any]]:
    """The workload, its Service and what they need."""
    labels = {"app": options.name}
    spec: dict[str, Any] = {
        "replicas": options.replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": _pod(cluster, namespace, options)},
    }
    spec["strategy" if options.kind == "Deployment" else "updateStrategy"] = {"type": options.strategy}
    if options.kind == "StatefulSet":
        spec |= {"serviceName": options.name, "podManagementPolicy": "Parallel"}
    service = {"selector": labels, "ports": [{"name": "http", "port": PORT}]}
    objects = [
        _object("v1", "Service", options.name, spec=service),
        _object("apps/v1", options.kind, options.name, spec=spec),
    ]
    if options.volume == "claim":
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        objects.append(_object("v1", "PersistentVolumeClaim", options.name, spec=claim))
    if options.config:
        objects.append(_object("v1", "ConfigMap", options.name, data={"config.yml": options.config}))
    if options.login:
        objects.append(_object("v1", "Secret", options.name, data={"htpasswd": htpasswd(*options.login)}))
    return objects


def htpasswd(user: str, password: str) -> str:
    """The file as a Secret holds it."""
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=5))
    return base64.b64encode(f"{user}:{hashed.decode()}\n".encode()).decode()


def _pod(cluster: Cluster, namespace: str, options: RegistryOptions) -> dict[str, Any]:
    # One that lives for minutes need not save memory. Without deletes there is no variable at all, as at many users.
    environment = {"REGISTRY_STORAGE_DELETE_ENABLED": "true", "GOGC": "400"} if options.delete else {}
    volumes: list[dict[str, Any]] = [{"name": "data"} | _data_volume(namespace, options)]
    mounts = [{"name": "data", "mountPath": DATA}]
    if options.login:
        environment |= {
            "REGISTRY_AUTH": "htpasswd",
            "REGISTRY_AUTH_HTPASSWD_REALM": "registry",
            "REGISTRY_AUTH_HTPASSWD_PATH": "/auth/htpasswd",
        }
        volumes.append({"name": "auth", "secret": {"secretName": options.name}})
        mounts.append({"name": "auth", "mountPath": "/auth"})
    if options.config:
        volumes.append({"name": "config", "configMap": {"name": options.name}})
        mounts.append({"name": "config", "mountPath": "/etc/distribution"})
    environment |= options.environment
    container = {
        "name": "registry",
        "image": cluster.registry_image(options.version),
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/", "port": PORT}, "periodSeconds": 1},
        "volumeMounts": mounts,
    }
    if options.graceful:
        container["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", "5"]}}}
    # Service links would set REGISTRY_PORT and more, which a registry reads as its configuration.
    return {"containers": [container], "volumes": volumes, "enableServiceLinks": False}


def _data_volume(namespace: str, options: RegistryOptions) -> dict[str, Any]:
    match options.volume:
        case "emptyDir":
            return {"emptyDir": {}}
        case "claim":
            return {"persistentVolumeClaim": {"claimName": options.name}}
        case "hostPath":
            path = f"/tmp/hostpath_pv/{namespace}-{options.name}"
            return {"hostPath": {"path": path, "type": "DirectoryOrCreate"}}


def _object(api_version: str, kind: str, name: str, **content: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **content}
