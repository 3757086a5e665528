"""Where is read: a cluster, all of it or one namespace; and how it is called in a message."""

from __future__ import annotations

from dataclasses import dataclass

from regsweep.clients.kube import Cluster


@dataclass(frozen=True, slots=True)
class Place:
    """`name` is empty for the cluster at hand; `namespace` None stands for all of them."""

    cluster: Cluster
    name: str = ""
    namespace: str | None = None

    def __str__(self) -> str:
        return f"cluster {self.name}" if self.name else "the cluster"

    @property
    def where(self) -> str:
        return "all namespaces" if self.namespace is None else f"namespace {self.namespace}"
