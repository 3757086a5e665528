"""What a registry's own configuration says about its store, cache and address: file and REGISTRY_* variables
together.

Source: Distribution's configuration reference; a variable REGISTRY_A_B overrides `a.b` of the file
(measured, 2.8 and 3.x). Only what regsweep needs is read; secrets in the file are neither kept nor shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NOT_DRIVERS = frozenset({"maintenance", "cache", "delete", "redirect", "tag"})
_NOT_DRIVER_VARIABLES = frozenset(name.upper() for name in _NOT_DRIVERS)
_PREFIX = "REGISTRY_STORAGE_"
_SENTINEL = ("mastername", "sentinelmasterset", "sentineladdrs")
_ODD_REDIS = ("REGISTRY_REDIS_TLS", "REGISTRY_REDIS_MASTERNAME", "REGISTRY_REDIS_SENTINEL")


@dataclass(frozen=True, slots=True)
class Redis:
    """Where a registry's Redis is. `plain`: one server, spoken to in the clear: no TLS, no Sentinel, no cluster. The
    password of the file is never shown; that of a variable is not even here."""

    addresses: tuple[str, ...]
    database: int
    username: str
    password: str = field(default="", repr=False)
    plain: bool = True

    @property
    def host(self) -> str:
        return self.addresses[0].rpartition(":")[0].strip("[]") or "127.0.0.1"

    @property
    def port(self) -> str:
        return self.addresses[0].rpartition(":")[2]


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
    redis: Redis | None = None

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
        redis=_redis(_map(config, "redis"), env),
    )


def _redis(redis: Mapping[str, Any], env: Mapping[str, str]) -> Redis | None:
    """`addr` is that of 2.8, `addrs` those of 3.x; a variable lists them as YAML does: `[a:6379, b:6379]`."""
    named = env.get("REGISTRY_REDIS_ADDRS", "").strip("[]").replace('"', "").split(",")
    listed = redis.get("addrs") if isinstance(redis.get("addrs"), list) else []
    one = env.get("REGISTRY_REDIS_ADDR") or str(redis.get("addr") or "")
    by_env = tuple(each.strip() for each in named if each.strip())
    addresses = by_env or tuple(str(each) for each in listed or ()) or ((one,) if one else ())
    if not addresses:
        return None
    tls = {key: value for key, value in _map(redis, "tls").items() if value} != {}
    odd = (
        tls
        or "REGISTRY_REDIS" in env
        or any(redis.get(key) for key in _SENTINEL)
        or any(name.startswith(_ODD_REDIS) for name in env)
    )
    database = env.get("REGISTRY_REDIS_DB") or str(redis.get("db") or 0)
    return Redis(
        addresses=addresses,
        database=int(database) if database.isdigit() else 0,
        username=env.get("REGISTRY_REDIS_USERNAME") or str(redis.get("username") or ""),
        password="" if "REGISTRY_REDIS_PASSWORD" in env else str(redis.get("password") or ""),
        plain=len(addresses) == 1 and ":" in addresses[0] and database.isdigit() and not odd,
    )


def _driver(storage: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """The one storage driver; several or none are named as they are, and fit nobody."""
    if env.get("REGISTRY_STORAGE"):
        return env["REGISTRY_STORAGE"] if env["REGISTRY_STORAGE"].isalnum() else "a map in REGISTRY_STORAGE"
    by_file = {name for name in storage if name not in _NOT_DRIVERS}
    by_env = {name.removeprefix(_PREFIX).split("_")[0] for name in env if name.startswith(_PREFIX)}
    drivers = by_file | {name.lower() for name in by_env - _NOT_DRIVER_VARIABLES}
    return "+".join(sorted(drivers))


def _map(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = parent.get(key)
    return found if isinstance(found, Mapping) else {}
