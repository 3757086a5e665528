"""The finalizers that regsweep puts on its own two kinds, and how metadata is changed that others write, too.

A finalizer is on a run only while it is executed, and on a policy only while its registry is in maintenance.
"""

from __future__ import annotations

from collections.abc import Callable

from regsweep.api.meta import GROUP, ObjectMeta
from regsweep.clients.kinds import Kind
from regsweep.clients.kube import Cluster, Object
from regsweep.errors import ClusterConflict, ClusterNotFound

EXECUTING = f"{GROUP}/executing"
"""The finalizer of a run: deleting the object cancels it first."""
MAINTENANCE = f"{GROUP}/maintenance"
"""The finalizer of a policy: deleting it lifts the maintenance first."""

_ATTEMPTS = 3


def put_finalizer(cluster: Cluster, kind: Kind, meta: ObjectMeta, finalizer: str) -> None:
    """Raises ClusterError; ClusterNotFound where the object is gone, or is another one by now."""
    change_metadata(cluster, kind, meta, lambda found: with_finalizer(found, finalizer))


def take_finalizer(cluster: Cluster, kind: Kind, meta: ObjectMeta, finalizer: str) -> None:
    """Returns quietly where the object, or the finalizer, is gone. Raises ClusterError otherwise."""

    def change(found: Object) -> Object:
        there = found.get("finalizers") or []
        return {"finalizers": [name for name in there if name != finalizer]} if finalizer in there else {}

    try:
        change_metadata(cluster, kind, meta, change)
    except ClusterNotFound:
        return


def with_finalizer(found: Object, name: str) -> Object:
    there = found.get("finalizers") or []
    return {} if name in there else {"finalizers": [*there, name]}


def change_metadata(cluster: Cluster, kind: Kind, meta: ObjectMeta, change: Callable[[Object], Object]) -> None:
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
