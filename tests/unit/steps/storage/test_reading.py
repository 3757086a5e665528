"""Shelves become repositories: everything that the engine needs, and nothing of what is broken."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry.content import Head
from regsweep.core.dating import Memory
from regsweep.core.inventory import Repository, Unread
from regsweep.core.oci import DOCKER_SCHEMA1, OCI_INDEX, OCI_MANIFEST, Digest, Kind
from regsweep.errors import Cancelled, ExecFailed, RegistryUnreachable, StorageUnavailable
from regsweep.steps.storage import open_storage
from regsweep.steps.storage.listing import read_listing
from regsweep.steps.storage.store import Store
from tests.quiet import Quiet
from tests.unit.steps.storage.tree import NOW, Tree, by_shell, by_walk


class Http:
    """The registry over HTTP: what the tree holds, unless `tags` says otherwise."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.changed: dict[tuple[str, str], str | None] = {}
        self.broken: set[str] = set()

    def _all(self) -> dict[tuple[str, str], str | None]:
        shelves = read_listing(by_walk(self.tree.root).listing()).shelves
        found: dict[tuple[str, str], str | None] = {
            (name, tag): f"sha256:{hexes}"
            for name, shelf in shelves.items()
            for tag, (hexes, _) in shelf.tags().items()
        }
        found |= {(name, tag): None for name, shelf in shelves.items() for tag in shelf.bare}
        return found | self.changed

    def repositories(self) -> Iterator[str]:
        return iter(sorted({name for name, _ in self._all()}))

    def tags(self, name: str) -> tuple[str, ...]:
        if name in self.broken:
            raise RegistryUnreachable("500")
        return tuple(tag for repository, tag in self._all() if repository == name)

    def head(self, name: str, tag: str) -> Head | None:
        digest = self._all().get((name, tag))
        return Head(Digest(digest), "", 0) if digest else None


def opened(store: Store, http: Http, now: datetime = NOW) -> Any:
    quiet = Quiet()
    return open_storage(store, http, now, quiet, quiet)  # type: ignore[arg-type]


def read(tree: Tree, dated: Collection[str] = (), cache: MemoryCache | None = None) -> dict[str, Repository | Unread]:
    stored = opened(by_walk(tree.root), Http(tree))
    found = stored.read(stored.names, cache or MemoryCache(), lambda _: dated)
    return {each.name: each for each in found}


def one(tree: Tree, name: str = "r", dated: Collection[str] = ()) -> Repository:
    found = read(tree, dated)[name]
    assert isinstance(found, Repository), found
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "store")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def test_tags_manifests_and_push_times(tree: Tree) -> None:
    image = tree.image("r", "one", "v1", "v2", days=5)
    tree.tag("r", "v2", image, 2)
    found = one(tree)
    assert {tag.name: (tag.digest, tag.pushed) for tag in found.tags} == {"v1": (image, ago(5)), "v2": (image, ago(2))}
    assert (found.pushed, found.absent, found.findings) == ({image: ago(5)}, frozenset(), ())
    assert found.manifests[image].kind is Kind.IMAGE
    assert found.manifests[image].size == tree.data(image).stat().st_size


def test_manifests_without_a_tag_are_there(tree: Tree) -> None:
    old, new = tree.image("r", "old", days=9), tree.image("r", "new", "v1")
    found = one(tree)
    assert found.manifests.keys() == {old, new}
    assert found.pushed[old] == ago(9)


def test_what_is_named_and_not_there_is_absent(tree: Tree) -> None:
    child, gone, subject = (tree.image("r", seed) for seed in ("child", "gone", "subject"))
    tree.index("r", child, gone, tags=("v1",))
    tree.image("r", "signed", f"sha256-{'e' * 64}.sig", subject={"digest": subject, "size": 1, "mediaType": "x"})
    for digest in (gone, subject):
        (tree.repositories / f"r/_manifests/revisions/sha256/{digest[7:]}/link").unlink()
    found = one(tree)
    assert found.absent == {gone, subject, "sha256:" + "e" * 64}
    assert child in found.manifests


