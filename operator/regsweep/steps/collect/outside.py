"""The registry's pod as the objects of the cluster say it, where no shell can look into it.

What it cannot learn it does not guess: a configuration that is inside the image is not known, and a collection by one
that is not the registry's own would sweep what it does not see.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from regsweep.clients.kinds import CONFIG_MAP, SECRET
from regsweep.core import registry_config
from regsweep.core.collector_job import Source, named_configs, source_of
from regsweep.core.workload import container
from regsweep.errors import ClusterNotFound, WorkloadUnfit
from regsweep.steps.collect.inspection import DEFAULT_PORT, Inspection, parsed, refuse_store, with_cache
from regsweep.steps.collect.site import Site

_USUAL = ("/etc/distribution/config.yml", "/etc/docker/registry/config.yml")
_SECRET_WORDS = ("PASSWORD", "SECRET", "KEY", "TOKEN")


def inspect_from_outside(site: Site, pod: dict[str, Any], because: str) -> Inspection:
    """Of a registry that a Job is to collect. Raises WorkloadUnfit with the fix, ClusterError where it cannot be
    known."""
    here = container(pod, site.workload.container) or {}
    path, text = _configuration(site, pod, here, because)
    env = dict(_variables(site, here))
    registry = registry_config.read(with_cache(parsed(site, text), env), env)
    refuse_store(site, registry)
    _refuse_what_takes_a_shell(site, registry, because)
    port = next((p["containerPort"] for p in here.get("ports") or ()), DEFAULT_PORT)
    return Inspection(
        binary="",
        version="unknown",
        config_path=path,
        registry=registry,
        endpoint=registry.url("{}", port),
        work_dir="",
        shell=False,
    )


def _configuration(site: Site, pod: dict[str, Any], here: Mapping[str, Any], because: str) -> tuple[str, str]:
    """Path and text of the registry's configuration file."""
    named = named_configs(here)
    for path in named[:1] or _USUAL:
        source = source_of(pod, here, path)
        if source is not None:
            return path, _content(site, source)
    where = f"at {named[0]}" if named else "at its usual places"
    raise WorkloadUnfit(
        f"{site.name}: {because}, so a Job would collect for it, and its configuration {where} cannot be read: mount "
        "it from a ConfigMap or a Secret, and name its path in the container's args, as "
        "`[serve, /etc/distribution/config.yml]`; or use an image with a shell"
    )


def _content(site: Site, source: Source) -> str:
    found = _object(site, source.kind, source.name)
    written = (found.get("data") or {}).get(source.key)
    if written is None:
        raise WorkloadUnfit(
            f"{site.name}: {source.kind} {source.name} has no key {source.key!r} with its configuration"
        )
    return _plain(site, source.kind, written)


def _variables(site: Site, here: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The REGISTRY_* variables of the container, with "" for what could be a secret, or is not written out."""
    for each in here.get("envFrom") or ():
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if ref := each.get(field):
                yield from _brought(site, kind, ref, str(each.get("prefix") or ""))
    for each in here.get("env") or ():
        name, value = each["name"], each.get("value", "")
        held = each.get("valueFrom") or {}
        for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            if ref := held.get(field):
                value = dict(_brought(site, kind, ref, "")).get(ref["key"], "")
        if name.startswith("REGISTRY_"):
            yield name, "" if _secret(name) else value


def _brought(site: Site, kind: str, ref: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    try:
        found = _object(site, kind, ref["name"])
    except ClusterNotFound:
        if ref.get("optional"):
            return
        raise
    for key, written in (found.get("data") or {}).items():
        yield prefix + key, "" if _secret(key) else _plain(site, kind, written)


def _secret(name: str) -> bool:
    return any(word in name.upper() for word in _SECRET_WORDS)


def _object(site: Site, kind: str, name: str) -> dict[str, Any]:
    return site.cluster.get(SECRET if kind == "Secret" else CONFIG_MAP, site.namespace, name)


def _plain(site: Site, kind: str, written: str) -> str:
    try:
        return written if kind == "ConfigMap" else base64.b64decode(written).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise WorkloadUnfit(f"{site.name}: a value of a Secret that its container uses is no text") from None


def _refuse_what_takes_a_shell(site: Site, registry: registry_config.RegistryConfig, because: str) -> None:
    if registry.cache == "redis":
        raise WorkloadUnfit(
            f"{site.name}: its blob cache is in Redis, which would go on naming blobs that a collection has deleted, "
            f"and {because}, by which it could be flushed: set storage.cache.blobdescriptor: inmemory in the "
            "registry's configuration, or use an image with a shell"
        )
    if site.spec.remove_empty_repositories:
        raise WorkloadUnfit(
            f"{site.name}: removeEmptyRepositories takes a shell in the registry's container, and {because}: set it to "
            "false, or use an image with a shell"
        )
