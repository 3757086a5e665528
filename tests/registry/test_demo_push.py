"""What is made and pushed can be pulled whole from a real registry, and a pull sees every damage."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from regsweep.demo.catalogue import demo_images
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer, multi_platform
from regsweep.demo.kinds import all_kinds, kinds
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import ImagesDamaged, RegistryDenied, RegistryMisbehaved
from tests.registry.conftest import StartRegistry, StorageWith
from tests.registry.content import push

KINDS = list(kinds("names/only", datetime(2026, 3, 1, tzinfo=UTC)))


@pytest.fixture(scope="module")
def shared(registry_binary: Path, storages: Path) -> Iterator[RegistryProcess]:
    """One registry for tests that only add."""
    with (
        tempfile.TemporaryDirectory(dir=storages) as folder,
        RegistryProcess(registry_binary, Path(folder) / "shared") as registry,
    ):
        yield registry


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_taken_and_pulled_whole(shared: RegistryProcess, now: datetime, kind: str) -> None:
    made = kinds(f"kinds/{kind}", now)[kind]
    with Pusher(shared.url) as pusher:
        pusher.push(made)
        for reference in made.references:
            assert pusher.pull(made.repository, reference).sizes == made.document.sizes()


def test_all_kinds_at_once(shared: RegistryProcess, now: datetime) -> None:
    made = all_kinds(now, repositories=8)
    with Pusher(shared.url) as pusher:
        pusher.push_all(made)
        pulled = pusher.pull_all(places(made))
    assert len(made) >= 200
    assert pulled.digests == {digest for each in made for digest in each.document.sizes()}


def test_demo_images_hold_what_was_pushed_last(start_registry: StartRegistry, now: datetime) -> None:
    made, registry = demo_images(now), start_registry()
    push(registry, made)
    last = {place: each for each in made for place in places([each])}
    with Pusher(registry.url) as pusher:
        pulled = pusher.pull_all(last)
    assert pulled.sizes == {digest: size for each in last.values() for digest, size in each.document.sizes().items()}
    left_behind = {digest: size for each in made for digest, size in each.document.sizes().items()}
    assert registry.disk_bytes().blobs == sum(left_behind.values())
    assert pulled.bytes < registry.disk_bytes().blobs
    assert len(last) < len(places(made))


def test_pushing_again_changes_nothing(shared: RegistryProcess, now: datetime) -> None:
    made = list(kinds("twice/same", now).values())
    with Pusher(shared.url) as pusher:
        pusher.push_all(made)
        before = shared.disk_bytes()
        pusher.push_all(made)
    assert shared.disk_bytes() == before


def test_a_blob_of_one_repository_is_mounted_into_another(shared: RegistryProcess, now: datetime) -> None:
    base = layer("mounted", 200_000)
    made = [image_on((base,), f"mount-{name}", now, size=100).at(f"mount/{name}", "v1") for name in "ab"]
    with Pusher(shared.url) as pusher:
        before = shared.disk_bytes().blobs
        pusher.push_all(made, threads=1)
        added = shared.disk_bytes().blobs - before
        pulled = pusher.pull_all(places(made))
    assert added == pulled.bytes


# ------------------------------------------------------------------------------------------------- damage


@dataclass(frozen=True, slots=True)
class Store:
    """A registry that holds one image for two platforms, and its files."""

    registry: RegistryProcess
    image: Artifact

    @property
    def child(self) -> str:
        return self.image.document.children[1].digest

    @property
    def config(self) -> str:
        return self.image.document.children[1].blobs[0].digest

    @property
    def layer(self) -> str:
        return self.image.document.children[1].blobs[2].digest

    def file(self, digest: str) -> Path:
        hexadecimal = digest.removeprefix("sha256:")
        blobs = self.registry.storage / "docker/registry/v2/blobs/sha256"
        return blobs / hexadecimal[:2] / hexadecimal / "data"

    def faults(self) -> str:
        with Pusher(self.registry.url) as pusher, pytest.raises(ImagesDamaged) as raised:
            pusher.pull("team/app", "v1")
        return str(raised.value)


@pytest.fixture
def store(start_registry: StartRegistry, storage_with: StorageWith, now: datetime) -> Store:
    made = multi_platform(layer("damage", 20_000), "damage", now).at("team/app", "v1")
    registry = start_registry(storage_with([made]), cache=None)
    with Pusher(registry.url) as pusher:
        pusher.pull("team/app", "v1")
    return Store(registry, made)


@pytest.mark.parametrize("part", ["config", "layer"])
def test_a_missing_blob_is_seen(store: Store, part: str) -> None:
    digest = getattr(store, part)
    store.file(digest).unlink()
    assert f"team/app {digest}: blob answered 404" in store.faults()


@pytest.mark.parametrize("part", ["config", "layer"])
def test_one_flipped_bit_is_seen(store: Store, part: str) -> None:
    digest = getattr(store, part)
    content = bytearray(store.file(digest).read_bytes())
    content[len(content) // 2] ^= 1
    store.file(digest).write_bytes(content)
    assert f"team/app {digest}: blob has {len(content)} of {len(content)} bytes and digest" in store.faults()


def test_a_truncated_layer_is_seen(store: Store) -> None:
    content = store.file(store.layer).read_bytes()
    store.file(store.layer).write_bytes(content[:-1])
    assert f"team/app {store.layer}: blob has {len(content) - 1} of {len(content)} bytes" in store.faults()


def test_a_layer_that_grew_is_seen(store: Store) -> None:
    content = store.file(store.layer).read_bytes()
    store.file(store.layer).write_bytes(content + b"more")
    assert f"team/app {store.layer}: blob is longer than {len(content)} bytes" in store.faults()


def test_a_deleted_child_is_seen(store: Store) -> None:
    address = f"{store.registry.url}/v2/team/app/manifests/{store.child}"
    assert requests.delete(address, timeout=10).status_code == 202
    assert f"team/app {store.child}: manifest answered 404" in store.faults()


def test_a_missing_tag_is_seen(store: Store) -> None:
    with Pusher(store.registry.url) as pusher, pytest.raises(ImagesDamaged, match="v2: manifest answered 404"):
        pusher.pull("team/app", "v2")


def test_every_fault_of_every_image_is_named(store: Store) -> None:
    for digest in (store.config, store.layer):
        store.file(digest).unlink()
    with Pusher(store.registry.url) as pusher, pytest.raises(ImagesDamaged) as raised:
        pusher.pull_all([("team/app", "v1"), ("team/app", store.child), ("team/other", "v9")])
    assert str(raised.value).count("answered 404") == 5


def test_a_stale_cache_does_not_hide_a_missing_layer(start_registry: StartRegistry, now: datetime) -> None:
    registry = start_registry(cache="inmemory")
    made = image_on((), "stale", now).at("team/app", "v1")
    with Pusher(registry.url) as pusher:
        pusher.push(made)
        lost = made.document.blobs[1].digest
        Store(registry, made).file(lost).unlink()
        head = requests.head(f"{registry.url}/v2/team/app/blobs/{lost}", timeout=10)
        with pytest.raises(ImagesDamaged, match=lost):
            pusher.pull("team/app", "v1")
    assert head.status_code == 200  # the lie that pull must not believe


# ------------------------------------------------------------------------------------------------ refusals


def test_a_read_only_registry_refuses_a_push(start_registry: StartRegistry, now: datetime) -> None:
    with Pusher(start_registry(read_only=True).url) as pusher, pytest.raises(RegistryMisbehaved, match="405"):
        pusher.push(image_on((), "refused", now).at("team/app", "v1"))


def test_without_a_password_nothing_is_pushed_or_pulled(
    start_registry: StartRegistry, htpasswd: Path, now: datetime
) -> None:
    registry = start_registry(htpasswd=htpasswd)
    made = image_on((), "secret", now).at("team/app", "v1")
    with Pusher(registry.url, ("pusher", "opensesame")) as pusher:
        pusher.push(made)
        assert pusher.pull("team/app", "v1").sizes == made.document.sizes()
    with Pusher(registry.url, ("pusher", "wrong")) as pusher:
        with pytest.raises(RegistryDenied):
            pusher.push(made)
        with pytest.raises(RegistryDenied) as raised:
            pusher.pull("team/app", "v1")
    assert "wrong" not in str(raised.value)


def places(made: list[Artifact]) -> list[tuple[str, str]]:
    return [(each.repository, reference) for each in made for reference in each.references]
