"""What the operator writes into the metadata of objects: finalizers, and who owns a run. Never into `spec`.

A finalizer is on a run only while it is executed, and on a policy only while its registry is in maintenance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from regsweep.api.meta import API_VERSION, GROUP, ObjectMeta
from regsweep.clients.kinds import RUN, Kind
from regsweep.clients.kube import Cluster, Object
from regsweep.errors import ClusterConflict, ClusterNotFound

EXECUTING = f"{GROUP}/executing"
"""The finalizer of a run: deleting the object cancels it first."""
MAINTENANCE = f"{GROUP}/maintenance"
"""The finalizer of a policy: deleting it lifts the maintenance first."""
POLICY_LABEL = f"{GROUP}/policy"

_ATTEMPTS = 3
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
        wanted: Object = _with_finalizer(found, EXECUTING)
        if (found.get("labels") or {}).get(POLICY_LABEL) != policy_label(policy.name):
            wanted["labels"] = {POLICY_LABEL: policy_label(policy.name)}
        owners = found.get("ownerReferences") or []
        if not any(owner.get("controller") for owner in owners):
            wanted["ownerReferences"] = [*owners, owned_by(policy)]
        return wanted

    _change(cluster, RUN, run, change)


def put_finalizer(cluster: Cluster, kind: Kind, meta: ObjectMeta, finalizer: str) -> None:
    """Raises ClusterError; ClusterNotFound where the object is gone, or is another one by now."""
    _change(cluster, kind, meta, lambda found: _with_finalizer(found, finalizer))


def take_finalizer(cluster: Cluster, kind: Kind, meta: ObjectMeta, finalizer: str) -> None:
    """Returns quietly where the object, or the finalizer, is gone. Raises ClusterError otherwise."""

    def change(found: Object) -> Object:
        there = found.get("finalizers") or []
        return {"finalizers": [name for name in there if name != finalizer]} if finalizer in there else {}

    try:
        _change(cluster, kind, meta, change)
    except ClusterNotFound:
        return


def _with_finalizer(found: Object, name: str) -> Object:
    there = found.get("finalizers") or []
    return {} if name in there else {"finalizers": [*there, name]}


def _change(cluster: Cluster, kind: Kind, meta: ObjectMeta, change: Callable[[Object], Object]) -> None:
    """Read, change, write with the resourceVersion; again where somebody else wrote in between. `change` says which
    fields of the metadata become what; nothing is written where it says none.
    """
    for attempt in range(_ATTEMPTS):
        found = cluster.get(kind, meta.namespace, meta.name)["metadata"]
        if found["uid"] != meta.uid:
            raise ClusterNotFound(f"{kind.name} {meta.namespace}/{meta.name} was deleted and made anew meanwhile")
        wanted = change(found)
        if not wanted:
            return
        patch = {"metadata": {**wanted, "resourceVersion": found["resourceVersion"]}}
        try:
            cluster.merge(kind, meta.namespace, meta.name, patch)
        except ClusterConflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return
