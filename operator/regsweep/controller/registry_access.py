"""From a policy to a registry that can be asked: credentials from its Secret, certificates from its bundle.

No message of this module holds a value of a Secret.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.clients.auth import Credentials, from_basic_auth, from_docker_config
from regsweep.clients.kinds import CONFIG_MAP, SECRET, Kind
from regsweep.clients.kube import Cluster, Object
from regsweep.clients.registry import Target
from regsweep.errors import ClusterDenied, ClusterNotFound, PolicyInvalid

DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
BASIC_AUTH = "kubernetes.io/basic-auth"
_CREDENTIALS = "spec.registry.credentialsSecretRef"
_BUNDLE = "spec.registry.caBundleRef"


def target_of(policy: RegistryCleanupPolicy, cluster: Cluster) -> Target:
    """Raises ClusterNotFound or ClusterDenied for a Secret or ConfigMap that cannot be had, PolicyInvalid for one that
    does not hold what the policy expects of it.
    """
    registry, limits = policy.spec.registry, policy.spec.limits
    return Target(
        url=registry.url,
        credentials=_credentials(policy, cluster),
        ca_pem=_bundle(policy, cluster),
        insecure=registry.insecure_skip_tls_verify,
        concurrency=limits.concurrency,
        requests_per_second=limits.requests_per_second,
    )


def _credentials(policy: RegistryCleanupPolicy, cluster: Cluster) -> Credentials | None:
    ref = policy.spec.registry.credentials_secret_ref
    if ref is None:
        return None
    secret = _fetch(cluster, SECRET, policy.metadata.namespace, ref.name, _CREDENTIALS)
    kind = secret.get("type")
    where = f"Secret {policy.metadata.namespace}/{ref.name}"
    if kind == BASIC_AUTH:
        return from_basic_auth(_text(secret, "username", where), _text(secret, "password", where))
    if kind != DOCKER_CONFIG:
        raise PolicyInvalid([(_CREDENTIALS, f"{where} is of type {kind!r}, expected {DOCKER_CONFIG} or {BASIC_AUTH}")])
    host = urlsplit(policy.spec.registry.url).netloc
    found = from_docker_config(_text(secret, ".dockerconfigjson", where), host)
    if found is None:
        raise PolicyInvalid([(_CREDENTIALS, f"{where} has no entry for {host}: add it under auths")])
    return found


def _bundle(policy: RegistryCleanupPolicy, cluster: Cluster) -> str | None:
    ref = policy.spec.registry.ca_bundle_ref
    if ref is None:
        return None
    kind = SECRET if ref.kind == "Secret" else CONFIG_MAP
    found = _fetch(cluster, kind, policy.metadata.namespace, ref.name, _BUNDLE)
    where = f"{ref.kind} {policy.metadata.namespace}/{ref.name}"
    if kind is SECRET:
        return _text(found, ref.key, where, _BUNDLE)
    text: Any = (found.get("data") or {}).get(ref.key)
    if not isinstance(text, str):
        raise PolicyInvalid([(_BUNDLE, f"{where} has no key {ref.key!r}")])
    return text


def _fetch(cluster: Cluster, kind: Kind, namespace: str, name: str, field: str) -> Object:
    try:
        return cluster.get(kind, namespace, name)
    except ClusterNotFound:
        raise ClusterNotFound(
            f"{field}: {kind.name} {namespace}/{name} does not exist: create it, or correct the name"
        ) from None
    except ClusterDenied:
        raise ClusterDenied(
            f"{field}: the operator may not read {kind.name} {namespace}/{name}: "
            f"add {namespace} to registryNamespaces in the values of the chart"
        ) from None


def _text(secret: Object, key: str, where: str, field: str = _CREDENTIALS) -> str:
    encoded = (secret.get("data") or {}).get(key)
    if encoded is None:
        raise PolicyInvalid([(field, f"{where} has no key {key!r}")])
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, TypeError):
        raise PolicyInvalid([(field, f"{where}: the value of {key!r} is not text")]) from None
