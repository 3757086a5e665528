"""Whose a run is, as its metadata says: its policy's. Nothing is ever written into a `spec`."""

from __future__ import annotations

import hashlib

from regsweep.api.meta import API_VERSION, GROUP, ObjectMeta
from regsweep.clients.finalizers import EXECUTING, change_metadata, with_finalizer
from regsweep.clients.kinds import RUN
from regsweep.clients.kube import Cluster, Object

POLICY_LABEL = f"{GROUP}/policy"

_LABEL = 63


def policy_label(name: str) -> str:
    """The label's value for a policy's name, which may be longer than a label may be."""
    return name if len(name) <= _LABEL else f"{name[:46]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def owned_by(policy: ObjectMeta) -> Object:
    """An ownerReference to the policy: its runs go with it, and do not hold it up."""
    return {
        "apiVersion": API_VERSION,
        "kind": "RegistryCleanupPolicy",
        "name": policy.name,
        "uid": policy.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def claim_run(cluster: Cluster, run: ObjectMeta, policy: ObjectMeta) -> None:
    """Before a run is executed: its finalizer, its label, and its owner where it has none. Raises ClusterError."""

    def change(found: Object) -> Object:
        wanted: Object = with_finalizer(found, EXECUTING)
        if (found.get("labels") or {}).get(POLICY_LABEL) != policy_label(policy.name):
            wanted["labels"] = {POLICY_LABEL: policy_label(policy.name)}
        owners = found.get("ownerReferences") or []
        if not any(owner.get("controller") for owner in owners):
            wanted["ownerReferences"] = [*owners, owned_by(policy)]
        return wanted

    change_metadata(cluster, RUN, run, change)
