"""Saved inventories, made by hand for tests that need a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from regsweep.api.policy import PolicySpec
from regsweep.core.inventory import InUse, Repository
from regsweep.core.inventory_file import Header, InventoryWriter, Taking
from tests.unit.core.shelf import Shelf

REGISTRY = "http://127.0.0.1:1"


def save(
    path: Path,
    repositories: Sequence[Repository],
    spec: dict[str, Any],
    now: datetime,
    *,
    name: str = "test",
    read_at: str = REGISTRY,
    in_use: InUse | None = None,
    whole: bool = True,
    unread: Sequence[str] = (),
) -> Path:
    """Write the inventory of a registry at REGISTRY, taken under the policy `spec`."""
    writer = InventoryWriter()
    policy = PolicySpec.model_validate({"registry": {"url": REGISTRY}, **spec})
    taking = Taking("API", now, whole, in_use)
    lines = [writer.header(Header(REGISTRY, read_at, name, policy, taking))]
    lines += [writer.repository(each) for each in repositories]
    lines += [writer.unread(each, "it answers 500") for each in unread]
    path.write_bytes(b"".join([*lines, writer.end()]))
    return path


def versions(name: str, count: int) -> Repository:
    shelf = Shelf(name)
    for number in range(count):
        shelf.image(f"{name} {number}", 60 - number, (f"{name} layer {number}",))
        shelf.tag(f"v{number}.0.0", f"{name} {number}")
    return shelf.repository()


def keeping(latest: int, **more: Any) -> dict[str, Any]:
    return {"rules": [{"name": "newest", "keep": {"latest": latest, "orderBy": "SemVer"}}], **more}
