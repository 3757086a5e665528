"""What a registry holds: pushed through its API, looked up in its storage."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from regsweep.demo.documents import Artifact
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher


def push(registry: RegistryProcess, images: Iterable[Artifact]) -> None:
    with Pusher(registry.url) as pusher:
        pusher.push_all(images)


def files(registry: RegistryProcess) -> dict[str, int]:
    """Everything in the storage: a registry in which nothing was deleted has the same before and after."""
    return {str(path): path.stat().st_size for path in registry.storage.rglob("*") if path.is_file()}


def tags(registry: RegistryProcess) -> set[tuple[str, str]]:
    """What is tagged, by the storage. Also while the registry deletes: `os.walk` passes over what is just gone."""
    root = registry.storage / "docker/registry/v2/repositories"
    found = set()
    for folder, _, names in os.walk(root):
        path = Path(folder)
        if "link" in names and path.name == "current":
            found.add((str(path.relative_to(root)).split("/_manifests")[0], path.parent.name))
    return found
