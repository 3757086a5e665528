"""What a real registry has, of every kind; whether it takes pushes and deletes; and what a Deleter does."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from regsweep.clients.registry import Deleter, DeleteState, Reader, Target, probe_deletes
from regsweep.core.oci import Digest, digest_of, parse_manifest
from regsweep.demo.images import image_on, layer
from regsweep.demo.kinds import kinds
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import DeleteDisabled, RegistryError, RegistryMisbehaved
from tests.registry.conftest import StartRegistry

ABSENT = Digest("sha256:" + 64 * "0")


def major_of(registry: RegistryProcess) -> int:
    return int(registry.version().split(".")[0])


def push_one(registry: RegistryProcess, now: datetime, *tags: str) -> Digest:
    made = image_on((layer("base", 100),), "one", now, size=100).at("team-a/web", *tags)
    with Pusher(registry.url) as pusher:
        pusher.push(made)
    return Digest(made.digest)


def files(registry: RegistryProcess) -> set[str]:
    return {str(path.relative_to(registry.storage)) for path in registry.storage.rglob("*")}


def test_every_kind_of_manifest_by_tag_and_digest(start_registry: StartRegistry, now: datetime):
    registry = start_registry()
    made = kinds("kinds/all", now)
    with Pusher(registry.url) as pusher:
        pusher.push_all(made.values())
    with Reader(Target(registry.url)) as reader:
        for kind, one in made.items():
            for reference in (*one.references, one.digest):
                head = reader.head(one.repository, reference)
                fetched = reader.manifest(one.repository, reference)
                assert head is not None, kind
                assert fetched is not None, kind
                assert fetched.body == one.document.content, kind
                assert head.digest == fetched.digest == one.digest, kind
                assert head.size == len(fetched.body), kind
                assert head.media_type == fetched.media_type, kind
                assert parse_manifest(fetched.body, fetched.media_type).digest == one.digest, kind
            for blob in one.document.blobs:
                assert reader.has_blob(one.repository, Digest(blob.digest)), kind


def test_what_is_not_there(start_registry: StartRegistry, now: datetime):
    registry = start_registry()
    push_one(registry, now, "v1")
    with Reader(Target(registry.url)) as reader:
        for repository in ("team-a/web", "no/such"):
            assert reader.head(repository, "nope") is None
            assert reader.manifest(repository, ABSENT) is None
            assert reader.has_blob(repository, ABSENT) is False
            assert reader.config(repository, ABSENT) is None


def test_a_config_is_read(start_registry: StartRegistry, now: datetime):
    registry = start_registry()
    digest = push_one(registry, now, "v1")
    with Reader(Target(registry.url)) as reader:
        fetched = reader.manifest("team-a/web", digest)
        assert fetched is not None
        config = parse_manifest(fetched.body, fetched.media_type).config
        assert config is not None
        body = reader.config("team-a/web", config.digest)
    assert body is not None
    assert json.loads(body)["created"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("damage", ["other bytes", "no bytes", "no file"])
def test_a_manifest_that_was_damaged_on_the_disk(start_registry: StartRegistry, now: datetime, damage: str):
    registry = start_registry()
    digest = push_one(registry, now, "v1")
    hexadecimal = digest.removeprefix("sha256:")
    data = registry.storage / f"docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"
    content = data.read_bytes()
    data.unlink()
    if damage != "no file":
        data.write_bytes(content.replace(b'"layers"', b'"slayer"') if damage == "other bytes" else b"")
    with Reader(Target(registry.url)) as reader:
        if damage == "no file":
            assert reader.manifest("team-a/web", "v1") is None
        else:
            with pytest.raises(RegistryError):
                reader.manifest("team-a/web", "v1")
            if damage == "other bytes":
                with pytest.raises(RegistryMisbehaved):
                    reader.manifest("team-a/web", digest)


def test_the_version_and_ping(start_registry: StartRegistry):
    registry = start_registry()
    with Reader(Target(registry.url)) as reader:
        reader.ping()
        assert reader.major() == major_of(registry)


@pytest.mark.parametrize(
    ("options", "state", "writable"),
    [
        ({"delete_enabled": True}, DeleteState.ENABLED, True),
        ({"delete_enabled": False}, DeleteState.DISABLED, True),
        ({"delete_enabled": True, "read_only": True}, DeleteState.READ_ONLY, False),
        ({"delete_enabled": False, "read_only": True}, DeleteState.READ_ONLY, False),
    ],
    ids=["enabled", "disabled", "read-only", "disabled and read-only"],
)
def test_what_it_lets_do_is_told_without_a_trace(
    start_registry: StartRegistry, now: datetime, options: dict[str, bool], state: DeleteState, writable: bool
):
    storage = start_registry().storage
    registry = start_registry(storage, **options)
    before = files(registry)
    assert probe_deletes(Target(registry.url)) is state
    with Reader(Target(registry.url)) as reader:
        assert reader.writable() is writable
    assert files(registry) == before


def test_a_manifest_goes_with_its_tags_and_then_is_gone(start_registry: StartRegistry, now: datetime):
    registry = start_registry()
    digest = push_one(registry, now, "v1", "latest")
    with Deleter(Target(registry.url)) as deleter:
        assert deleter.delete_manifest("team-a/web", digest) is True
        assert deleter.delete_manifest("team-a/web", digest) is False
        assert deleter.delete_manifest("no/such", digest_of(b"")) is False
        assert deleter.tags("team-a/web") == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"delete_enabled": False}, "REGISTRY_STORAGE_DELETE_ENABLED=true"),
        ({"read_only": True}, "read-only mode"),
    ],
    ids=["disabled", "read-only"],
)
def test_a_registry_that_does_not_delete_says_how_it_would(
    start_registry: StartRegistry, now: datetime, options: dict[str, bool], words: str
):
    writable = start_registry()
    digest = push_one(writable, now, "v1")
    registry = start_registry(writable.storage, **options)
    with Deleter(Target(registry.url)) as deleter:
        with pytest.raises(DeleteDisabled, match=words):
            deleter.delete_manifest("team-a/web", digest)
        assert deleter.head("team-a/web", "v1") is not None
