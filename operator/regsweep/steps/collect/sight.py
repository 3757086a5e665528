"""What is true now of the workload and its pods: one look, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from regsweep.clients.kinds import POD
from regsweep.core import workload
from regsweep.core.maintenance import Replica
from regsweep.errors import ClusterNotFound, RegistryDenied, RegistryError
from regsweep.steps.collect.site import Site


@dataclass(frozen=True, slots=True)
class Sight:
    """`found` is None where the workload is gone, or another one has its name. `pods` are those that live."""

    found: dict[str, Any] | None
    pods: tuple[dict[str, Any], ...]
    replicas: tuple[Replica, ...]
    rolled_out: bool
    crash: str


def look(site: Site, uid: str, endpoint: str) -> Sight:
    """Raises ClusterError where the API does not answer. Every pod's registry is asked itself, by its own
    address."""
    try:
        found = site.cluster.get(site.kind, site.namespace, site.workload.name)
    except ClusterNotFound:
        found = None
    if found is None or (uid and found["metadata"]["uid"] != uid):
        return Sight(None, (), (), False, "")
    pods = tuple(pods_of(site, found))
    name = site.workload.container
    return Sight(
        found=found,
        pods=pods,
        replicas=tuple(ask(site, pod, endpoint) for pod in pods),
        rolled_out=workload.rolled_out(found, pods, name),
        crash=workload.crash(pods, name, workload.SWITCH),
    )


def pods_of(site: Site, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Its living pods, by name. Terminating ones are among them: they serve until they are gone."""
    listed = site.cluster.list(POD, site.namespace, labels=workload.selector(found))
    return sorted((pod for pod in listed if workload.alive(pod)), key=lambda pod: str(pod["metadata"]["name"]))


def ask(site: Site, pod: dict[str, Any], endpoint: str) -> Replica:
    """What this very pod's registry says. Whatever is no clear answer is UNKNOWN."""
    address = pod.get("status", {}).get("podIP")
    if not address or not endpoint or not workload.ready(pod):
        return Replica.UNKNOWN  # one that starts or ends would only time out; a rollout is not through with it anyway
    host = f"[{address}]" if ":" in address else address
    try:
        writable = site.probe_for(endpoint.replace("{}", host)).writable()
    except RegistryDenied:
        return Replica.DENIED
    except RegistryError:
        return Replica.UNKNOWN
    if writable is None:
        return Replica.UNKNOWN
    return Replica.WRITABLE if writable else Replica.READ_ONLY
