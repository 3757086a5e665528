"""kopf's door: an event becomes a key, nothing else. kopf writes to no object: no return value, no handler that stores.

`@kopf.on.event` keeps no state and is not tried again, so that nothing but the scheduler decides what happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import kopf

from regsweep.clients.kinds import POLICY, RUN
from regsweep.clients.kube import Cluster
from regsweep.controller import scheduler

Seen = Callable[[scheduler.Key, bool], None]
"""Called with each key of the watch, and whether its object is there (False: it was deleted)."""


def registry_of(cluster: Cluster, seen: Seen) -> kopf.OperatorRegistry:
    """Handlers of both kinds, and one login for all of us: what `cluster` has, with its token of now."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(id="login", registry=registry)(lambda **_: _login(cluster))
    for kind, handler in ((POLICY, _policy_event(seen)), (RUN, _run_event(seen))):
        group, version = kind.api_version.split("/")
        kopf.on.event(group, version, kind.plural, id=kind.name, registry=registry)(handler)
    return registry


def settings() -> kopf.OperatorSettings:
    """One instance (by our Lease, not by kopf's peering), no events of kopf's own, and watches that heal themselves."""
    made = kopf.OperatorSettings()
    made.peering.standalone = True
    made.posting.enabled = False
    made.scanning.disabled = True
    made.networking.connect_timeout = 10
    made.networking.request_timeout = 60
    made.networking.error_backoffs = (1, 2, 5, 10, 20)
    made.watching.server_timeout = 300
    made.watching.client_timeout = 330
    made.queueing.worker_limit = 16
    made.process.ultimate_exiting_timeout = 60
    return made


def _policy_event(seen: Seen) -> Callable[..., None]:
    def policy_event(namespace: str, name: str, type: str | None, **_: Any) -> None:  # noqa: A002  (kopf's word)
        seen(scheduler.Key(scheduler.POLICY, namespace, name), type != "DELETED")

    return policy_event


def _run_event(seen: Seen) -> Callable[..., None]:
    """A run is news for its policy, too."""

    def run_event(namespace: str, name: str, type: str | None, spec: Mapping[str, Any], **_: Any) -> None:  # noqa: A002
        seen(scheduler.Key(scheduler.RUN, namespace, name), type != "DELETED")
        policy = str((spec.get("policyRef") or {}).get("name") or "")
        if policy:
            seen(scheduler.Key(scheduler.POLICY, namespace, policy), True)

    return run_event


def _login(cluster: Cluster) -> kopf.ConnectionInfo:
    configuration, _, headers = cluster.handshake("/version", ())
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return kopf.ConnectionInfo(
        server=str(configuration.host),
        ca_path=configuration.ssl_ca_cert or None,
        insecure=not configuration.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=configuration.cert_file or None,
        private_key_path=configuration.key_file or None,
        default_namespace=cluster.namespace,
    )
