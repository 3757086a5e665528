"""The pieces of a keepsake, read from the ConfigMaps of a run."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from regsweep.clients.kinds import CONFIG_MAP
from regsweep.clients.kube import Cluster
from regsweep.core.keepsake import CHUNK_KEY
from regsweep.errors import ClusterNotFound, KeepsakeUnreadable


def read_pieces(cluster: Cluster, namespace: str, names: Sequence[str]) -> tuple[bytes, ...]:
    """In the order of `names`. Raises KeepsakeUnreadable for one that is gone or was changed, and ClusterError."""
    return tuple(_piece(cluster, namespace, name) for name in names)


def _piece(cluster: Cluster, namespace: str, name: str) -> bytes:
    try:
        found = cluster.get(CONFIG_MAP, namespace, name)
        return base64.b64decode(found["binaryData"][CHUNK_KEY], validate=True)
    except ClusterNotFound:
        raise KeepsakeUnreadable(
            f"the keepsake is not whole: ConfigMap {name} in namespace {namespace} is gone"
        ) from None
    except (KeyError, TypeError, binascii.Error):
        raise KeepsakeUnreadable(
            f"ConfigMap {name} in namespace {namespace} holds no {CHUNK_KEY}: was it changed?"
        ) from None
