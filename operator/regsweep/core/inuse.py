"""Who uses which image: references as objects of a cluster write them. Values only; nothing is resolved here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class User:
    """A container of an object in a cluster, or whoever a list of images speaks for.

    `cluster` is empty for the cluster at hand; `container` where the object names an image outside of containers.
    """

    kind: str
    namespace: str
    name: str
    container: str = ""
    cluster: str = ""

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        container = f", container {self.container}" if self.container else ""
        cluster = f" in cluster {self.cluster}" if self.cluster else ""
        return f"{self.kind} {where}{container}{cluster}"


@dataclass(frozen=True, slots=True)
class Use:
    """One image reference, as it is written (`image`) or as a node reports it (`imageID`), and whose it is."""

    text: str
    user: User


@dataclass(frozen=True, slots=True)
class Usage:
    """One reading of everything that may use images: clusters, lists, nodes.

    `uses` is a stream that is read once, so that nothing but the references has to fit into memory. It may hold images
    of any registry. Whoever yields it raises InUseUnknown, before or in the middle: half a reading is none.
    `hosts` are further names of the registry that only the cluster knows, as `host` or `host:port`, and `*:port` for a
    port of every node: of its Services, and of its pods. They are known before the first use is taken.
    """

    uses: Iterable[Use]
    hosts: frozenset[str] = frozenset()
