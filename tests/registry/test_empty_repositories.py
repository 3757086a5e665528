"""Empty repositories of real registries: what is removed, what stays, and that a later push works."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from regsweep.clients.registry import Deleter, Target
from regsweep.core.diagnosis import STORE
from regsweep.core.oci import Digest
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.steps.collect.store import remove_empty, unseen
from tests.registry.local_pod import local_site

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _image(repository: str, *tags: str) -> Artifact:
    return Artifact(repository, tags, image_on((layer("base", 1000),), f"seed {repository}", NOW))


def _push(registry: RegistryProcess, *images: Artifact) -> None:
    with Pusher(registry.url) as pusher:
        pusher.push_all(images)


def _delete(registry: RegistryProcess, image: Artifact) -> None:
    with Deleter(Target(url=registry.url)) as deleter:
        assert deleter.delete_manifest(image.repository, Digest(image.digest))


def _catalog(registry: RegistryProcess) -> set[str]:
    return set(requests.get(f"{registry.url}/v2/_catalog", timeout=10).json()["repositories"])


def _folder(registry: RegistryProcess, repository: str) -> Path:
    return registry.storage / STORE / "repositories" / repository


def _remove(registry: RegistryProcess, kept: set[str] | None = None) -> list[str]:
    """As the window does it: after a collection, read-only, before the restart."""
    registry.restart(read_only=True)
    assert registry.garbage_collect().returncode == 0
    removed = remove_empty(local_site(), "pod", str(registry.storage), kept or set())
    registry.restart(read_only=False)
    return sorted(removed)


def test_what_is_empty_goes_and_what_is_not_stays(start_registry: Any):
    registry = start_registry()
    gone = [_image("team", "v1"), _image("team/app/sub", "v1"), _image("lonely/a/b", "v1")]
    stays = [_image("team/app", "v1"), _image("a.b/c__d-e", "x"), _image("untagged", "v1"), _image("uploading", "v1")]
    _push(registry, *gone, *stays)
    for each in (*gone, stays[3]):
        _delete(registry, each)
    requests.post(f"{registry.url}/v2/uploading/blobs/uploads/", timeout=10).raise_for_status()
    _folder(registry, "untagged/_manifests/tags/v1/current/link").unlink()
    (registry.storage / STORE / "repositories" / "some Thing/_layers").mkdir(parents=True)
    registry.restart(read_only=True)
    assert sorted(remove_empty(local_site(), "pod", str(registry.storage), set())) == [
        "lonely/a/b",
        "team",
        "team/app/sub",
    ]
    registry.restart(read_only=False)
    assert not _folder(registry, "lonely").exists()
    assert not (registry.storage / STORE / "_regsweep-trash").exists()
    with Pusher(registry.url) as pusher:
        pusher.pull("team/app", "v1")
        pusher.pull("a.b/c__d-e", "x")
    assert _folder(registry, "uploading/_uploads").exists()
    assert _folder(registry, "untagged/_manifests").exists()
    assert (registry.storage / STORE / "repositories" / "some Thing/_layers").exists()


def test_a_later_push_makes_the_repository_anew_and_works(start_registry: Any):
    registry = start_registry()
    image, other = _image("team/app", "v1"), _image("other", "v1")
    _push(registry, image, other)
    _delete(registry, image)
    assert _remove(registry) == ["team/app"]
    assert _catalog(registry) == {"other"}
    _push(registry, image)
    assert _catalog(registry) == {"other", "team/app"}
    assert registry.garbage_collect().returncode == 0
    registry.restart()
    with Pusher(registry.url) as pusher:
        pusher.pull("team/app", "v1")
        pusher.pull("other", "v1")


def test_what_the_census_keeps_is_never_removed(start_registry: Any):
    registry = start_registry()
    image = _image("team/app", "v1")
    _push(registry, image)
    _delete(registry, image)
    assert _remove(registry, {"team/app"}) == []
    assert _folder(registry, "team/app").exists()


@pytest.mark.parametrize("name", ["team/app/$(touch x)", "team/app/-rf", "team/app/a b", "team/app/..."])
def test_no_directory_name_is_taken_for_a_word_of_the_shell(start_registry: Any, name: str):
    registry = start_registry()
    _push(registry, _image("team/app", "v1"))
    (_folder(registry, name) / "_layers").mkdir(parents=True)
    assert remove_empty(local_site(), "pod", str(registry.storage), set()) == []
    assert _folder(registry, name).exists()


def test_a_repository_without_layers_is_what_2_8_would_sweep(start_registry: Any):
    registry = start_registry()
    image = _image("team/app", "v1")
    _push(registry, image, _image("other", "v1"))
    _folder(registry, "team/app/_layers").rename(registry.storage / "aside")
    assert unseen(local_site(), "pod", str(registry.storage)) == ("team/app",)
    done = registry.garbage_collect(dry_run=True)
    if registry.version().startswith("2."):
        assert done.returncode == 0
        assert f"blob eligible for deletion: {image.digest}" in done.stdout
    else:
        assert done.returncode == 1
    _folder(registry, "team/app/_layers").mkdir()
    assert unseen(local_site(), "pod", str(registry.storage)) == ()
    assert registry.garbage_collect().returncode == 0
    registry.restart()
    _push(registry, image)
    with Pusher(registry.url) as pusher:
        pusher.pull("team/app", "v1")
