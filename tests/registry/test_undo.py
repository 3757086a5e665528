"""`regsweep restore` on real registries: every kind of manifest comes back, byte by byte; no tag is moved; after a
collection it is refused, with the reason.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.kinds import kinds
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from tests.command_line import CommandLine, Ended
from tests.registry.conftest import StartRegistry, StartService, StorageWith
from tests.registry.content import files, push, tags

KEPT_KIND = "zzz"
LAST_NAME = {"name": "last", "keep": {"latest": 1, "orderBy": "Alphabetical"}}
SPEC = {"rules": [LAST_NAME], "limits": {"maxDeletionPercent": 100, "minimumAge": "0s"}}


@pytest.fixture
def images(now: datetime) -> list[Artifact]:
    """Every kind of artifact, and a few in a second repository. In each one tag stays: its name is the last one."""
    found: list[Artifact] = []
    for name, number in (("kinds/one", None), ("kinds/two", 3)):
        found += [*kinds(name, now).values()][:number]
        base = layer("kinds", 5_000)
        found.append(image_on((base,), f"{name}:{KEPT_KIND}", now - timedelta(days=9), size=500).at(name, KEPT_KIND))
    return found


def swept(regsweep: CommandLine, registry: RegistryProcess, **spec: object) -> Path:
    """Delete all but two tags; the file that the command named for an undo."""
    ended = regsweep("apply", "-f", regsweep.policy(registry.url, **SPEC | spec), "--yes")
    assert ended.code == 0, ended.err
    assert {tag for _, tag in tags(registry)} == {KEPT_KIND}
    return keepsake(ended)


def keepsake(ended: Ended) -> Path:
    found = re.search(r"regsweep restore -f POLICY --from (\S+)", ended.err)
    assert found, ended.err
    return Path(found[1])


def restore(regsweep: CommandLine, registry: RegistryProcess, file: Path, *more: str) -> Ended:
    policy = regsweep.policy(registry.url, **SPEC)
    return regsweep("restore", "-f", policy, "--from", file, "--yes", "-o", "json", *more)


def pulled(registry: RegistryProcess) -> dict[str, int]:
    """Every tag that is listed, read byte by byte."""
    with Pusher(registry.url) as pusher:
        return dict(pusher.pull_all(sorted(tags(registry))).sizes)


def named(registry: RegistryProcess) -> dict[str, str]:
    """Every link of the storage that makes a tag or a manifest, with the digest in it."""
    root = registry.storage / "docker/registry/v2/repositories"
    links = [*root.rglob("_manifests/tags/*/current/link"), *root.rglob("_manifests/revisions/sha256/*/link")]
    return {str(link.relative_to(root)): link.read_text() for link in links}


@pytest.mark.timeout(240)
def test_every_kind_comes_back_as_it_was(regsweep: CommandLine, registry: RegistryProcess) -> None:
    before, whole = named(registry), pulled(registry)
    file = swept(regsweep, registry)
    assert len(named(registry)) < 10

    ended = restore(regsweep, registry, file)

    assert (ended.code, ended.report()["reason"]) == (0, "Restored"), ended.err
    assert named(registry) == before
    assert pulled(registry) == whole
    results = {part["result"] for part in ended.report()["restored"]}
    assert results == {"restored"}
    assert ended.report()["mode"] == "Restore"

    again = restore(regsweep, registry, file)
    assert again.code == 0, again.err
    assert {part["result"] for part in again.report()["restored"]} == {"present"}
    assert named(registry) == before


@pytest.mark.timeout(240)
def test_a_tag_that_moved_on_is_left_alone(
    regsweep: CommandLine, registry: RegistryProcess, images: list[Artifact], now: datetime
) -> None:
    before = named(registry)
    file = swept(regsweep, registry)
    newer = image_on((layer("kinds", 5_000),), "another build", now).at("kinds/one", "oci", "signed")
    push(registry, [newer])

    ended = restore(regsweep, registry, file)

    assert ended.code == 0, ended.err
    skipped = [part for part in ended.report()["restored"] if part["result"] == "skipped"]
    assert sorted((part["repository"], part["tag"]) for part in skipped) == [
        ("kinds/one", "oci"),
        ("kinds/one", "signed"),
    ]
    assert all(newer.digest in part["message"] for part in skipped)
    now_named = named(registry)
    moved = {link: newer.digest for link in before if link.startswith("kinds/one/_manifests/tags/oci/current")}
    moved |= {link: newer.digest for link in before if link.startswith("kinds/one/_manifests/tags/signed/current")}
    pushed = f"kinds/one/_manifests/revisions/sha256/{newer.digest[7:]}/link"
    assert now_named == before | moved | {pushed: newer.digest}
    pulled(registry)
    with Pusher(registry.url) as pusher:  # the image that had the tag is there, too, under its digest
        pusher.pull_all([(one.repository, one.digest) for one in images if one.tags in {("oci",), ("signed",)}])


def test_one_image_comes_back_with_all_that_belongs_to_it(
    regsweep: CommandLine, registry: RegistryProcess, images: list[Artifact]
) -> None:
    file = swept(regsweep, registry)
    signed = next(one for one in images if one.tags == ("signed",))
    ended = restore(regsweep, registry, file, "kinds/one:signed", f"kinds/two@{images[0].digest}", "kinds/one:attested")
    assert ended.code == 0, ended.err
    accessories = {signed.digest.replace(":", "-") + suffix for suffix in (".sig", ".att", ".sbom")}
    assert {tag for name, tag in tags(registry) if name == "kinds/one"} == {
        KEPT_KIND,
        "signed",
        "attested",
        *accessories,
    }
    assert {tag for name, tag in tags(registry) if name == "kinds/two"} <= {KEPT_KIND, "docker"}
    pulled(registry)


def test_what_was_not_kept_is_said(regsweep: CommandLine, registry: RegistryProcess) -> None:
    file = swept(regsweep, registry)
    before = files(registry)
    ended = restore(regsweep, registry, file, "kinds/one:never")
    assert ended.code == 3
    assert "holds nothing of kinds/one:never" in ended.err
    assert files(registry) == before


@pytest.mark.timeout(240)
def test_after_our_own_collection_the_keepsake_is_gone_and_that_is_said(
    regsweep: CommandLine, start_service: StartService, storage_with: StorageWith, images: list[Artifact]
) -> None:
    service, commands = start_service(storage_with(images))
    file = swept(regsweep, service)
    policy = regsweep.policy(service.url, **SPEC)
    collected = regsweep("apply", "-f", policy, "--yes", "--collect", "Only", *commands)
    assert collected.code == 0, collected.err
    assert not file.exists()
    before = files(service)
    ended = restore(regsweep, service, file)
    assert ended.code == 3
    assert "garbage collection" in ended.err
    assert files(service) == before


@pytest.mark.timeout(240)
@pytest.mark.parametrize("restarted", [True, False])
def test_after_a_collection_by_somebody_else_nothing_is_put(
    regsweep: CommandLine,
    start_service: StartService,
    images: list[Artifact],
    restarted: bool,
) -> None:
    """Beside a registry that runs on, too: its blob cache says yes to a HEAD for every layer that is gone."""
    service, commands = start_service()
    push(service, images)
    file = swept(regsweep, service)
    pulled(service)
    if restarted:
        for command in commands[1::2]:
            subprocess.run(shlex.split(command), check=True, capture_output=True)
    else:
        collect = [str(service.binary), "garbage-collect", str(service.config_path)]
        subprocess.run(collect, check=True, capture_output=True)
    before = files(service)

    ended = restore(regsweep, service, file)

    assert ended.code == 3
    assert "is not in the registry any more" in ended.err
    assert "garbage collection" in ended.err
    assert files(service) == before


def test_a_read_only_registry_takes_nothing_back(
    regsweep: CommandLine, start_registry: StartRegistry, registry: RegistryProcess
) -> None:
    file = swept(regsweep, registry)
    before = files(registry)
    closed = start_registry(registry.storage, read_only=True)
    ended = restore(regsweep, closed, file)
    assert ended.code == 4
    assert "read-only" in ended.err
    assert files(registry) == before


def test_without_a_terminal_and_without_yes_nothing_is_put(regsweep: CommandLine, registry: RegistryProcess) -> None:
    file = swept(regsweep, registry)
    before = files(registry)
    ended = regsweep("restore", "-f", regsweep.policy(registry.url, **SPEC), "--from", file)
    assert ended.code == 3
    assert "--yes" in ended.err
    assert "kinds/one@" in ended.err
    assert files(registry) == before


def test_a_damaged_keepsake_is_refused_whole(regsweep: CommandLine, registry: RegistryProcess) -> None:
    file = swept(regsweep, registry)
    file.write_bytes(file.read_bytes()[:-20])
    before = files(registry)
    ended = restore(regsweep, registry, file)
    assert ended.code == 2
    assert "not whole" in ended.err
    assert files(registry) == before


def test_without_an_undo_nothing_is_kept(regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path) -> None:
    ended = regsweep("apply", "-f", regsweep.policy(registry.url, **SPEC, undo={"enabled": False}), "--yes")
    assert ended.code == 0, ended.err
    assert "restore" not in ended.err
    assert not list((tmp_path / "state/regsweep").glob("*.keepsake"))


def test_what_cannot_be_kept_is_not_deleted(
    regsweep: CommandLine, registry: RegistryProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regsweep.core.keepsake.CHUNK_BYTES", 100)
    before = files(registry)
    ended = regsweep("apply", "-f", regsweep.policy(registry.url, **SPEC), "--yes")
    assert ended.code == 3
    assert "spec.undo.enabled: false" in ended.err
    assert files(registry) == before