def test_a_tag_without_a_manifest_is_told_and_the_rest_goes_on(tree: Tree) -> None:
    good, no_blob, no_link = (tree.image("r", seed, seed) for seed in ("good", "no-blob", "no-link"))
    tree.data(no_blob).unlink()
    (tree.repositories / f"r/_manifests/revisions/sha256/{no_link[7:]}/link").unlink()
    (tree.repositories / "r/_manifests/tags/bare").mkdir()
    found = one(tree)
    assert {tag.name: tag.digest for tag in found.tags} == {
        "good": good,
        "no-blob": None,
        "no-link": None,
        "bare": None,
    }
    assert found.manifests.keys() == {good}


@pytest.mark.parametrize("content", ["", "x" * 71, "sha256:" + "a" * 64 + "\n"])
@pytest.mark.parametrize("which", ["tag", "revision"])
def test_a_repository_with_a_broken_link_is_left_alone(tree: Tree, which: str, content: str) -> None:
    image = tree.image("r", "one", "v1")
    tree.image("other", "two", "v1")
    path = "tags/v1/current" if which == "tag" else f"revisions/sha256/{image[7:]}"
    if which == "revision" and len(content) == 71:
        content = "sha256:"
    tree.write(f"r/_manifests/{path}/link", content)
    found = read(tree)
    left = found["r"]
    assert isinstance(left, Unread)
    assert f"{path}/link has {len(content)} bytes" in left.reason
    (told,) = left.findings
    assert (told.code, told.repository) == ("broken.link", "r")
    assert f"./r/_manifests/{path}/link" in told.message
    assert isinstance(found["other"], Repository)


@pytest.mark.parametrize("known", [True, False], ids=["the cache knows it", "nobody knows it"])
def test_a_manifest_whose_bytes_are_not_its_digest_leaves_its_repository_alone(tree: Tree, known: bool) -> None:
    cache = MemoryCache()
    image = tree.image("r", "one", "v1")
    if known:
        read(tree, cache=cache)
    tree.data(image).write_bytes(b'{"schemaVersion":2}')
    left = read(tree, cache=cache)["r"]
    assert isinstance(left, Unread)
    assert [(told.code, told.reference) for told in left.findings] == [("broken.manifest", image)]
    assert image[7:] + "/data" in left.findings[0].message


def test_a_manifest_that_is_none_leaves_its_repository_alone(tree: Tree) -> None:
    digest = tree.blob(b"no JSON")
    tree.revision("r", digest)
    large = tree.blob(b"x" * (4 << 20) + b"x")
    tree.revision("s", large)
    found = read(tree)
    assert "is not JSON" in found["r"].reason  # type: ignore[union-attr]
    assert isinstance(found["s"], Unread)


def test_what_the_cache_knows_is_not_read_again(tree: Tree) -> None:
    cache = MemoryCache()
    tree.image("r", "one", "v1")
    read(tree, ["v1"], cache)
    stored = opened(by_walk(tree.root), Http(tree))

    class NoContents:
        name = "here"
        sizes = by_walk(tree.root).sizes

    blobs = type(stored.blobs)(NoContents(), Quiet())
    again = type(stored)(NoContents(), blobs, stored.listing, Quiet())
    (found,) = again.read(["r"], cache, lambda _: ["v1"])
    assert found.created


def test_created_times_of_those_tags_that_need_one(tree: Tree) -> None:
    platform = tree.image("r", "platform")
    index = tree.index("r", platform, tags=("multi",))
    plain = tree.image("r", "plain", "plain")
    annotated = tree.image(
        "r", "said", "said", annotations={"org.opencontainers.image.created": "2026-05-05T00:00:00Z"}
    )
    created = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert one(tree).created == {}
    assert one(tree, dated=["plain"]).created == {plain: created}
    found = one(tree, dated=["multi", "said"])
    assert found.created == {platform: created, annotated: datetime(2026, 5, 5, tzinfo=UTC)}
    assert found.manifests[index].media_type == OCI_INDEX


def test_a_config_that_is_gone_says_nothing(tree: Tree) -> None:
    image = tree.image("r", "one", "v1")
    config = one(tree).manifests[image].config
    assert config is not None
    tree.data(config.digest).unlink()
    assert one(tree, dated=["v1"]).created == {}


