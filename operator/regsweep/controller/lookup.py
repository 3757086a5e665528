"""The objects behind a key, read from the API: a run, and the policy that it is to follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regsweep.api.load import load_policy
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.api.run import RegistryCleanupRun, RunStep
from regsweep.clients.kinds import POLICY, RUN
from regsweep.clients.kube import Cluster, Object
from regsweep.controller.conditions import COMPLETE, FAILED, is_true
from regsweep.controller.documents import Documents
from regsweep.controller.journal import window_open
from regsweep.errors import ClusterNotFound, PolicyInvalid


@dataclass(frozen=True, slots=True)
class Followed:
    """The policy of a run. `leaving` says in words why the run must not go on; empty where it may."""

    policy: RegistryCleanupPolicy
    leaving: str = ""


def read_run(found: Object) -> RegistryCleanupRun:
    return RegistryCleanupRun.model_validate(found)


def runs_of(cluster: Cluster, namespace: str, policy: str) -> Iterator[RegistryCleanupRun]:
    """Every run of the policy, also those that a person made. Raises ClusterError: a half list is none."""
    for found in cluster.list(RUN, namespace):
        if found["spec"]["policyRef"]["name"] == policy:
            yield read_run(found)


def finished(run: RegistryCleanupRun) -> bool:
    return is_true(run.status.conditions, COMPLETE) or is_true(run.status.conditions, FAILED)


def holds_registry(run: RegistryCleanupRun) -> bool:
    """Whether its registry is in maintenance, or may be the next moment."""
    return window_open(run.status.garbage_collection) or (not finished(run) and run.status.step is RunStep.COLLECTING)


def policy_of(run: RegistryCleanupRun, cluster: Cluster) -> Followed:
    """Raises PolicyInvalid where there is none, or it is refused.

    A run in its maintenance window follows the policy that it entered the window with, whatever became of that since:
    the registry has to be put back.
    """
    if window_open(run.status.garbage_collection):
        entered_with = Documents(cluster, run.metadata).load_policy()
        if entered_with is not None:
            return Followed(entered_with, _leaving(run) or _gone(run, cluster))
    return _live(run, cluster)


def _live(run: RegistryCleanupRun, cluster: Cluster) -> Followed:
    namespace, name = run.metadata.namespace, run.spec.policy_ref.name
    try:
        found = cluster.get(POLICY, namespace, name)
    except ClusterNotFound:
        raise PolicyInvalid(
            [("spec.policyRef.name", f"there is no RegistryCleanupPolicy {name} in namespace {namespace}")]
        ) from None
    policy = load_policy(found, f"policy {namespace}/{name}")
    gone = "the policy is being deleted" if policy.metadata.deletion_timestamp is not None else ""
    return Followed(policy, _leaving(run) or gone)


def _leaving(run: RegistryCleanupRun) -> str:
    return "the run is being deleted" if run.metadata.deletion_timestamp is not None else ""


def _gone(run: RegistryCleanupRun, cluster: Cluster) -> str:
    try:
        found = cluster.get(POLICY, run.metadata.namespace, run.spec.policy_ref.name)
    except ClusterNotFound:
        return "the policy was deleted"
    return "the policy is being deleted" if found["metadata"].get("deletionTimestamp") else ""
