"""The Kubernetes API: the verbs that regsweep uses, over JSON objects as they are.

Every request has a time limit, every answer a size limit. Every failure leaves here as a ClusterError; no
message holds a token. Writes are made by server-side apply under our own field manager and are never forced,
or carry a resourceVersion or a uid, so that no other writer's work is lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import urllib3.exceptions
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from regsweep import __version__
from regsweep.api.meta import FIELD_MANAGER
from regsweep.clients import answers
from regsweep.clients.answers import MAXIMUM_MESSAGE, Gone, Object, TooLarge, content_of, error_of, object_of, page_of
from regsweep.clients.kinds import POD, Kind
from regsweep.clients.kube_request import Request, without_empty
from regsweep.errors import ClusterError, ClusterUnreachable, InvalidInput

__all__ = ["PAGE", "RESTARTS", "TIMEOUT", "Cluster", "Object"]

TIMEOUT = (5.0, 60.0)
"""Seconds to connect, and to wait for each part of an answer."""
SILENCE = 10.0
"""Seconds without a line after which a log that is followed is let go."""
PAGE = 500
RESTARTS = 3
"""How often a list that the API server forgot (410) is begun anew."""

_PIECE = 64 << 10
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class Cluster:
    """A logged-in client. Safe for use by many threads. `namespace` is where the login stands."""

    def __init__(
        self, api: client.ApiClient, namespace: str = "default", fence: Callable[[], None] = lambda: None
    ) -> None:
        self._api = api
        self._api.user_agent = f"regsweep/{__version__}"
        self._fence = fence
        self.namespace = namespace

    def fenced(self, fence: Callable[[], None]) -> Cluster:
        """The same login. Right before each of its writes and execs it asks `fence`, which raises where they are not
        ours to make any more."""
        return Cluster(self._api, self.namespace, fence)

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

    def read(self, path: str) -> Object:
        """What is at a path of the API that is no object: what it serves, for one."""
        return self._call("GET", path)

    def list(self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = "") -> Iterator[Object]:
        """Every object once, page by page; all namespaces where `namespace` is None. Raises as `pages` does."""
        seen: set[str] = set()
        for page in self.pages(kind, namespace, labels=labels, fields=fields):
            for item in page:
                uid = item["metadata"].get("uid", "")
                if uid not in seen:
                    seen.add(uid)
                    yield {"apiVersion": kind.api_version, "kind": kind.name, **item}

    def pages(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = "", limit: int = PAGE
    ) -> Iterator[Sequence[Object]]:
        """The objects as they are, `limit` at a time; nothing is kept of a page that was given.

        A page that fails or is malformed raises ClusterError: what was given until then is not the whole list. A list
        that outlives the API server's memory (410) begins anew and gives objects a second time, a few times at most.
        """
        query = without_empty({"labelSelector": labels, "fieldSelector": fields})
        for _ in range(RESTARTS + 1):
            token = ""
            try:
                while True:
                    try:
                        items, token = page_of(self._page(kind.path(namespace), query, limit, token), kind)
                    except TooLarge:
                        if limit == 1:
                            raise
                        limit = max(1, limit // 5)
                        continue
                    yield items
                    del items
                    if not token:
                        return
            except Gone:
                if not token:
                    raise
        raise ClusterError(
            f"the list of {kind.plural} expired {RESTARTS + 1} times before its end: "
            "the API server forgets its pages (410) faster than they are read"
        )

    def _page(self, path: str, query: Mapping[str, str], limit: int, token: str) -> Object:
        """One object may be as large as any answer, many may not."""
        place = without_empty({"limit": str(limit), "continue": token})
        most = answers.MAXIMUM_PAGE_BYTES if limit > 1 else None
        request = Request("GET", path, {**place, **query}, most=most)
        return object_of(self._send(request), str(request))

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

    def log(self, namespace: str, pod: str, container: str, *, since: str = "", limit: int) -> bytes:
        """The lines of a container's log, each with its time before it, from `since` (RFC 3339, whole seconds) on; its
        first `limit` bytes."""
        query = {"container": container, "timestamps": "true", "sinceTime": since, "limitBytes": str(limit)}
        return self._send(Request("GET", POD.path(namespace, pod, "log"), without_empty(query)))

    def follow(
        self, namespace: str, pod: str, container: str, *, since: str = "", tail: int = 0
    ) -> Generator[bytes, None, None]:
        """The same as it is written, in pieces; with `tail`, from so many lines before now on. It ends with the
        container, and where nothing is written for SILENCE seconds: then ask again, from the last line on."""
        query = {"container": container, "timestamps": "true", "follow": "true", "sinceTime": since}
        query |= {"tailLines": str(tail)} if tail else {}
        request = Request("GET", POD.path(namespace, pod, "log"), without_empty(query))
        answer = self._open(request, SILENCE)
        try:
            if answer.status != 200:
                raise error_of(answer.status, content_of(answer, str(request)), str(request))
            while piece := answer.read1(_PIECE):
                yield piece
        except urllib3.exceptions.ReadTimeoutError:
            return
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ClusterUnreachable(f"{request}: the log broke off: {_short(error)}") from error
        finally:
            answer.close()

    def handshake(
        self, path: str, query: Sequence[tuple[str, str]]
    ) -> tuple[client.Configuration, str, dict[str, str]]:
        """Settings, URL and headers with the credentials of now, for a WebSocket. For `podexec` alone."""
        self._fence()
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
        request = Request(method, path, query or {}, body, content_type)
        return object_of(self._send(request), str(request))

    def _send(self, request: Request) -> bytes:
        answer = self._open(request, TIMEOUT[1])
        try:
            content = content_of(answer, str(request), request.most)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._no_answer(error) from error
        if not 200 <= answer.status < 300:
            raise error_of(answer.status, content, str(request))
        return content

    def _open(self, request: Request, patience: float) -> urllib3.BaseHTTPResponse:
        """The answer, whatever its status, of which nothing is read yet. `patience`: seconds for each part of it."""
        headers = {"Accept": "application/json, */*", "Content-Type": request.content_type}
        text = None if request.body is None else json.dumps(request.body).encode()
        if request.writes:
            self._fence()
        try:
            verb, url, headers, _, _ = self._api.param_serialize(
                request.method, request.path, header_params=headers, auth_settings=["BearerToken"]
            )
            answer: urllib3.BaseHTTPResponse = self._api.rest_client.pool_manager.request(
                verb,
                f"{url}?{urlencode(request.query)}" if request.query else url,
                body=text,
                headers=headers,
                timeout=urllib3.Timeout(connect=TIMEOUT[0], read=patience),
                preload_content=False,
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, client.ApiException, ConfigException, OSError) as error:
            raise self._no_answer(error) from error
        return answer

    def _no_answer(self, error: Exception) -> ClusterUnreachable:
        host = self._api.configuration.host
        return ClusterUnreachable(f"the Kubernetes API at {host} does not answer: {_short(error)}")


def _short(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason)[:MAXIMUM_MESSAGE]


def _namespace_of_context(path: str, context: str | None) -> str:
    contexts, active = config.list_kube_config_contexts(path)  # type: ignore[no-untyped-call]
    chosen = next((c for c in contexts if c["name"] == context), active)
    return str(chosen["context"].get("namespace") or "default")
