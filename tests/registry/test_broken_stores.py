"""Stores that real registries cannot collect: what is damaged is found and named, and the fix that is told works."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from regsweep.clients.registry import Deleter, Target
from regsweep.core.collector_output import CollectorOutput
from regsweep.core.diagnosis import STORE, Scene, diagnose, trace
from regsweep.core.oci import Digest
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.steps.collect import scripts

NOW = datetime(2026, 3, 1, tzinfo=UTC)
IMAGES = [Artifact("team/app", (f"v{n}",), image_on((layer("base", 1000),), f"seed {n}", NOW)) for n in range(3)]
SCHEMA1 = (
    b'{"schemaVersion": 1, "name": "team/app", "tag": "v1", "architecture": "amd64", "fsLayers": [], "history": []}'
)


@dataclass(frozen=True, slots=True)
class Store:
    """The files of the image v1 in a registry's store."""

    registry: RegistryProcess

    @property
    def repositories(self) -> Path:
        return self.registry.storage / STORE / "repositories"

    @property
    def digest(self) -> Digest:
        return Digest(IMAGES[1].digest)

    @property
    def link(self) -> Path:
        return self.repositories / "team/app/_manifests/revisions" / self.digest.replace(":", "/") / "link"

    @property
    def manifest(self) -> Path:
        hexadecimal = self.digest.removeprefix("sha256:")
        return self.registry.storage / STORE / "blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"

    def push(self) -> None:
        with Pusher(self.registry.url) as pusher:
            pusher.push_all(IMAGES)

    def delete(self) -> None:
        with Deleter(Target(url=self.registry.url)) as deleter:
            assert deleter.delete_manifest("team/app", self.digest)

    def complaint(self) -> str:
        """Of a dry run, as a person reads it; "" where it succeeds."""
        done, output = self.registry.garbage_collect(dry_run=True), CollectorOutput(lambda _: None)
        output.feed(done.stdout.encode())
        if done.returncode == 0:
            return ""
        sought, root, files = trace(done.stderr), str(self.registry.storage), []
        if sought:
            argv = ("sh", "-c", scripts.TRACE, "sh", f"{root}/{STORE}", sought.what, sought.digest)
            found = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
            assert found.stderr == ""
            files = found.stdout.split()
        return diagnose(done.stderr, done.returncode, Scene(root, files, output.repository))

    def assert_whole(self) -> None:
        assert self.complaint() == ""
        assert self.registry.garbage_collect().returncode == 0
        self.registry.restart()
        with Pusher(self.registry.url) as pusher:
            for each in IMAGES:
                pusher.pull("team/app", each.references[0])


@pytest.fixture
def store(start_registry: Any) -> Store:
    found = Store(start_registry())
    found.push()
    return found


LINKS = [
    pytest.param(lambda path: path.write_bytes(b""), id="empty"),
    pytest.param(lambda path: path.write_bytes(bytes(71)), id="zeros, as after a power cut"),
]


@pytest.mark.parametrize("damage", LINKS)
def test_a_damaged_link_is_named_and_a_push_mends_it(store: Store, damage: Callable[[Path], Any]):
    damage(store.link)
    said = store.complaint()
    assert f"It is in repository team/app: {store.link}." in said
    assert "push it again" in said
    store.registry.restart()
    store.push()
    store.assert_whole()


def test_a_damaged_link_whose_directory_is_deleted_stops_nothing(store: Store):
    store.link.write_bytes(b"")
    assert store.complaint()
    store.link.unlink()
    store.link.parent.rmdir()
    assert store.complaint() == ""


MANIFESTS = [pytest.param(b"", id="empty"), pytest.param(b'{"schemaVersion": 2, "con', id="torn")]


@pytest.mark.parametrize("content", MANIFESTS)
def test_a_damaged_manifest_is_named_and_comes_back_after_a_collection(store: Store, content: bytes):
    store.manifest.write_bytes(content)
    said = store.complaint()
    assert f"the manifest {store.digest} is damaged: its file {store.manifest} is empty or no manifest" in said
    assert "It is held by repository team/app, tag team/app:v1." in said
    store.registry.restart()
    store.push()
    assert store.complaint() == said, "a push mends it after all: say so"
    store.delete()
    assert store.complaint() == ""
    assert store.registry.garbage_collect().returncode == 0
    store.registry.restart()
    store.push()
    store.assert_whole()


def test_a_schema_1_manifest_stops_3_alone_and_is_deleted_by_its_digest(store: Store):
    store.manifest.write_bytes(SCHEMA1)
    said = store.complaint()
    if store.registry.version().startswith("2."):
        assert said == ""
        return
    assert f"{store.digest} is a schema 1 manifest, which Distribution 3 cannot read" in said
    assert "It is held by repository team/app, tag team/app:v1. Delete it there by its digest" in said
    store.delete()
    assert store.complaint() == ""


def test_a_repository_without_layers_stops_3_alone_and_an_empty_directory_mends_it(store: Store):
    odd = store.repositories / "odd/_manifests/revisions"
    odd.mkdir(parents=True)
    said = store.complaint()
    if store.registry.version().startswith("2."):
        assert said == ""
        return
    assert f"create the empty directory {store.repositories}/odd/_layers" in said
    (store.repositories / "odd/_layers").mkdir()
    store.assert_whole()


def test_a_store_that_is_not_there_is_told(start_registry: Any):
    empty = Store(start_registry())
    assert f"there is no directory {empty.repositories}" in empty.complaint()
