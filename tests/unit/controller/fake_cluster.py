"""The Kubernetes API in memory, at the seam of `clients.kube.Cluster`: objects, finalizers, conflicts, failures."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from regsweep.clients.kinds import Kind
from regsweep.errors import ClusterConflict, ClusterNotFound

Object = dict[str, Any]
Place = tuple[str, str, str]
Writes = list[tuple[str, str, str]]


class FakeCluster:
    """`fails` is asked before each call (verb, kind's name, object's name) and raises what the call is to raise.
    `writes` holds every write, in order. `watch` is told of every object that changed, and whether it is still there.
    """

    namespace = "regsweep"

    def __init__(self) -> None:
        self.objects: dict[Place, Object] = {}
        self.fails: Callable[[str, str, str], None] = lambda verb, kind, name: None
        self.writes: Writes = []
        self.watch: Callable[[Object, bool], None] = lambda found, there: None
        self._numbers = itertools.count(1)

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        self.fails("get", kind.name, name)
        return copy.deepcopy(self._found(kind, namespace, name))

    def list(self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = "") -> Iterator[Object]:
        self.fails("list", kind.name, "")
        for (of_kind, within, _), found in list(self.objects.items()):
            if of_kind == kind.name and namespace in (None, within):
                yield copy.deepcopy(found)

    def create(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        name = body["metadata"]["name"]
        self._write("create", kind, name)
        place = (kind.name, namespace or "", name)
        if place in self.objects:
            raise ClusterConflict(f"{kind.name} {name} is there already")
        number = next(self._numbers)
        meta = {"uid": f"uid-{number:04}", "generation": 1, "creationTimestamp": "2026-11-23T00:00:00Z"}
        given = copy.deepcopy(body)
        given["metadata"] = meta | {"namespace": namespace} | given["metadata"] | {"resourceVersion": str(number)}
        self.objects[place] = {"apiVersion": kind.api_version, "kind": kind.name} | given
        self.watch(self.objects[place], True)
        return copy.deepcopy(self.objects[place])

    def apply(self, kind: Kind, body: Object, *, manager: str = "", dry_run: bool = False) -> Object:
        meta = body["metadata"]
        place = (kind.name, meta["namespace"], meta["name"])
        if place not in self.objects:
            return self.create(kind, meta["namespace"], body)
        self._write("apply", kind, meta["name"])
        return self._change(place, {**body, "metadata": {**self.objects[place]["metadata"], **meta}})

    def patch_status(self, kind: Kind, namespace: str | None, name: str, body: Object, *, manager: str = "") -> Object:
        self._write("status", kind, name)
        found = self._found(kind, namespace, name)
        if body["metadata"].get("uid") not in (None, found["metadata"]["uid"]):
            raise ClusterConflict(f"{kind.name} {name} is another one")
        return self._change((kind.name, namespace or "", name), {"status": body["status"]})

    def merge(self, kind: Kind, namespace: str | None, name: str, patch: Object) -> Object:
        self._write("merge", kind, name)
        found, meta = self._found(kind, namespace, name), patch.get("metadata", {})
        if meta.get("resourceVersion") not in (None, found["metadata"]["resourceVersion"]):
            raise ClusterConflict(f"{kind.name} {name} was changed meanwhile")
        labels = {**found["metadata"].get("labels", {}), **meta.get("labels", {})}
        changed = {**patch, "metadata": {**found["metadata"], **meta, "labels": labels}}
        if "spec" in patch:
            changed["spec"] = {**found["spec"], **patch["spec"]}
            changed["metadata"]["generation"] += 1
        return self._change((kind.name, namespace or "", name), changed)

    def delete(
        self, kind: Kind, namespace: str | None, name: str, *, uid: str = "", grace_seconds: int | None = None
    ) -> None:
        self._write("delete", kind, name)
        found = self._found(kind, namespace, name)
        found["metadata"]["deletionTimestamp"] = "2026-11-23T00:00:00Z"
        self._sweep((kind.name, namespace or "", name))

    def _change(self, place: Place, changes: Object) -> Object:
        found = self.objects[place]
        found |= copy.deepcopy(changes)
        found["metadata"]["resourceVersion"] = str(next(self._numbers))
        self._sweep(place)
        return copy.deepcopy(found)

    def _sweep(self, place: Place) -> None:
        found = self.objects[place]
        gone = bool(found["metadata"].get("deletionTimestamp")) and not found["metadata"].get("finalizers")
        if gone:
            del self.objects[place]
        self.watch(found, not gone)

    def _found(self, kind: Kind, namespace: str | None, name: str) -> Object:
        try:
            return self.objects[kind.name, namespace or "", name]
        except KeyError:
            raise ClusterNotFound(f"{kind.name} {namespace}/{name} not found") from None

    def _write(self, verb: str, kind: Kind, name: str) -> None:
        self.fails(verb, kind.name, name)
        self.writes.append((verb, kind.name, name))
