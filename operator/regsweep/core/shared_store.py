"""Whether every replica of a registry has the same files: what is read in one pod is then true of all. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from regsweep.core.workload import Object, container, replicas, template

_OF_ONE_POD = ("emptyDir", "ephemeral")


def apart(workload: Object, pods: Collection[Object], name: str, root: str) -> str:
    """Why the pods may have different files below `root`; "" where there is one pod, or one volume for all."""
    if replicas(workload) <= 1 and len(pods) <= 1:
        return ""
    pod = template(workload)
    mounts = (container(pod, name) or {}).get("volumeMounts") or ()
    covering = [mount for mount in mounts if _covers(str(mount.get("mountPath", "")), root)]
    if not covering:
        return f"there are several pods, and the store {root} is on no volume: each has its own"
    mount = max(covering, key=lambda found: len(found["mountPath"]))["name"]
    if any(claim["metadata"]["name"] == mount for claim in workload["spec"].get("volumeClaimTemplates") or ()):
        return "there are several pods, each with a store of its own (volumeClaimTemplates)"
    volume = _volume(pod, mount)
    kind = next((kind for kind in _OF_ONE_POD if kind in volume), "")
    if kind:
        return f"there are several pods, and the store {root} is an {kind} volume: each has its own"
    nodes = {str(each.get("spec", {}).get("nodeName") or "") for each in pods}
    if "hostPath" in volume and len(nodes) > 1:
        return f"there are several pods, and the store {root} is a hostPath on {len(nodes)} nodes: each has its own"
    return ""


def _volume(pod: Object, name: str) -> dict[str, Any]:
    return next((volume for volume in pod["spec"].get("volumes") or () if volume["name"] == name), {})


def _covers(mount: str, path: str) -> bool:
    return path == mount or path.startswith(mount.rstrip("/") + "/")
