"""A look into the registry's pod by a shell, before anything is changed; where it has none, from outside."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from regsweep.api.policy import RedisCacheMode
from regsweep.clients.podexec import Command
from regsweep.clients.registrypod import PodFacts, look_into
from regsweep.core import registry_config
from regsweep.core.collector_job import named_configs
from regsweep.core.registry_config import RegistryConfig
from regsweep.core.workload import container
from regsweep.errors import NoSuchProgram, WorkloadUnfit
from regsweep.steps.collect import scripts
from regsweep.steps.collect.inspection import DEFAULT_PORT, Inspection, parsed, refuse_store, with_cache
from regsweep.steps.collect.outside import inspect_from_outside
from regsweep.steps.collect.redis import RedisCache
from regsweep.steps.collect.site import Site


def inspect(site: Site, pod: dict[str, Any]) -> Inspection:
    """Look into `pod`. Raises WorkloadUnfit with the fix where it cannot be collected, ClusterError where it cannot be
    known."""
    name = pod["metadata"]["name"]
    here = container(pod, site.workload.container) or {}
    try:
        facts = look_into(partial(site.exec, name), named_configs(here), scripts.NEEDED)
    except NoSuchProgram:
        return inspect_from_outside(site, pod, "its container has no shell")
    if facts.missing:
        return inspect_from_outside(site, pod, f"its container has no {', '.join(facts.missing)}")
    _refuse(site, facts)
    registry = registry_config.read(with_cache(parsed(site, facts.config), facts.env), facts.env)
    refuse_store(site, registry)
    _refuse_redis(site, name, registry)
    port = next((p["containerPort"] for p in here.get("ports") or ()), DEFAULT_PORT)
    return Inspection(
        binary=facts.binary,
        version=facts.version,
        config_path=facts.config_path,
        registry=registry,
        endpoint=registry.url("{}", port),
        work_dir=_work_dir(site, name, registry.root),
    )


def _shell(script: str, arguments: Iterable[str], limit: int = 64 << 10) -> Command:
    return Command(("sh", "-c", script, "sh", *arguments), timeout=60.0, limit=limit)


def _refuse(site: Site, facts: PodFacts) -> None:
    if not facts.binary:
        raise WorkloadUnfit(
            f"{site.name}: no program `registry` in container {site.workload.container!r}: "
            "is workloadRef.container right?"
        )
    if not facts.config_path or not facts.config:
        raise WorkloadUnfit(
            f"{site.name}: the registry's configuration file was not found: name its path in the "
            "container's args, as `/etc/distribution/config.yml`"
        )


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
