"""What the registry's pod is: its binary, version, configuration and store. One look by exec, before
anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from regsweep.api.policy import RedisCacheMode
from regsweep.clients.podexec import Command
from regsweep.core import registry_config
from regsweep.core.registry_config import RegistryConfig
from regsweep.core.workload import container
from regsweep.errors import ExecFailed, WorkloadUnfit
from regsweep.steps.collect import scripts
from regsweep.steps.collect.redis import RedisCache
from regsweep.steps.collect.site import Site

DEFAULT_PORT = 5000
BLOBS = "docker/registry/v2/blobs"
_MAXIMUM_CONFIG_BYTES = 1 << 20
_FIX = (
    "Collecting runs `registry garbage-collect` by a shell in the pod; use an image with one (the official "
    "images have it), or set garbageCollection.mode: Disabled"
)


@dataclass(frozen=True, slots=True)
class Inspection:
    """`endpoint` is a URL with `{}` for a pod's address; `work_dir` a directory in the pod in which files
    can be made."""

    binary: str
    version: str
    config_path: str
    registry: RegistryConfig
    endpoint: str
    work_dir: str

    @property
    def blobs(self) -> str:
        return f"{self.registry.root}/{BLOBS}"

    def command(self, dry_run: bool) -> tuple[str, ...]:
        """`--delete-untagged` is never among its options: on 2.8 it deletes the children of multi-arch
        images."""
        options = ("--dry-run",) if dry_run else ()
        return (self.binary, "garbage-collect", *options, self.config_path)


def inspect(site: Site, pod: dict[str, Any]) -> Inspection:
    """Look into `pod`. Raises WorkloadUnfit with the fix where it cannot be collected in, ClusterError where
    the exec fails."""
    name = pod["metadata"]["name"]
    here = container(pod, site.workload.container) or {}
    try:
        result = site.exec(name, _shell(scripts.INSPECT, _named_configs(here), limit=_MAXIMUM_CONFIG_BYTES))
    except ExecFailed as error:
        raise WorkloadUnfit(f"{site.name}: {error}. {_FIX}") from error
    if not result.ok and result.exit_code is None:
        raise ExecFailed(f"{site.name}: looking into pod {name} failed: {result.words()}")
    facts, _, text = result.stdout.decode("utf-8", "replace").partition("---\n")
    said = [line.partition(" ")[::2] for line in facts.splitlines()]
    _refuse(site, said, text)
    one = dict(said)
    registry = registry_config.read(_with_cache(_parsed(site, text), said), _env(said))
    _refuse_store(site, registry)
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


def _named_configs(here: Mapping[str, Any]) -> list[str]:
    words = [*(here.get("command") or ()), *(here.get("args") or ())]
    return [word for word in words if word.endswith((".yml", ".yaml")) and "$(" not in word]


def _refuse(site: Site, said: list[tuple[str, str]], text: str) -> None:
    missing = [value for key, value in said if key == "missing"]
    if missing:
        raise WorkloadUnfit(f"{site.name}: its container has no {', '.join(missing)}. {_FIX}")
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


def _parsed(site: Site, text: str) -> dict[str, Any]:
    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise WorkloadUnfit(f"{site.name}: the registry's configuration is not valid YAML{where}") from None
    if not isinstance(parsed, dict):
        raise WorkloadUnfit(f"{site.name}: the registry's configuration is not a mapping")
    return parsed


def _with_cache(config: dict[str, Any], said: list[tuple[str, str]]) -> dict[str, Any]:
    """A variable may bring the whole map of the cache, and its entries win over the file's."""
    brought = next((value for key, value in said if key == "value" and value.startswith("REGISTRY_STORAGE_CACHE=")), "")
    try:
        cache = yaml.safe_load(brought.partition("=")[2])
    except yaml.YAMLError:
        cache = None
    storage = config.get("storage")
    if not isinstance(cache, dict) or not isinstance(storage, dict):
        return config
    held = storage.get("cache")
    return {**config, "storage": {**storage, "cache": {**(held if isinstance(held, dict) else {}), **cache}}}


def _env(said: list[tuple[str, str]]) -> dict[str, str]:
    needed = ("REGISTRY_STORAGE_", "REGISTRY_REDIS")
    names = {value: "" for key, value in said if key == "name" and value.startswith(needed)}
    unset = {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR"}
    values = dict(value.partition("=")[::2] for key, value in said if key == "value")
    return {name: value for name, value in names.items() if name not in unset} | values


def _refuse_store(site: Site, registry: RegistryConfig) -> None:
    if registry.driver != "filesystem":
        raise WorkloadUnfit(
            f"{site.name}: its storage driver is {registry.driver or 'not named'}; collecting in the pod is made "
            "for the filesystem driver. Set garbageCollection.mode: Disabled, and collect by the registry's own means"
        )
    if registry.loopback:
        raise WorkloadUnfit(
            f"{site.name}: the registry listens on loopback alone, so that no replica can be asked whether it is "
            "read-only. "
            "Let http.addr be `:5000`"
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
