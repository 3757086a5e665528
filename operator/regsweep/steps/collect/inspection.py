"""What the registry's pod is: its version, configuration and store, and how a collection is begun beside it.

What is known of it comes from inside, by a shell, or from outside, by the objects of the cluster. This says what has to
be known, and what is refused either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from regsweep.core.registry_config import RegistryConfig
from regsweep.errors import WorkloadUnfit
from regsweep.steps.collect.site import Site

DEFAULT_PORT = 5000
FILESYSTEM = "filesystem"
_DRIVERS = (FILESYSTEM, "s3", "s3aws")
BLOBS = "docker/registry/v2/blobs"


@dataclass(frozen=True, slots=True)
class Inspection:
    """`endpoint` is a URL with `{}` for a pod's address; `work_dir` a directory in the pod in which files can be made.
    `shell`: there is one. Without it `binary` and `work_dir` are "", and a Job collects."""

    binary: str
    version: str
    config_path: str
    registry: RegistryConfig
    endpoint: str
    work_dir: str
    shell: bool = True

    @property
    def store(self) -> str:
        """The storage root in the pod, where a shell there reaches it; else ""."""
        return self.registry.root if self.shell and self.registry.driver == FILESYSTEM else ""

    @property
    def blobs(self) -> str:
        return f"{self.registry.root}/{BLOBS}"

    def command(self, dry_run: bool) -> tuple[str, ...]:
        """`--delete-untagged` is never among its options: on 2.8 it deletes the children of multi-arch
        images."""
        options = ("--dry-run",) if dry_run else ()
        return (self.binary, "garbage-collect", *options, self.config_path)


def parsed(site: Site, text: str) -> dict[str, Any]:
    """The registry's configuration file. Raises WorkloadUnfit; the file's text is in no message."""
    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise WorkloadUnfit(f"{site.name}: the registry's configuration is not valid YAML{where}") from None
    if not isinstance(parsed, dict):
        raise WorkloadUnfit(f"{site.name}: the registry's configuration is not a mapping")
    return parsed


def with_cache(config: dict[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """A variable may bring the whole map of the cache, and its entries win over the file's."""
    try:
        cache = yaml.safe_load(env.get("REGISTRY_STORAGE_CACHE", ""))
    except yaml.YAMLError:
        cache = None
    storage = config.get("storage")
    if not isinstance(cache, dict) or not isinstance(storage, dict):
        return config
    held = storage.get("cache")
    return {**config, "storage": {**storage, "cache": {**(held if isinstance(held, dict) else {}), **cache}}}


def refuse_store(site: Site, registry: RegistryConfig) -> None:
    """Raises WorkloadUnfit where this store cannot be collected in a window of ours, whoever runs the collector."""
    if registry.driver not in _DRIVERS:
        raise WorkloadUnfit(
            f"{site.name}: its storage driver is {registry.driver or 'not named'}; collecting is made for the "
            "filesystem and s3 drivers. Set garbageCollection.mode: Disabled, and collect by the registry's own means"
        )
    if registry.driver != FILESYSTEM and site.spec.remove_empty_repositories:
        raise WorkloadUnfit(
            f"{site.name}: its storage driver is {registry.driver}, and removeEmptyRepositories takes a store of "
            "files: set it to false"
        )
    if registry.loopback:
        raise WorkloadUnfit(
            f"{site.name}: the registry listens on loopback alone, so that no replica can be asked whether it is "
            "read-only. "
            "Let http.addr be `:5000`"
        )