def test_times_that_a_copy_made_up_are_no_push(tree: Tree) -> None:
    image = tree.image("r", "one", "v1", days=NOW.timestamp() / 86_400)
    found = one(tree)
    assert (found.tags[0].pushed, found.pushed) == (None, {})
    asked: list[object] = []

    def first_seen(name: str, wanted: object, present: object, now: datetime) -> dict[Digest, datetime]:
        asked.append((name, wanted))
        return {image: ago(3)}

    stored = opened(by_walk(tree.root), Http(tree))
    tree.data(found.manifests[image].config.digest).unlink()  # type: ignore[union-attr]
    (again,) = stored.read(["r"], MemoryCache(), lambda _: ["v1"], Memory(NOW, first_seen))
    assert asked == [("r", {image})]
    assert again.seen == {image: ago(3)}


def test_a_repository_without_layers_is_told(tree: Tree) -> None:
    tree.image("r", "one", "v1")
    (tree.repositories / "r/_layers").rmdir()
    (told,) = one(tree).findings
    assert told.code == "broken.no-layers"


def test_what_a_write_left_behind_is_told_when_nobody_writes_it_any_more(tree: Tree) -> None:
    tree.image("r", "one", "v1")
    tree.write("r/_manifests/tags/v1/current/link.1-2.tmp", b"", days=0)
    assert one(tree).findings == ()
    tree.write("r/_manifests/tags/v1/current/link.1-2.tmp", b"", days=1)
    (told,) = one(tree).findings
    assert (told.code, told.reference) == ("leftover.half-written", "v1")


def test_what_lies_outside_of_all_repositories_is_told(tree: Tree) -> None:
    (tree.repositories / "lost+found").mkdir()
    (tree.repositories / "Upper/_manifests").mkdir(parents=True)
    tree.image("r", "one", "v1")
    found = opened(by_walk(tree.root), Http(tree)).findings
    assert [(told.code, told.reference) for told in found] == [
        ("broken.repository-name", "./Upper/_manifests"),
        ("leftover.foreign", "./lost?found"),
    ]


def test_bytes_on_disk(tree: Tree) -> None:
    blobs = [tree.blob(b"x" * size) for size in (1, 20, 300)]
    stored = opened(by_walk(tree.root), Http(tree))
    assert stored.measure([*blobs, Digest("sha256:" + "f" * 64)]) == 321


def test_an_empty_registry(tree: Tree) -> None:
    assert opened(by_walk(tree.root), Http(tree)).names == ()


def test_a_folder_that_is_no_registry(tmp_path: Path, tree: Tree) -> None:
    empty, nowhere = tmp_path / "empty", tmp_path / "nowhere"
    empty.mkdir()
    stores: list[tuple[Callable[[Path], Store], datetime]] = [(by_walk, NOW), (by_shell, datetime.now(UTC))]
    for store, now in stores:
        assert opened(store(empty), Http(tree), now).names == ()  # nobody has pushed yet
    tree.image("r", "one", "v1")
    for store, now in stores:
        with pytest.raises(StorageUnavailable, match="is empty, and the registry has the repository r"):
            opened(store(empty), Http(tree), now)
        with pytest.raises(StorageUnavailable, match=r"is no folder|could not be listed whole"):
            opened(store(nowhere), Http(tree), now)


