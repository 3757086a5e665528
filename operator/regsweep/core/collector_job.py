"""The Job that runs garbage-collect where no shell can: its body, made of the registry's own pod, and what its state
says.

It is one life and no more: nothing restarts its container, and nothing replaces its pod. Its labels are its own, so
that no Service sends requests to it and no ReplicaSet adopts it.

What this may not do: ask the cluster. Objects are arguments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regsweep.api.meta import GROUP
from regsweep.core.maintenance import Process
from regsweep.core.workload import Object, container, container_status

LABEL = f"{GROUP}/collects"
CONTAINER = "collector"
KEPT_SECONDS = 3600
"""A Job that has ended stays that long, for a person to look at."""
_GRACE_SECONDS = 5
_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_OF_THE_POD = (
    "serviceAccountName", "automountServiceAccountToken", "securityContext", "imagePullSecrets", "tolerations",
    "runtimeClassName", "hostUsers", "dnsPolicy", "dnsConfig", "hostAliases", "priorityClassName", "schedulerName",
)  # fmt: skip
_OF_THE_CONTAINER = (
    "image", "imagePullPolicy", "env", "envFrom", "workingDir", "securityContext", "resources", "volumeDevices",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """Which collection is wanted. `config` is the path of the registry's configuration in its container."""

    name: str
    label: str
    container: str
    config: str
    dry_run: bool
    seconds: int
    """It ends by itself after that long, whoever is left to see it."""


def label_value(kind: str, name: str) -> str:
    """Of LABEL, for the workload that runs the registry. Not its name: that may be too long for a label."""
    return hashlib.sha256(f"{kind}/{name}".encode()).hexdigest()[:20]


def job_name(run: str, attempt: int, dry_run: bool) -> str:
    """The same after a crash, and another for each attempt."""
    mark = hashlib.sha256(run.encode()).hexdigest()[:16]
    return f"regsweep-collect-{mark}-{attempt}-{'dry' if dry_run else 'real'}"


def job_body(pod: Object, order: Order) -> dict[str, Any]:
    """The Job that does `order` as `pod` would: same image, variables, volumes, rights, and node."""
    made_by = {LABEL: order.label}
    spec = pod["spec"]
    ours = container(pod, order.container) or {}
    mounts = [mount for mount in ours.get("volumeMounts") or () if mount["mountPath"] != _TOKEN]
    before = _makers(spec, mounts)
    used = {mount["name"] for each in (*before, {"volumeMounts": mounts}) for mount in each.get("volumeMounts") or ()}
    template: dict[str, Any] = {
        **{key: spec[key] for key in _OF_THE_POD if key in spec},
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "enableServiceLinks": False,
        "affinity": _at_node(spec.get("nodeName")),
        "volumes": [volume for volume in spec.get("volumes") or () if volume["name"] in used],
        "initContainers": before,
        "containers": [
            {
                "name": CONTAINER,
                **{key: ours[key] for key in _OF_THE_CONTAINER if key in ours},
                **_words(ours, order),
                "volumeMounts": mounts,
            }
        ],
    }
    return {
        "metadata": {"name": order.name, "labels": made_by},
        "spec": {
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",
            "activeDeadlineSeconds": order.seconds,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {"metadata": {"labels": made_by}, "spec": template},
        },
    }


