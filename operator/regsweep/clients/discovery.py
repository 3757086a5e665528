"""What an API server serves: which kinds there are, under which versions, and where. Only what it says now counts."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from regsweep.clients.kinds import Kind
from regsweep.clients.kube import Cluster
from regsweep.errors import ClusterError, ClusterNotFound


def served_versions(cluster: Cluster, group: str) -> tuple[str, ...]:
    """The apiVersions of an API group, the preferred one first; none where the cluster does not have the group.

    Raises ClusterError where that cannot be known.
    """
    if not group:
        return ("v1",)
    path = f"/apis/{quote(group, safe='')}"
    try:
        found = cluster.read(path)
    except ClusterNotFound:
        return ()
    preferred = _version(found.get("preferredVersion"), path)
    versions = found.get("versions")
    if not isinstance(versions, list):
        raise _malformed(path)
    return (preferred, *(each for each in (_version(one, path) for one in versions) if each != preferred))


def served_kind(cluster: Cluster, api_version: str, name: str) -> Kind | None:
    """How the cluster serves a kind; None where it does not have it in this version. Raises ClusterError."""
    path = ("/apis/" if "/" in api_version else "/api/") + quote(api_version)
    try:
        resources = cluster.read(path).get("resources")
    except ClusterNotFound:
        return None
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise _malformed(path)
    for one in resources:
        plural, namespaced = one.get("name"), one.get("namespaced")
        if one.get("kind") == name and isinstance(plural, str) and "/" not in plural:
            return Kind(api_version, name, plural, bool(namespaced))
    return None


def _version(found: Any, path: str) -> str:
    version = found.get("groupVersion") if isinstance(found, dict) else None
    if not isinstance(version, str):
        raise _malformed(path)
    return version


def _malformed(path: str) -> ClusterError:
    return ClusterError(f"{path} is malformed: does the Kubernetes API answer there?")
