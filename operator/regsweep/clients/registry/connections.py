"""Sockets to the registry, its token service and where it redirects to: pools, TLS, proxies, retries.

urllib3's pool is used directly: a HEAD costs half the processor time that it costs through a requests.Session (with
8 threads, twice as many a second), so that the registry sets the pace, not we. It follows no redirect and knows no
credential.

The environment's HTTP_PROXY, HTTPS_PROXY and NO_PROXY are respected, because a terminal behind a company's proxy needs
them; loopback and targets that name a single pod never go through one. No .netrc is read: credentials come from the
policy or the command line alone.
"""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

import certifi
import urllib3
from requests.utils import should_bypass_proxies
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util import Retry, Timeout, make_headers

from regsweep.clients.registry.target import Target
from regsweep.errors import InvalidInput

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BUSY = frozenset({429, 502, 503, 504})
LONGEST_PAUSE = 30
"""Seconds: the most that a Retry-After is obeyed, and the longest backoff."""

PATIENT = Retry(
    total=6, connect=3, read=2, status=4, redirect=False, other=0,
    allowed_methods=_SAFE, status_forcelist=_BUSY, raise_on_status=False,
    backoff_factor=0.25, backoff_jitter=0.25, backoff_max=LONGEST_PAUSE, retry_after_max=LONGEST_PAUSE,
)  # fmt: skip
"""For questions that change nothing. The last answer is returned as it is."""

ONCE = Retry(
    total=3, connect=3, read=False, status=0, redirect=False, other=0,
    allowed_methods=_SAFE, status_forcelist=(), raise_on_status=False, backoff_factor=0.25, backoff_jitter=0.25,
)  # fmt: skip
"""For a DELETE, and where a hang-up means something: only a connection that never stood is tried again."""


class Connections:
    """Thread-safe. One pool for the registry, one for all other hosts, one for each proxy."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._registry = urlsplit(target.url)[:2]
        self._context: ssl.SSLContext | None = None
        own: dict[str, Any] = {}
        if target.server_hostname:
            own = {"server_hostname": target.server_hostname, "assert_hostname": target.server_hostname}
        self._options: dict[str, Any] = {"maxsize": target.concurrency, "block": False}
        self._own = self._manager(target.url, own if target.url.startswith("https:") else {})
        self._others: dict[str, urllib3.PoolManager] = {}

    def open(  # noqa: PLR0913  (what a request is made of)
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        retry: Retry,
        *,
        read: float | None = None,
        body: bytes | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """The answer, its body not read yet. `read` is another time-out than the target's. Raises HTTPError."""
        connect, wait = self._target.timeout
        return self._pool(url).request(
            method, url, body=body, headers=headers, retries=retry, redirect=False, preload_content=False,
            timeout=Timeout(connect=connect, read=read or wait),
        )  # fmt: skip

    def close(self) -> None:
        for manager in (self._own, *self._others.values()):
            manager.clear()

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        if parts[:2] == self._registry:
            return self._own
        key = f"{parts.scheme}://{parts.netloc}"
        return self._others.setdefault(key, self._others.get(key) or self._manager(url, {}))

    def _manager(self, url: str, more: dict[str, Any]) -> urllib3.PoolManager:
        if url.startswith("https:"):  # reading all authorities takes a while: only where they are needed
            self._context = self._context or _tls(self._target)
            more = {**more, "ssl_context": self._context}
        proxy = None if self._target.server_hostname else proxy_for(url)
        if proxy is None:
            return urllib3.PoolManager(num_pools=4, **self._options, **more)
        parts = urlsplit(proxy)
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        return urllib3.ProxyManager(
            parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
            proxy_headers=make_headers(proxy_basic_auth=secret) if secret else None,
            num_pools=4, **self._options, **more,
        )  # fmt: skip


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this URL; None for loopback and what NO_PROXY names."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = urllib.request.getproxies_environment().get(parts.scheme)
    if not proxy or _is_loopback(host) or should_bypass_proxies(url, None):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(target: Target) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if target.ca_pem:
        try:
            context.load_verify_locations(cadata=target.ca_pem)
        except (ssl.SSLError, ValueError, TypeError):
            raise InvalidInput(
                "CA bundle: holds no PEM certificate that can be read; it must hold blocks that begin with "
                "-----BEGIN CERTIFICATE-----"
            ) from None
    if target.insecure:
        urllib3.disable_warnings(InsecureRequestWarning)  # it was asked for, in words that say what it means
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
