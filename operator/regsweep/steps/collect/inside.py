"""A look into the registry's pod by a shell, before anything is changed; where it has none, from outside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regsweep.api.policy import RedisCacheMode
from regsweep.clients.podexec import Command
from regsweep.core import registry_config
from regsweep.core.collector_job import named_configs
from regsweep.core.registry_config import RegistryConfig
from regsweep.core.workload import container
from regsweep.errors import ExecFailed, NoSuchProgram, WorkloadUnfit
from regsweep.steps.collect import scripts
from regsweep.steps.collect.inspection import DEFAULT_PORT, Inspection, parsed, refuse_store, with_cache
from regsweep.steps.collect.outside import inspect_from_outside
from regsweep.steps.collect.redis import RedisCache
from regsweep.steps.collect.site import Site

_MAXIMUM_CONFIG_BYTES = 1 << 20


def inspect(site: Site, pod: dict[str, Any]) -> Inspection:
    """Look into `pod`. Raises WorkloadUnfit with the fix where it cannot be collected, ClusterError where it cannot be
    known."""
    name = pod["metadata"]["name"]
    here = container(pod, site.workload.container) or {}
    try:
        result = site.exec(name, _shell(scripts.INSPECT, named_configs(here), limit=_MAXIMUM_CONFIG_BYTES))
    except NoSuchProgram:
        return inspect_from_outside(site, pod, "its container has no shell")
    if not result.ok and result.exit_code is None:
        raise ExecFailed(f"{site.name}: looking into pod {name} failed: {result.words()}")
    facts, _, text = result.stdout.decode("utf-8", "replace").partition("---\n")
    said = [line.partition(" ")[::2] for line in facts.splitlines()]
    if missing := [value for key, value in said if key == "missing"]:
        return inspect_from_outside(site, pod, f"its container has no {', '.join(missing)}")
    _refuse(site, said, text)
    one = dict(said)
    env = _env(said)
    registry = registry_config.read(with_cache(parsed(site, text), env), env)
    refuse_store(site, registry)
    _refuse_redis(site, name, registry)
    port = next((p["containerPort"] for p in here.get("ports") or ()), DEFAULT_PORT)
    return Inspection(
        binary=one["binary"],
        version=one.get("version", "unknown"),
        config_path=one["config"],
        registry=registry,
        endpoint=registry.url("{}", port),
        work_dir=_work_dir(site, name, registry.root),
    )


def _shell(script: str, arguments: Iterable[str], limit: int = 64 << 10) -> Command:
    return Command(("sh", "-c", script, "sh", *arguments), timeout=60.0, limit=limit)


def _refuse(site: Site, said: list[tuple[str, str]], text: str) -> None:
    one = dict(said)
    if not one.get("binary"):
        raise WorkloadUnfit(
            f"{site.name}: no program `registry` in container {site.workload.container!r}: "
            "is workloadRef.container right?"
        )
    if not one.get("config") or not text:
        raise WorkloadUnfit(
            f"{site.name}: the registry's configuration file was not found: name its path in the "
            "container's args, as `/etc/distribution/config.yml`"
        )


def _env(said: list[tuple[str, str]]) -> dict[str, str]:
    needed = ("REGISTRY_STORAGE_", "REGISTRY_REDIS")
    names = {value: "" for key, value in said if key == "name" and value.startswith(needed)}
    unset = {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR"}
    values = dict(value.partition("=")[::2] for key, value in said if key == "value")
    return {name: value for name, value in names.items() if name not in unset} | values


def _refuse_redis(site: Site, pod: str, registry: RegistryConfig) -> None:
    """Such a cache would go on naming what a collection has deleted, so it is emptied in the window, or refused."""
    if registry.cache != "redis":
        return
    if site.spec.redis_cache is RedisCacheMode.REFUSE:
        raise WorkloadUnfit(
            f"{site.name}: its blob cache is in Redis, which would go on naming blobs that a collection has deleted, "
            "through every restart. Set garbageCollection.redisCache: Flush, or storage.cache.blobdescriptor: inmemory "
            "in the registry's configuration, or garbageCollection.mode: Disabled"
        )
    if registry.redis is None:
        why = "where it is stands neither in redis.addr nor in redis.addrs"
    else:
        why = RedisCache(site, pod, registry.redis).refused()
    if why:
        raise WorkloadUnfit(
            f"{site.name}: its blob cache in Redis cannot be flushed: {why}. Set storage.cache.blobdescriptor: "
            "inmemory in the registry's configuration, or garbageCollection.mode: Disabled"
        )


def _work_dir(site: Site, pod: str, root: str) -> str:
    result = site.exec(pod, _shell(scripts.CHOOSE_DIRECTORY, ("/tmp", root)))  # noqa: S108 - a place in the pod
    directory = result.stdout.decode("utf-8", "replace").strip()
    if not result.ok or not directory.startswith("/"):
        raise WorkloadUnfit(
            f"{site.name}: neither /tmp nor the store {root} can be written by the container's user: "
            "mount an emptyDir at /tmp"
        )
    return directory
