"""A saved inventory that is begun anew, as where the storage failed halfway and the API is read instead."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from regsweep.api.load import load_policy
from regsweep.cli import inventories
from regsweep.core.inventory import Repository
from regsweep.core.inventory_file import Taking

REGISTRY = "http://registry:5000"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", ["inventory", "inventory.gz"])
def test_what_was_read_before_is_forgotten(tmp_path: Path, name: str) -> None:
    kind = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy"}
    policy = load_policy({**kind, "metadata": {"name": "test"}, "spec": {"registry": {"url": REGISTRY}}})
    with inventories.FileArchive(tmp_path / name, policy, REGISTRY) as archive:
        archive.begin(Taking("Storage", NOW, True, None))
        archive.add(Repository("team/void", (), {}))
        archive.begin(Taking("API", NOW, True, None))
        archive.add(Repository("team/app", (), {}))
        archive.end()
    with inventories.saved_inventory(tmp_path / name) as saved:
        assert saved.header.taking.inventory == "API"
        assert [each.name for each in saved.repositories()] == ["team/app"]
