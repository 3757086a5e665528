"""What a registry's own configuration says about its store, cache and address: file and REGISTRY_* variables
together.

Source: Distribution's configuration reference; a variable REGISTRY_A_B overrides `a.b` of the file
(measured, 2.8 and 3.x). Only what regsweep needs is read; secrets in the file are neither kept nor shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NOT_DRIVERS = frozenset({"maintenance", "cache", "delete", "redirect", "tag"})
_NOT_DRIVER_VARIABLES = frozenset(name.upper() for name in _NOT_DRIVERS)
_PREFIX = "REGISTRY_STORAGE_"


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """`driver` as `filesystem`; `root` of the filesystem driver; `cache`: inmemory, redis or ""; `path` is
    http.prefix."""

    driver: str
    root: str
    cache: str
    scheme: str
    port: int | None
    path: str
    loopback: bool

    def url(self, pod_ip: str, fallback_port: int) -> str:
        """Where a pod's registry answers. IPv6 addresses are bracketed."""
        host = f"[{pod_ip}]" if ":" in pod_ip else pod_ip
        return f"{self.scheme}://{host}:{self.port or fallback_port}{self.path}"


def read(config: Mapping[str, Any], env: Mapping[str, str]) -> RegistryConfig:
    """`config`: the parsed file. `env`: the REGISTRY_* variables of the container; a value may be "" where
    only the name is known."""
    storage = _map(config, "storage")
    http = _map(config, "http")
    address = env.get("REGISTRY_HTTP_ADDR") or str(http.get("addr") or "")
    host, _, port = address.rpartition(":")
    secure = bool(_map(http, "tls").get("certificate") or _map(_map(http, "tls"), "letsencrypt").get("cachefile"))
    root = env.get("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY") or _map(storage, "filesystem").get("rootdirectory")
    cache = _map(storage, "cache")
    prefix = env.get("REGISTRY_HTTP_PREFIX") or str(http.get("prefix") or "")
    return RegistryConfig(
        driver=_driver(storage, env),
        root=str(root or "/var/lib/registry").rstrip("/"),
        cache=env.get("REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR", str(cache.get("blobdescriptor") or "")),
        scheme="https" if secure or env.get("REGISTRY_HTTP_TLS_CERTIFICATE") else "http",
        port=int(port) if port.isdigit() else None,
        path="/" + prefix.strip("/") if prefix.strip("/") else "",
        loopback=host in ("localhost", "127.0.0.1", "[::1]"),
    )


def _driver(storage: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """The one storage driver; several or none are named as they are, and fit nobody."""
    if env.get("REGISTRY_STORAGE"):
        return env["REGISTRY_STORAGE"]
    by_file = {name for name in storage if name not in _NOT_DRIVERS}
    by_env = {name.removeprefix(_PREFIX).split("_")[0] for name in env if name.startswith(_PREFIX)}
    drivers = by_file | {name.lower() for name in by_env - _NOT_DRIVER_VARIABLES}
    return "+".join(sorted(drivers))


def _map(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = parent.get(key)
    return found if isinstance(found, Mapping) else {}
