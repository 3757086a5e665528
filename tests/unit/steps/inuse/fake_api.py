"""API servers in memory, at the seam of `clients.kube.Cluster`: lists in pages, single objects, what they serve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from regsweep.clients.kinds import Kind
from regsweep.errors import ClusterDenied, ClusterError, ClusterNotFound

Object = dict[str, Any]
USER = "system:serviceaccount:regsweep:regsweep"
RESOURCE = {"core": ""}


def forbidden(plural: str, group: str = "") -> ClusterDenied:
    """As the API server says it."""
    return ClusterDenied(
        f'GET /x: {plural} is forbidden: User "{USER}" cannot list resource "{plural}" in API group "{group}" '
        "at the cluster scope"
    )


class FakeApi:
    """`lists` holds the pages of a plural, or the error that its list ends with, after pages where it is in a list.
    `objects` are by (kind, namespace, name). `documents` are by path. `asked` grows with every list."""

    namespace = "default"

    def __init__(self) -> None:
        self.lists: dict[str, list[Any] | ClusterError] = {}
        self.objects: dict[tuple[str, str, str], Object | ClusterError] = {}
        self.documents: dict[str, Object | ClusterError] = {}
        self.asked: list[tuple[str, str | None, str, int]] = []
        self.closed = False

    def pages(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = "", limit: int = 500
    ) -> Iterator[Sequence[Object]]:
        self.asked.append((kind.plural, namespace, fields, limit))
        found = self.lists.get(kind.plural, [])
        for page in found if isinstance(found, list) else [found]:
            if isinstance(page, ClusterError):
                raise page
            yield page

    def list(self, kind: Kind, namespace: str | None, **options: Any) -> Iterator[Object]:
        for page in self.pages(kind, namespace, **options):
            yield from page

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        return self._found(self.objects, (kind.name, namespace, name))

    def read(self, path: str) -> Object:
        return self._found(self.documents, path)

    def close(self) -> None:
        self.closed = True

    def _found(self, within: dict[Any, Any], key: Any) -> Object:
        found = within.get(key, ClusterNotFound(f"{key} not found"))
        if isinstance(found, ClusterError):
            raise found
        return found

    def serves(self, api_version: str, *kinds: Kind) -> None:
        group, _, _ = api_version.rpartition("/")
        version = {"groupVersion": api_version}
        self.documents[f"/apis/{group}"] = {"versions": [version], "preferredVersion": version}
        self.documents[f"/apis/{api_version}"] = {
            "resources": [{"name": k.plural, "kind": k.name, "namespaced": k.namespaced} for k in kinds]
        }
