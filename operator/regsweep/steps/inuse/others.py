"""The other clusters that a policy names: a login from each kubeconfig in a Secret beside the policy."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import yaml

from regsweep.api.policy import OtherCluster
from regsweep.clients.kinds import SECRET
from regsweep.clients.kubeconfig import connect_with
from regsweep.errors import ClusterDenied, ClusterNotFound, InUseUnknown, InvalidInput
from regsweep.steps.inuse.places import Place
from regsweep.steps.inuse.rights import CONSEQUENCE, Right, denied

MAXIMUM_BYTES = 256 << 10
MAXIMUM_DEPTH = 20
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def other_places(clusters: tuple[OtherCluster, ...], home: Place, namespace: str, stack: ExitStack) -> Iterator[Place]:
    """All namespaces of each. `stack` closes them. Raises InUseUnknown, which names the cluster and holds no value."""
    for number, other in enumerate(clusters):
        ref = other.kubeconfig_secret_ref
        where = f"cluster {other.name} (spec.protect.inUse.clusters[{number}]): Secret {namespace}/{ref.name}"
        try:
            cluster = connect_with(_document(_value(home, namespace, ref.name, ref.key, where)), where)
        except InvalidInput as error:
            raise InUseUnknown(f"{error}. {CONSEQUENCE}") from None
        stack.callback(cluster.close)
        yield Place(cluster, other.name)


def _value(home: Place, namespace: str, name: str, key: str, where: str) -> bytes:
    try:
        secret = home.cluster.get(SECRET, namespace, name)
    except ClusterNotFound:
        raise InvalidInput(f"{where} does not exist: create it, or correct the name") from None
    except ClusterDenied as error:
        right = Right("", "secrets", "get", f"registryNamespaces with {namespace}")
        raise denied(Place(home.cluster, home.name, namespace), [right], error) from error
    data = secret.get("data")
    encoded = data.get(key) if isinstance(data, dict) else None
    if not isinstance(encoded, str):
        raise InvalidInput(f"{where} has no key {key}")
    try:
        found = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"{where}: the value of {key} is not base64") from None
    if len(found) > MAXIMUM_BYTES:
        raise InvalidInput(f"{where}: the value of {key} is larger than {MAXIMUM_BYTES} bytes")
    return found


def _document(content: bytes) -> dict[str, Any]:
    """Empty for what is no kubeconfig: connecting says so."""
    try:
        text = content.decode()
        found = yaml.load(text, Loader=_LOADER) if _is_plain(text) else None  # noqa: S506  (one of the two safe ones)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_plain(text: str) -> bool:
    """No aliases, which within each other could take all memory, and no depth, which takes all time. Neither is in any
    kubeconfig."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAXIMUM_DEPTH or isinstance(event, yaml.AliasEvent):
            return False
    return True
