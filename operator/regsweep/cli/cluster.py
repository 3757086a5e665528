"""The objects in a cluster as the commands see them: a login, policies and runs as values, times in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import ValidationError

from regsweep.api.load import load_policy
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.api.run import RegistryCleanupRun
from regsweep.cli.options import ClusterLogin
from regsweep.clients.kinds import POLICY, RUN, Kind
from regsweep.errors import ClusterNotFound, InvalidInput, PolicyInvalid

if TYPE_CHECKING:  # a Kubernetes client takes long to load
    from regsweep.clients.kube import Cluster, Object


@contextmanager
def connected(login: ClusterLogin) -> Iterator[Cluster]:
    """A login for one command. Raises InvalidInput where there is none."""
    from regsweep.clients.kube import Cluster

    cluster = Cluster.connect(str(login.kubeconfig) if login.kubeconfig else None, login.context)
    try:
        yield cluster
    finally:
        cluster.close()


def get_policy(cluster: Cluster, namespace: str, name: str) -> RegistryCleanupPolicy:
    """Raises ClusterNotFound with the fix, PolicyInvalid for one that the API server should have refused."""
    return load_policy(_get(cluster, POLICY, namespace, name), f"{namespace}/{name}")


def get_run(cluster: Cluster, namespace: str, name: str) -> RegistryCleanupRun:
    """Raises ClusterNotFound with the fix, InvalidInput for one of another version of regsweep."""
    return run_of(_get(cluster, RUN, namespace, name))


def run_of(document: Object) -> RegistryCleanupRun:
    try:
        return RegistryCleanupRun.model_validate(document)
    except ValidationError:
        name = document.get("metadata", {}).get("name")
        raise InvalidInput(f"run {name} cannot be read: it was written by another version of regsweep") from None


def list_policies(cluster: Cluster, namespace: str | None) -> list[RegistryCleanupPolicy]:
    """Those that can be read; one that is refused has its say in the operator's Ready condition."""
    found = []
    for document in cluster.list(POLICY, namespace):
        try:
            found.append(load_policy(document))
        except PolicyInvalid:
            continue
    return found


def list_runs(cluster: Cluster, namespace: str | None) -> list[RegistryCleanupRun]:
    """The oldest first."""
    runs = [run_of(document) for document in cluster.list(RUN, namespace)]
    return sorted(runs, key=lambda run: (run.metadata.namespace, str(run.metadata.creation_timestamp)))


def result(run: RegistryCleanupRun) -> tuple[str, str]:
    """(reason, message) of how a run ended or what it waits for; of a run that goes on, its step."""
    for kind in ("Complete", "Failed", "AwaitingApproval"):
        for condition in run.status.conditions:
            if condition.type == kind and condition.status == "True":
                return condition.reason, condition.message
    return run.status.step.value, ""


def has(run: RegistryCleanupRun, kind: str) -> bool:
    return any(condition.type == kind and condition.status == "True" for condition in run.status.conditions)


def ago(then: datetime | None, now: datetime) -> str:
    """`5m`, as kubectl says it; empty for never."""
    if then is None:
        return ""
    seconds = max(0, int((now - then).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _get(cluster: Cluster, kind: Kind, namespace: str, name: str) -> Object:
    try:
        return cluster.get(kind, namespace, name)
    except ClusterNotFound:
        raise ClusterNotFound(
            f"there is no {kind.name} {name} in namespace {namespace}: look with `kubectl get {kind.plural} -A`"
        ) from None
