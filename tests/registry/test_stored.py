"""What `stored.store` writes is what a registry leaves after the same pushes, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.kinds import kinds
from tests.registry.conftest import StartRegistry
from tests.registry.content import push
from tests.registry.stored import store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def contents(storage: Path) -> dict[str, bytes]:
    return {str(path.relative_to(storage)): path.read_bytes() for path in storage.rglob("*") if path.is_file()}


def everything() -> list[Artifact]:
    """Every kind, blobs that two repositories share, tags that were overwritten, and an image without a tag."""
    shared = image_on((layer("kinds", 5_000),), "of two repositories", NOW)
    return [
        *kinds("team/kinds", NOW - timedelta(days=1)).values(),
        *kinds("team/kinds", NOW).values(),
        shared.at("team/kinds/deeper", "A.b-c_D", "current", "index"),
        shared.at("other"),
    ]


def test_it_is_what_pushes_leave(start_registry: StartRegistry, new_storage: Callable[[], Path]) -> None:
    registry, written = start_registry(), new_storage()
    for image in everything():
        push(registry, [image])
    store(everything(), written)
    assert contents(written) == contents(registry.storage)