def test_a_folder_that_cannot_be_read_is_no_shorter_registry(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.image("r", "one", "v1")
    scandir = os.scandir

    def denied(path: bytes | int) -> Any:
        if isinstance(path, bytes) and path.endswith(b"/tags"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(StorageUnavailable, match="Permission denied"):
        opened(by_walk(tree.root), Http(tree))


@pytest.mark.parametrize("apart", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_a_clock_that_differs_makes_ages_worthless(tree: Tree, apart: timedelta) -> None:
    with pytest.raises(StorageUnavailable, match="360 seconds apart"):
        opened(by_walk(tree.root), Http(tree), NOW + apart)


class Moody:
    """A store that fails some times before it answers."""

    name = "somewhere"

    def __init__(self, store: Store, failures: int, error: Exception) -> None:
        self._store, self._failures, self._error = store, failures, error

    def _maybe(self, answer: Iterator[bytes]) -> Iterator[bytes]:
        if self._failures:
            self._failures -= 1
            yield next(answer)
            raise self._error
        yield from answer

    def listing(self) -> Iterator[bytes]:
        return self._maybe(self._store.listing())

    def look(self, paths: Any) -> Iterator[bytes]:
        return self._maybe(self._store.look(paths))

    def traces(self, repository: str) -> Iterator[bytes]:
        return self._maybe(self._store.traces(repository))

    def sizes(self, digests: Any) -> Iterator[bytes]:
        return self._maybe(self._store.sizes(digests))

    def contents(self, digests: Any, most: int) -> Iterator[bytes]:
        return self._maybe(self._store.contents(digests, most))


@pytest.mark.parametrize("error", [ExecFailed("broken pipe"), OSError("stale"), ValueError("cut")])
@pytest.mark.parametrize("failures", [0, 2, 3])
def test_a_listing_is_tried_again_and_then_given_up(tree: Tree, failures: int, error: Exception) -> None:
    tree.image("r", "one", "v1")
    store = Moody(by_walk(tree.root), failures, error)
    if failures < 3:
        assert opened(store, Http(tree)).names == ("r",)
    else:
        with pytest.raises(StorageUnavailable, match=f"somewhere could not be listed whole: {error}"):
            opened(store, Http(tree))


def test_blobs_that_cannot_be_read_end_the_storage_inventory(tree: Tree) -> None:
    tree.image("r", "one", "v1")
    store = Moody(by_walk(tree.root), 0, ExecFailed("broken pipe"))
    stored = opened(store, Http(tree))
    store._failures = 9
    with pytest.raises(StorageUnavailable, match="blobs of somewhere cannot be read"):
        list(stored.read(["r"], MemoryCache(), lambda _: ()))


def test_a_run_that_must_end_ends_a_listing(tree: Tree) -> None:
    class Stopping(Quiet):
        def check(self) -> None:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        open_storage(by_walk(tree.root), Http(tree), NOW, Stopping(), Quiet())  # type: ignore[arg-type]


# whether it is this registry's store


def test_a_registry_that_says_the_same(tree: Tree) -> None:
    for number in range(12):
        tree.image(f"r{number}", "one", "v1", days=number)
    assert len(opened(by_walk(tree.root), Http(tree)).names) == 12


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        pytest.param({("r", "v2"): "sha256:" + "9" * 64}, "v2", id="a tag that is not in the store"),
        pytest.param({("r", "v1"): "sha256:" + "9" * 64}, "v1", id="a tag that points elsewhere"),
    ],
)
def test_another_registry_is_not_believed(tree: Tree, changed: Any, named: str) -> None:
    tree.image("r", "one", "v1")
    http = Http(tree)
    http.changed = changed
    with pytest.raises(StorageUnavailable, match=f"differ in tag {named} of r"):
        opened(by_walk(tree.root), http)


def test_an_empty_folder_of_a_full_registry_is_not_believed(tree: Tree) -> None:
    http = Http(tree)
    http.changed = {("r", "v1"): "sha256:" + "9" * 64}
    with pytest.raises(StorageUnavailable, match="is empty, and the registry has the repository r"):
        opened(by_walk(tree.root), http)


def test_a_push_between_listing_and_asking_is_no_difference(tree: Tree) -> None:
    tree.image("r", "one", "v1", days=2)
    new = tree.image("r", "two", days=1)

    class Pushed(Http):
        def tags(self, name: str) -> tuple[str, ...]:
            self.tree.tag("r", "v1", new)
            self.tree.tag("r", "v2", new)
            return super().tags(name)

    assert opened(by_walk(tree.root), Pushed(tree)).names == ("r",)


def test_a_repository_that_the_registry_cannot_answer_for_says_nothing(tree: Tree) -> None:
    tree.image("bad", "one", "v1", days=1)
    tree.image("good", "one", "v1", days=2)
    http = Http(tree)
    http.broken = {"bad"}
    assert opened(by_walk(tree.root), http).names == ("bad", "good")
    http.broken = {"bad", "good"}
    with pytest.raises(RegistryUnreachable):
        opened(by_walk(tree.root), http)


TYPES = [
    (b'{"mediaType": "x/y", "schemaVersion": 2}', "x/y"),
    (b'{"schemaVersion": 2, "manifests": []}', OCI_INDEX),
    (b'{"schemaVersion": 2, "manifests": null}', OCI_MANIFEST),
    (b'{"schemaVersion": 2, "layers": []}', OCI_MANIFEST),
    (b'{"schemaVersion": 1}', DOCKER_SCHEMA1),
    (b"[]", ""),
    (b"{", ""),
]


@pytest.mark.parametrize(("body", "expected"), TYPES)
def test_the_type_of_a_manifest_that_does_not_say_it(body: bytes, expected: str) -> None:
    from regsweep.steps.storage.manifests import media_type_of

    assert media_type_of(body) == expected