def _at_node(node: str | None) -> dict[str, Any]:
    """Where the registry's pod is, by the scheduler: a ReadWriteOnce volume is on one node alone."""
    if not node:
        return {}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def _makers(spec: Object, mounts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The init containers that make files for the registry: those with which it shares a volume that is born empty."""
    empty = {volume["name"] for volume in spec.get("volumes") or () if "emptyDir" in volume}
    shared = empty & {mount["name"] for mount in mounts}
    made = []
    for each in spec.get("initContainers") or ():
        held = [mount for mount in each.get("volumeMounts") or () if mount["mountPath"] != _TOKEN]
        if each.get("restartPolicy") != "Always" and shared & {mount["name"] for mount in held}:
            made.append({**each, "volumeMounts": held})
    return made


def _words(ours: Object, order: Order) -> dict[str, list[str]]:
    """The container's words with `garbage-collect` in the place of `serve`. `--delete-untagged` is never among them."""
    wanted = ["garbage-collect", *(["--dry-run"] if order.dry_run else []), order.config]
    command, args = list(ours.get("command") or ()), list(ours.get("args") or ())
    for name, words in (("args", args), ("command", command)):
        start = next((place for place, word in enumerate(words) if word in ("serve", order.config)), None)
        if start is not None:
            first = {"command": command} if command and name == "args" else {}
            return first | {name: words[:start] + wanted}
    return ({"command": command} if command else {}) | {"args": wanted}


def named_configs(ours: Object) -> list[str]:
    """Paths of a configuration that a container's words and variables name, the surest first."""
    words = [*(ours.get("command") or ()), *(ours.get("args") or ())]
    words += [each.get("value", "") for each in ours.get("env") or () if each["name"] == "REGISTRY_CONFIGURATION_PATH"]
    return [word for word in words if word.endswith((".yml", ".yaml")) and "$(" not in word]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file in a container comes from: a key of a ConfigMap or Secret."""

    kind: str
    name: str
    key: str


def source_of(pod: Object, ours: Object, path: str) -> Source | None:
    """The ConfigMap or Secret that is mounted at `path`; None where it is in the image, or on another volume."""
    covering = [m for m in ours.get("volumeMounts") or () if path == m["mountPath"] or path.startswith(_below(m))]
    if not covering:
        return None
    mount = max(covering, key=lambda m: len(m["mountPath"]))
    inside = path.removeprefix(mount["mountPath"]).strip("/")
    key = "/".join(filter(None, (mount.get("subPath", ""), inside)))
    volume: Object = next((v for v in pod["spec"].get("volumes") or () if v["name"] == mount["name"]), {})
    for kind, field, name in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
        if held := volume.get(field):
            items = {item["path"]: item["key"] for item in held.get("items") or ()}
            return Source(kind, held[name], items.get(key, key))
    return None


def _below(mount: Mapping[str, Any]) -> str:
    return str(mount["mountPath"]).rstrip("/") + "/"


def unfinished(job: Object) -> bool:
    """It runs, or may yet make a pod."""
    conditions = job.get("status", {}).get("conditions") or ()
    return not any(c.get("type") in ("Complete", "Failed") and c.get("status") == "True" for c in conditions)


def made_at(job: Object) -> datetime | None:
    """When the API server made it."""
    written = job["metadata"].get("creationTimestamp")
    return datetime.fromisoformat(written) if written else None


def waiting_for(pods: Iterable[Object]) -> str:
    """Why the collector does not begin, in words."""
    for pod in pods:
        status = pod.get("status", {})
        waiting = container_status(pod, CONTAINER).get("state", {}).get("waiting", {})
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return f"{waiting['reason']}: {str(waiting.get('message') or '')[:300]}"
        for condition in status.get("conditions") or ():
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                return f"{condition.get('reason')}: {str(condition.get('message') or '')[:300]}"
        return f"its pod {pod['metadata']['name']} is {status.get('phase', 'unknown')}"
    return "the Job makes no pod: a quota or an admission policy may forbid it (`kubectl describe` it)"


@dataclass(frozen=True, slots=True)
class Ended:
    """How the collector's container ended: `code` None where its pod went without saying so."""

    state: Process
    code: int | None = None
    why: str = ""


def ended(pod: Object) -> Ended | None:
    """None while it may live."""
    status = pod.get("status", {})
    terminated = container_status(pod, CONTAINER).get("state", {}).get("terminated")
    if terminated:  # the container's end; nothing restarts it
        code = int(terminated.get("exitCode", -1))
        return Ended(Process.SUCCEEDED if code == 0 else Process.FAILED, code, str(terminated.get("reason") or ""))
    if status.get("phase") in ("Succeeded", "Failed"):
        return Ended(Process.DEAD, None, f"{status.get('reason') or ''} {status.get('message') or ''}".strip()[:300])
    return None
