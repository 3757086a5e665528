"""The Kubernetes API: the verbs that regsweep uses, over JSON objects as they are.

Every request has a time limit, every answer a size limit. Every failure leaves here as a ClusterError; no
message holds a token. Writes are made by server-side apply under our own field manager and are never forced,
or carry a resourceVersion or a uid, so that no other writer's work is lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

import urllib3.exceptions
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from regsweep import __version__
from regsweep.api.meta import FIELD_MANAGER
from regsweep.clients.kinds import Kind
from regsweep.errors import (
    ClusterConflict,
    ClusterDenied,
    ClusterError,
    ClusterNotFound,
    ClusterUnreachable,
    InvalidInput,
)

Object: TypeAlias = dict[str, Any]
"""A Kubernetes object as its JSON says it."""

TIMEOUT = (5.0, 60.0)
"""Seconds to connect, and to wait for each part of an answer."""
MAXIMUM_ANSWER_BYTES = 64 << 20
PAGE = 500

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_MAXIMUM_MESSAGE = 1000
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class _Gone(ClusterError):
    """410: the continue token of a list is too old."""


class Cluster:
    """A logged-in client. Safe for use by many threads. `namespace` is where the login stands."""

    def __init__(self, api: client.ApiClient, namespace: str = "default") -> None:
        self._api = api
        self._api.user_agent = f"regsweep/{__version__}"
        self.namespace = namespace

    @classmethod
    def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> Cluster:
        """Log in: by the pod's service account where nothing is named and there is one, else by a kubeconfig
        (`kubeconfig`, $KUBECONFIG, ~/.kube/config). Raises InvalidInput where no login can be had. Asks
        nothing yet."""
        settings = client.Configuration()
        settings.connection_pool_maxsize = 32
        try:
            if kubeconfig is None and context is None and "KUBERNETES_SERVICE_HOST" in os.environ:
                config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
                namespace = (_SERVICE_ACCOUNT / "namespace").read_text().strip()
            else:
                path = kubeconfig or os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
                config.load_kube_config(path, context=context, client_configuration=settings)  # type: ignore[no-untyped-call]
                namespace = _namespace_of_context(path, context)
        except (ConfigException, OSError) as error:
            raise InvalidInput(
                f"no login to a Kubernetes cluster: {error}. "
                "Name a kubeconfig with --kubeconfig (and --context), or set KUBECONFIG"
            ) from error
        return cls(client.ApiClient(settings), namespace)

    def close(self) -> None:
        self._api.close()  # type: ignore[no-untyped-call]

    def version(self) -> str:
        """The API server's version, as `v1.36.1`: the cheapest proof that it answers."""
        return str(self._call("GET", "/version").get("gitVersion", ""))

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        return self._call("GET", kind.path(namespace, name))

    def list(self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = "") -> Iterator[Object]:
        """Every object once, page by page; all namespaces where `namespace` is None. A page that fails
        raises: what was read until then is not the whole list. A list that outlives the API server's memory
        (410) starts again, and leaves out what it has given already."""
        seen: set[str] = set()
        token = ""
        while True:
            query = _without_empty(
                {"limit": str(PAGE), "labelSelector": labels, "fieldSelector": fields, "continue": token}
            )
            try:
                page = self._call("GET", kind.path(namespace), query)
            except _Gone:
                if not token:
                    raise
                token = ""
                continue
            for item in page.get("items") or ():
                uid = item["metadata"]["uid"]
                if uid not in seen:
                    seen.add(uid)
                    yield {"apiVersion": kind.api_version, "kind": kind.name, **item}
            token = page.get("metadata", {}).get("continue") or ""
            if not token:
                return

    def apply(self, kind: Kind, body: Object, *, manager: str = FIELD_MANAGER, dry_run: bool = False) -> Object:
        """Server-side apply, never forced. ClusterConflict names the manager that owns a field with another
        value. Put `metadata.uid` into `body` where the object must exist: apply creates what is not
        there."""
        meta = body["metadata"]
        return self._apply(kind.path(meta.get("namespace"), meta["name"]), kind, body, manager, dry_run)

    def patch_status(
        self, kind: Kind, namespace: str | None, name: str, body: Object, *, manager: str = FIELD_MANAGER
    ) -> Object:
        """Apply `body` (as `{"status": {...}}`, with metadata.uid or resourceVersion if wanted) to the
        object's status."""
        meta = {**body.get("metadata", {}), "name": name}
        if namespace is not None:
            meta["namespace"] = namespace
        return self._apply(kind.path(namespace, name, "status"), kind, {**body, "metadata": meta}, manager, False)

    def create(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        """ClusterConflict where an object of that name exists."""
        body = {"apiVersion": kind.api_version, "kind": kind.name, **body}
        return self._call("POST", kind.path(namespace), {"fieldManager": FIELD_MANAGER}, body)

    def replace(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        """Put the whole object back; its resourceVersion makes sure that nobody changed it meanwhile
        (ClusterConflict)."""
        return self._call("PUT", kind.path(namespace, body["metadata"]["name"]), {"fieldManager": FIELD_MANAGER}, body)

    def merge(self, kind: Kind, namespace: str | None, name: str, patch: Object) -> Object:
        """A JSON merge patch, for what apply cannot say (finalizers). Carry metadata.resourceVersion in a
        read-change-write."""
        return self._call("PATCH", kind.path(namespace, name), {"fieldManager": FIELD_MANAGER}, patch, _MERGE)

    def delete(
        self, kind: Kind, namespace: str | None, name: str, *, uid: str = "", grace_seconds: int | None = None
    ) -> None:
        """Delete in the background. With `uid`, only that very object (ClusterConflict otherwise)."""
        body: Object = {"propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        self._call("DELETE", kind.path(namespace, name), None, body)

    def handshake(
        self, path: str, query: Sequence[tuple[str, str]]
    ) -> tuple[client.Configuration, str, dict[str, str]]:
        """Settings, URL and headers with the credentials of now, for a WebSocket. For `podexec` alone."""
        _, url, headers, _, _ = self._api.param_serialize("GET", path, auth_settings=["BearerToken"])
        return self._api.configuration, f"{url}?{urlencode(query)}", headers

    def _apply(self, path: str, kind: Kind, body: Object, manager: str, dry_run: bool) -> Object:
        query = {"fieldManager": manager, "force": "false", **({"dryRun": "All"} if dry_run else {})}
        return self._call("PATCH", path, query, {"apiVersion": kind.api_version, "kind": kind.name, **body}, _APPLY)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        headers = {"Accept": "application/json", "Content-Type": content_type}
        text = None if body is None else json.dumps(body).encode()
        try:
            verb, url, headers, _, _ = self._api.param_serialize(
                method, path, header_params=headers, auth_settings=["BearerToken"]
            )
            pool = self._api.rest_client.pool_manager
            answer = pool.request(
                verb,
                f"{url}?{urlencode(query)}" if query else url,
                body=text,
                headers=headers,
                timeout=urllib3.Timeout(connect=TIMEOUT[0], read=TIMEOUT[1]),
                preload_content=False,
                redirect=False,
            )
            content = answer.read(MAXIMUM_ANSWER_BYTES + 1)
            answer.drain_conn()
        except (urllib3.exceptions.HTTPError, client.ApiException, ConfigException, OSError) as error:
            raise ClusterUnreachable(
                f"the Kubernetes API at {self._api.configuration.host} does not answer: {_short(error)}"
            ) from error
        if not 200 <= answer.status < 300:
            raise error_of(answer.status, content, f"{method} {path}")
        return _object(content, f"{method} {path}")


def error_of(status: int, content: bytes, request: str) -> ClusterError:
    """Our error for an answer of the Kubernetes API that is not a success: the one place where theirs become
    ours."""
    try:
        said = json.loads(content).get("message")
    except (ValueError, AttributeError):
        said = None
    words = str(said or f"HTTP status {status}")[:_MAXIMUM_MESSAGE]
    return _ERRORS.get(status, ClusterUnreachable if status >= 500 else ClusterError)(f"{request}: {words}")


def _object(content: bytes, request: str) -> Object:
    if len(content) > MAXIMUM_ANSWER_BYTES:
        raise ClusterError(f"{request}: the answer is larger than {MAXIMUM_ANSWER_BYTES} bytes")
    try:
        parsed = json.loads(content)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ClusterError(f"{request}: the Kubernetes API answered with something that is not a JSON object")
    return parsed


_ERRORS: dict[int, type[ClusterError]] = {
    401: ClusterDenied,
    403: ClusterDenied,
    404: ClusterNotFound,
    409: ClusterConflict,
    410: _Gone,
    429: ClusterUnreachable,
}


def _short(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason)[:_MAXIMUM_MESSAGE]


def _without_empty(query: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in query.items() if value}


def _namespace_of_context(path: str, context: str | None) -> str:
    contexts, active = config.list_kube_config_contexts(path)  # type: ignore[no-untyped-call]
    chosen = next((c for c in contexts if c["name"] == context), active)
    return str(chosen["context"].get("namespace") or "default")
