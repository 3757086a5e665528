"""The storage inventory on real registries: it agrees with the API on what both can see, and sees what that cannot."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry import Deleter, Reader, Target
from regsweep.core.inventory import Repository, Unread
from regsweep.core.oci import Digest
from regsweep.core.plan_file import plan_from_json
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, index, layer
from regsweep.demo.kinds import all_kinds
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.steps.scan import scan
from regsweep.steps.storage import DirectoryStore, Store, open_storage
from tests.command_line import CommandLine
from tests.quiet import Quiet
from tests.registry.conftest import StartRegistry, StartService, StorageWith
from tests.unit.steps.storage.tree import by_shell

Inventory = dict[str, Repository | Unread]


class Answering(Protocol):
    """A registry that answers at `url`."""

    @property
    def url(self) -> str: ...


def utc() -> datetime:
    return datetime.now(UTC)


def stores(registry: RegistryProcess) -> list[Store]:
    return [DirectoryStore(registry.storage, utc), by_shell(registry.storage)]


def by_storage(registry: Answering, store: Store) -> Inventory:
    with Reader(Target(registry.url)) as reader:
        stored = open_storage(store, reader, utc(), Quiet(), Quiet())
        found = stored.read(stored.names, MemoryCache(), lambda one: {tag.name for tag in one.tags})
        return {one.name: one for one in found}


def by_api(registry: Answering, names: list[str] | None = None) -> Inventory:
    with Reader(Target(registry.url)) as reader:
        everything = names or list(reader.repositories())
        quiet = Quiet()
        found = scan(
            reader, everything, MemoryCache(), concurrency=4, dated=lambda _, tags: tags, stop=quiet, progress=quiet
        )
        return {one.name: one for one in found}


def links(registry: RegistryProcess, repository: str) -> Path:
    return registry.storage / "docker/registry/v2/repositories" / repository / "_manifests"


def written(link: Path) -> datetime:
    return datetime.fromtimestamp(int(link.stat().st_mtime), UTC)


def agree(stored: Inventory, seen: Inventory) -> None:
    """All that both can see is the same, object by object."""
    assert stored.keys() >= seen.keys()
    for name, there in seen.items():
        here = stored[name]
        if isinstance(there, Unread) or isinstance(here, Unread):
            assert isinstance(here, Unread), name
            assert isinstance(there, Unread), name
            continue
        assert {tag.name: tag.digest for tag in here.tags} == {tag.name: tag.digest for tag in there.tags}
        assert {digest: here.manifests[digest] for digest in there.manifests} == there.manifests
        assert {digest: here.created.get(digest) for digest in there.created} == there.created
        assert here.absent >= there.absent
        assert not here.absent & there.manifests.keys()


def push(registry: RegistryProcess, *artifacts: Artifact) -> None:
    with Pusher(registry.url) as pusher:
        for artifact in artifacts:
            pusher.push(artifact)


def test_both_inventories_agree_on_a_registry_of_all_kinds(
    start_registry: StartRegistry, storage_with: StorageWith, now: datetime
) -> None:
    same_tags = all_kinds(now - timedelta(days=1), repositories=2)  # manifests lose theirs
    registry = start_registry(storage_with([*all_kinds(now, repositories=3), *same_tags]))
    platforms = tuple(image_on((), f"platform {number}", now) for number in range(2))
    push(registry, Artifact("deep/er/0/nested", ("index", "_layers", "current", "A.b-c_D"), platforms[0]))
    push(registry, Artifact("deep/er", ("multi",), index(platforms)))
    with Deleter(Target(registry.url)) as deleter:
        assert deleter.delete_manifest("deep/er", Digest(platforms[1].digest))
    seen = by_api(registry)
    for store in stores(registry):
        stored = by_storage(registry, store)
        agree(stored, seen)
        for name, one in stored.items():
            assert isinstance(one, Repository)
            for tag in one.tags:
                assert tag.pushed == written(links(registry, name) / "tags" / tag.name / "current/link")
            for digest, pushed in one.pushed.items():
                assert pushed == written(links(registry, name) / "revisions/sha256" / digest[7:] / "link")
            assert one.findings == ()
        untagged = [
            digest
            for name, one in stored.items()
            if isinstance(one, Repository)
            for digest in one.manifests.keys() - seen[name].manifests.keys()  # type: ignore[union-attr]
        ]
        assert len(untagged) > 20


def test_both_agree_on_what_is_broken(start_registry: StartRegistry, now: datetime) -> None:
    registry = start_registry()

    def made(repository: str, seed: str = "one") -> Artifact:
        return Artifact(repository, ("v1",), image_on((), seed + repository, now))

    artifacts = {
        name: made(name) for name in ("good", "tag", "junk", "line", "bare", "revision", "gone", "blob", "bytes")
    }
    push(registry, *artifacts.values())

    def tag(name: str) -> Path:
        return links(registry, name) / "tags/v1/current/link"

    def revision(name: str) -> Path:
        return links(registry, name) / "revisions/sha256" / artifacts[name].digest[7:] / "link"

    def data(name: str) -> Path:
        digest = artifacts[name].digest
        return registry.storage / "docker/registry/v2/blobs/sha256" / digest[7:9] / digest[7:] / "data"

    tag("tag").write_text("")
    tag("junk").write_text("x" * 71)
    tag("line").write_text(artifacts["line"].digest + "\n")
    tag("bare").unlink()
    revision("revision").write_text("")
    revision("gone").unlink()
    data("blob").unlink()
    data("bytes").write_bytes(b"{}")
    registry.restart()
    seen = by_api(registry)
    for store in stores(registry):
        stored = by_storage(registry, store)
        agree(stored, seen)
        assert {name for name, one in stored.items() if isinstance(one, Unread)} == {
            "tag", "junk", "line", "revision", "bytes",
        }  # fmt: skip
        assert {name for name, one in stored.items() if isinstance(one, Repository) and one.tags[0].digest is None} == {
            "bare", "gone", "blob",
        }  # fmt: skip


def test_what_the_catalog_hides_is_seen(start_registry: StartRegistry, now: datetime) -> None:
    """2.8 lists what has layers, 3.x what has manifests."""
    registry = start_registry()
    push(registry, *(Artifact(name, ("v1",), image_on((), name, now)) for name in ("one", "two")))
    (links(registry, "one").parent / "_layers").rename(registry.storage / "away")
    stored = by_storage(registry, DirectoryStore(registry.storage, utc))
    assert set(stored) == {"one", "two"}
    agree(stored, by_api(registry, ["one", "two"]))
    assert [finding.code for finding in stored["one"].findings] == ["broken.no-layers"]


def age(link: Path, days: float) -> None:
    """As if it had been written so long ago."""
    at = utc().timestamp() - days * 86_400
    os.utime(link, (at, at))


def aged(registry: RegistryProcess, repository: str, artifact: Artifact, days: float) -> Artifact:
    for tag in artifact.tags:
        age(links(registry, repository) / "tags" / tag / "current/link", days)
    for document in artifact.document.documents():
        age(links(registry, repository) / "revisions/sha256" / document.digest[7:] / "link", days)
    return artifact


@pytest.mark.timeout(300)
def test_untagged_and_push_time_from_end_to_end(
    regsweep: CommandLine, start_service: StartService, now: datetime, tmp_path: Path
) -> None:
    """By last push, against created times that say the opposite; and what lost its tag goes when it is old."""
    service, commands = start_service()
    base = layer("base", 3000)

    def pushed(seed: str, days: float, *tags: str, repository: str = "team/app") -> Artifact:
        document = image_on((base,), seed, utc() - timedelta(days=100 - days), size=2000)
        artifact = Artifact(repository, tags, document)
        push(service, artifact)
        return aged(service, repository, artifact, days)

    several = tuple(image_on((base,), f"platform {number}", now, size=1000) for number in range(2))
    fleet = Artifact("team/app", ("multi",), index(several))
    push(service, fleet)
    aged(service, "team/app", fleet, 50)
    overwritten = pushed("overwritten", 40, "latest")
    lately = pushed("lately", 1, "latest")
    oldest, older, newer = (pushed(f"build {days}", days, f"build-{days}") for days in (30, 20, 10))
    current = pushed("current", 0.5, "latest")
    stray = pushed("stray", 60, "v1", repository="other")
    replaced = pushed("replaced", 5, "v1", repository="other")
    rules = [
        {"name": "builds", "tags": {"include": ["build-*"]}, "keep": {"latest": 1}},
        {"name": "others", "tags": {"include": ["**"]}, "keep": {"youngerThan": "90d"}},
    ]
    policy = regsweep.policy(service.url, rules=rules, untagged={"olderThan": "3d"})
    out = tmp_path / "plan.json"
    before = service.disk_bytes().blobs
    assert regsweep("plan", "-f", policy, "--storage-root", service.storage, "--out", out).code == 0
    plan = plan_from_json(out.read_text())
    assert (plan.inventory, plan.inventory_reason) == ("Storage", str(service.storage))
    assert {(action.digest, action.reason) for action in plan.actions} == {
        (oldest.digest, "expired.builds"),
        (older.digest, "expired.builds"),
        (overwritten.digest, "expired.untagged"),
        (stray.digest, "expired.untagged"),
    }
    assert plan.bytes_are_upper_bound is False

    ended = regsweep(
        "apply", "-f", policy, "--storage-root", service.storage, "--yes", "-o", "json", *commands
    )  # fmt: skip
    assert ended.code == 0, ended.err
    report = ended.report()
    assert (report["reason"], report["inventory"]) == ("Collected", "Storage")
    assert before - service.disk_bytes().blobs == plan.bytes == report["plan"]["bytes"]
    left = by_storage(service, DirectoryStore(service.storage, utc))
    app, other = left["team/app"], left["other"]
    assert isinstance(app, Repository)
    assert isinstance(other, Repository)
    assert app.manifests.keys() == {
        fleet.digest, *(document.digest for document in several), lately.digest, newer.digest, current.digest,
    }  # fmt: skip
    assert other.manifests.keys() == {replaced.digest}
    with Pusher(service.url) as pusher:
        pulled = pusher.pull_all(
            [("team/app", "multi"), ("team/app", "latest"), ("team/app", "build-10"), ("other", "v1")]
        )
        assert newer.digest in pulled.digests


def test_a_folder_of_another_registry_is_not_believed(
    regsweep: CommandLine, start_registry: StartRegistry, now: datetime
) -> None:
    one, other = start_registry(), start_registry()
    push(one, Artifact("team/app", ("v1",), image_on((), "one", now)))
    push(other, Artifact("team/app", ("v1",), image_on((), "other", now)))
    policy = regsweep.policy(one.url)
    ended = regsweep("plan", "-f", policy, "--storage-root", other.storage, "-o", "json")
    assert ended.report()["inventory"] == "API"
    assert "differ in tag v1 of team/app" in ended.report()["inventoryReason"]
    wanted = regsweep.policy(one.url, registry={"inventory": "Storage"})
    ended = regsweep("plan", "-f", wanted, "--storage-root", other.storage)
    assert ended.code == 3
    assert "Is it the folder of this registry?" in ended.err


REFUSALS: list[Any] = [
    pytest.param({"inventory": "API"}, ".", "leave one of them out", id="the policy says API"),
    pytest.param({}, "nowhere", "is no folder", id="no folder"),
]


@pytest.mark.parametrize(("registry", "root", "words"), REFUSALS)
def test_a_root_that_makes_no_sense_is_refused(
    regsweep: CommandLine, tmp_path: Path, registry: Any, root: str, words: str
) -> None:
    policy = regsweep.policy("http://localhost:1", registry=registry)
    ended = regsweep("plan", "-f", policy, "--storage-root", tmp_path / root)
    assert ended.code == 2
    assert words in ended.err


def test_storage_without_a_way_to_it_is_refused(regsweep: CommandLine, start_registry: StartRegistry) -> None:
    registry = start_registry()
    ended = regsweep("plan", "-f", regsweep.policy(registry.url, registry={"inventory": "Storage"}))
    assert ended.code == 2
    assert "workloadRef is not set" in ended.err
    assert "--storage-root" in ended.err


def test_pushes_while_it_is_listed_break_nothing(start_registry: StartRegistry, now: datetime) -> None:
    """Every listing under load is whole: no tag looks broken, none is seen without its manifest."""
    registry = start_registry()
    push(registry, *(Artifact("busy", (f"t{number}",), image_on((), f"{number}", now)) for number in range(20)))
    script = (
        "import sys, itertools\n"
        "from datetime import UTC, datetime\n"
        "from regsweep.demo.documents import Artifact\n"
        "from regsweep.demo.images import image_on\n"
        "from regsweep.demo.push import Pusher\n"
        "with Pusher(sys.argv[1]) as pusher:\n"
        "    for n in itertools.count():\n"
        "        pusher.push(Artifact('busy', (f't{n % 20}', f'n{n}'), image_on((), f'new {n}', datetime.now(UTC))))\n"
        "        print(n, flush=True)\n"
    )
    import sys

    with subprocess.Popen([sys.executable, "-c", script, registry.url], stdout=subprocess.PIPE) as pushing:
        assert pushing.stdout is not None
        pushing.stdout.readline()
        try:
            for _ in range(5):
                for store in stores(registry):
                    busy = by_storage(registry, store)["busy"]
                    assert isinstance(busy, Repository), busy
                    assert all(tag.digest for tag in busy.tags)
                    assert busy.findings == ()
        finally:
            pushing.kill()
