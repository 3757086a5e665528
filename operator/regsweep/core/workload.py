"""A Deployment or StatefulSet that runs a registry, and its pods, as their JSON says: what fits, what is
rolled out.

Pure readings and the bodies of our server-side applies. No request is made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from regsweep.api.meta import GROUP

Object: TypeAlias = Mapping[str, Any]

CRASHES = (
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "InvalidImageName",
)
_LOST_WITH_THE_POD = ("emptyDir", "ephemeral")
SWITCH = "REGISTRY_STORAGE_MAINTENANCE_READONLY"
"""Read-only, as a map: `{"enabled":true}`. The leaf ..._ENABLED panics or is ignored (Distribution 2.8 and 3.x)."""
CACHE_SWITCH = "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR"
"""`inmemory` for the time of a window whose registry has its blob cache in Redis: this leaf wins over the file and over
REGISTRY_STORAGE_CACHE (Distribution 2.8 and 3.x)."""
DELETE_SWITCH = "REGISTRY_STORAGE_DELETE_ENABLED"
RESTARTED_FOR = f"{GROUP}/restarted-for"
"""Annotation of the pod template: the run for which every replica was restarted."""


def container(template_or_pod: Object, name: str) -> Object | None:
    """The container of that name in `spec.containers`."""
    containers = template_or_pod.get("spec", {}).get("containers") or ()
    return next((c for c in containers if c.get("name") == name), None)


def template(workload: Object) -> Object:
    found: Object = workload["spec"]["template"]
    return found


def plain_env(of_container: Object | None) -> dict[str, str]:
    """The variables whose values are written in the object itself; those from Secrets and ConfigMaps are not
    seen."""
    entries = (of_container or {}).get("env") or ()
    return {entry["name"]: entry.get("value", "") for entry in entries if "valueFrom" not in entry}


def selector(workload: Object) -> str:
    """`spec.selector` as a label selector of a list request."""
    chosen = workload["spec"].get("selector") or {}
    terms = [f"{key}={value}" for key, value in (chosen.get("matchLabels") or {}).items()]
    terms += [_expression(expression) for expression in chosen.get("matchExpressions") or ()]
    return ",".join(terms)


def _expression(expression: Object) -> str:
    key, values = expression["key"], ",".join(expression.get("values") or ())
    match expression["operator"]:
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "Exists":
            return str(key)
        case _:
            return f"!{key}"


def replicas(workload: Object) -> int:
    wanted = workload["spec"].get("replicas")
    return 1 if wanted is None else int(wanted)


def alive(pod: Object) -> bool:
    """It runs or may yet run: neither finished nor evicted. A terminating one is alive: it serves until it is gone."""
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def rolled_out(workload: Object, pods: Iterable[Object], name: str) -> bool:
    """The newest template is in every pod, all are ready, none is old or terminating.

    The workload's counters alone lag behind and leave out terminating pods, so the pods are looked at as well: what we
    write into a template is the same in each of them. (Admission may add variables of its own to a pod.)
    """
    status, wanted = workload.get("status", {}), replicas(workload)
    if int(status.get("observedGeneration") or 0) < int(workload["metadata"].get("generation") or 0):
        return False
    counters = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    if any(int(status.get(counter) or 0) != wanted for counter in counters):
        return False
    if status.get("updateRevision") != status.get("currentRevision"):
        return False
    living, newest = [pod for pod in pods if alive(pod)], _mark(template(workload), name)
    return len(living) == wanted and all(ready(pod) and _mark(pod, name) == newest for pod in living)


def _mark(template_or_pod: Object, name: str) -> tuple[str | None, ...]:
    annotations = template_or_pod.get("metadata", {}).get("annotations") or {}
    env = plain_env(container(template_or_pod, name))
    return env.get(SWITCH), env.get(CACHE_SWITCH), env.get(DELETE_SWITCH), annotations.get(RESTARTED_FOR)


def ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    is_ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    return is_ready and not pod["metadata"].get("deletionTimestamp")


def crash(pods: Iterable[Object], name: str, env: str) -> str:
    """Why a pod that has the variable `env` cannot start, in words; "" where none is in trouble."""
    for pod in filter(alive, pods):
        status = container_status(pod, name)
        waiting = status.get("state", {}).get("waiting", {})
        if waiting.get("reason") in CRASHES and env in plain_env(container(pod, name)):
            ended = status.get("lastState", {}).get("terminated", {})
            detail = waiting.get("message") or f"exit code {ended.get('exitCode')}"
            return f"pod {pod['metadata']['name']} is in {waiting['reason']}: {str(detail)[:300]}"
    return ""


def container_status(pod: Object, name: str) -> Object:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((s for s in statuses if s.get("name") == name), {})


def container_id(pod: Object, name: str) -> str:
    return str(container_status(pod, name).get("containerID") or "")


def unfit(workload: Object, name: str) -> Iterator[str]:
    """Every reason why this workload's pods must not be rolled out by us, with its fix. Nothing: it fits."""
    spec, meta = workload["spec"], workload["metadata"]
    pod = template(workload)
    if container(pod, name) is None:
        names = ", ".join(c["name"] for c in pod.get("spec", {}).get("containers") or ())
        yield f"it has no container {name!r}: set workloadRef.container to one of: {names}"
    if replicas(workload) < 1:
        yield "it is scaled to 0: scale it up, there is no pod to collect in"
    if spec.get("paused"):
        yield "its rollouts are paused: `kubectl rollout resume` it"
    update = spec.get("updateStrategy") or {}
    if update.get("type") == "OnDelete":
        yield "its updateStrategy is OnDelete, so a change reaches no pod by itself: use RollingUpdate"
    if (update.get("rollingUpdate") or {}).get("partition"):
        yield "its rolling update has a partition, so a change does not reach every pod: remove the partition"
    owner = next((o for o in meta.get("ownerReferences") or () if o.get("controller")), None)
    if owner is not None:
        yield f"it belongs to {owner.get('kind')} {owner.get('name')}, which would undo our change"
    if meta.get("deletionTimestamp"):
        yield "it is being deleted"


def unfit_storage(workload: Object, name: str, root: str) -> Iterator[str]:
    """Every reason why a restart would lose the store below `root`, or one pod would not see all of it."""
    pod, many = template(workload), replicas(workload) > 1
    mounts = (container(pod, name) or {}).get("volumeMounts") or ()
    covering = [m for m in mounts if _covers(str(m.get("mountPath", "")), root)]
    if not covering:
        yield f"its store {root} is on no volume: every restart loses it. Mount a persistent volume there"
        return
    mount = max(covering, key=lambda m: len(m["mountPath"]))
    volumes = {v["name"]: v for v in pod["spec"].get("volumes") or ()}
    claims = {c["metadata"]["name"] for c in workload["spec"].get("volumeClaimTemplates") or ()}
    volume = volumes.get(mount["name"], {})
    lost = next((kind for kind in _LOST_WITH_THE_POD if kind in volume), None)
    if lost and mount["name"] not in claims:
        yield f"its store {root} is an {lost} volume: every restart loses it. Use a PersistentVolumeClaim"
    if many and mount["name"] in claims:
        yield "each of its replicas has a store of its own (volumeClaimTemplates): run one replica, or share one volume"


def _covers(mount: str, path: str) -> bool:
    return path == mount or path.startswith(mount.rstrip("/") + "/")
