"""A repository is read whole or not at all; the order is that of the names; what is known is not read again."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry import Fetched, Head, Reader
from regsweep.core.dating import Memory
from regsweep.core.inventory import Repository, Tag, Unread, reachable
from regsweep.core.oci import OCI_INDEX, OCI_MANIFEST, Digest, digest_of
from regsweep.errors import Cancelled, PartialInventory, RegistryMisbehaved, RegistryUnreachable
from regsweep.steps.scan import UNREACHABLE_IN_A_ROW, census, scan
from regsweep.steps.scan.reading import DEEPEST, WIDEST

IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"


class Store:
    """Reader's methods over dictionaries. `asked` counts questions; `faults` maps a question to what it raises."""

    def __init__(self) -> None:
        self.content: dict[str, dict[str, bytes]] = {}
        self.labels: dict[str, dict[str, str | None]] = {}
        self.configs: dict[str, bytes] = {}
        self.asked: Counter[tuple[str, ...]] = Counter()
        self.faults: dict[tuple[str, ...], Exception] = {}
        self._lock = threading.Lock()

    def put(self, name: str, document: dict[str, object], *tags: str) -> Digest:
        body = json.dumps(document).encode()
        self.content.setdefault(name, {})[digest_of(body)] = body
        self.labels.setdefault(name, {}).update(dict.fromkeys(tags, digest_of(body)))
        return digest_of(body)

    def image(self, name: str, *tags: str, created: str = "", seed: str = "", media: str = IMAGE_CONFIG) -> Digest:
        config = json.dumps({"created": created, "seed": seed or str(tags)}).encode()
        self.configs[digest_of(config)] = config
        descriptor = {"mediaType": media, "digest": digest_of(config), "size": len(config)}
        layer = {"mediaType": "layer", "digest": digest_of(seed.encode()), "size": 1}
        return self.put(name, {"mediaType": OCI_MANIFEST, "config": descriptor, "layers": [layer]}, *tags)

    def index(self, name: str, children: Sequence[str], *tags: str) -> Digest:
        entries = [{"mediaType": OCI_MANIFEST, "digest": child, "size": 1} for child in children]
        return self.put(name, {"mediaType": OCI_INDEX, "manifests": entries, "for": list(tags)}, *tags)

    def ask(self, *question: str) -> None:
        with self._lock:
            self.asked[question] += 1
        for length in range(1, len(question) + 1):
            if fault := self.faults.get(question[:length]):
                raise fault

    def repositories(self) -> list[str]:
        self.ask("catalog")
        return list(self.labels)

    def tags(self, name: str) -> tuple[str, ...]:
        self.ask("tags", name)
        return tuple(sorted(self.labels.get(name, {})))

    def manifest(self, name: str, reference: str) -> Fetched | None:
        self.ask("manifest", name, reference)
        digest = self.labels[name].get(reference, reference)
        body = self.content.get(name, {}).get(digest or "")
        return Fetched(body, OCI_MANIFEST, digest_of(body)) if body is not None else None

    def head(self, name: str, reference: str) -> Head | None:
        self.ask("head", name, reference)
        digest = self.labels[name].get(reference, reference)
        body = self.content.get(name, {}).get(digest or "")
        return Head(digest_of(body), OCI_MANIFEST, len(body)) if body is not None else None

    def config(self, name: str, digest: Digest) -> bytes | None:
        self.ask("config", name, digest)
        return self.configs.get(digest)

    def count(self, verb: str) -> int:
        return sum(number for question, number in self.asked.items() if question[0] == verb)


class Watch:
    """Stop and Progress in one. Stops after so many looks."""

    def __init__(self, looks: int = 10**9) -> None:
        self.looks = looks
        self.begun: list[tuple[str, int | None]] = []
        self.advanced: list[str] = []

    def check(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise Cancelled("asked to stop")

    def wait(self, seconds: float) -> None:
        self.check()

    def begin(self, hop: str, total: int | None = None) -> None:
        self.begun.append((hop, total))

    def advance(self, done: int = 1, detail: str = "") -> None:
        self.advanced.append(detail)

    def say(self, message: str) -> None:
        raise AssertionError(message)


def all_tags(_: str, tags: Sequence[str]) -> Collection[str]:
    return tags


def no_tags(_: str, tags: Sequence[str]) -> Collection[str]:
    return ()


def scanned(
    store: Store,
    *names: str,
    cache: MemoryCache | None = None,
    dated=all_tags,
    watch: Watch | None = None,
    memory: Memory | None = None,
) -> list[Repository | Unread]:
    watch = watch or Watch()
    reader, cache = cast(Reader, store), cache or MemoryCache()
    return list(scan(reader, names, cache, concurrency=4, dated=dated, stop=watch, progress=watch, memory=memory))


def read(store: Store, name: str = "a", **more) -> Repository:
    (found,) = scanned(store, name, **more)
    assert isinstance(found, Repository), found
    return found


def test_tags_manifests_and_all_that_they_reach():
    store = Store()
    amd, arm = store.image("a", seed="amd"), store.image("a", seed="arm")
    inner = store.index("a", [amd, arm])
    outer = store.index("a", [inner], "latest")
    plain = store.image("a", "v1", "stable")
    found = read(store)
    assert found.tags == (Tag("latest", outer), Tag("stable", plain), Tag("v1", plain))
    assert set(found.manifests) == {amd, arm, inner, outer, plain}
    assert found.absent == frozenset()
    assert reachable(found, [outer]) == {outer, inner, amd, arm}


def test_a_tag_without_a_manifest_is_no_error():
    store = Store()
    store.labels["a"] = {"broken": None}
    image = store.image("a", "whole")
    assert read(store).tags == (Tag("broken", None), Tag("whole", image))


def test_a_child_that_is_not_there_is_absent():
    store = Store()
    lost = digest_of(b"lost")
    index = store.index("a", [store.image("a", seed="x"), lost], "latest")
    found = read(store)
    assert found.absent == {lost}
    assert index in found.manifests
    assert lost not in found.manifests


def test_a_child_that_went_is_absent_though_the_cache_knows_it():
    store, cache = Store(), MemoryCache()
    child = store.image("a", seed="x")
    store.index("a", [child], "latest")
    read(store, cache=cache)
    del store.content["a"][child]
    assert read(store, cache=cache).absent == {child}


def test_an_empty_repository():
    store = Store()
    assert read(store, "none") == Repository("none", (), {})


def test_what_was_read_once_is_not_read_again():
    store, cache = Store(), MemoryCache()
    for number in range(20):
        store.image("a", f"v{number}", created="2026-01-01T00:00:00Z", seed=str(number))
    first = read(store, cache=cache)
    assert store.count("manifest") + store.count("head") <= 20 + 4  # the first of each thread finds out that it is cold
    assert store.count("config") == 20
    store.asked.clear()
    second = read(store, cache=cache)
    assert (store.count("manifest"), store.count("config"), store.count("head")) == (0, 0, 20)
    assert second == first


CREATED = "2026-01-02T03:04:05Z"
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_only_the_configs_that_are_needed_are_read():
    store = Store()
    old = store.image("a", "old", created=CREATED, seed="old")
    store.image("a", "new", created=CREATED, seed="new")
    found = read(store, dated=lambda name, tags: [tag for tag in tags if tag == "old"])
    assert found.created == {old: TIME}
    assert store.count("config") == 1


def test_the_age_of_an_index_is_that_of_its_platforms_but_not_of_attestations():
    store = Store()
    amd, proof = store.image("a", seed="amd", created=CREATED), store.image("a", seed="proof", created=CREATED)
    entries = [
        {"mediaType": OCI_MANIFEST, "digest": amd, "size": 1},
        {
            "mediaType": OCI_MANIFEST,
            "digest": proof,
            "size": 1,
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
    ]
    store.put("a", {"mediaType": OCI_INDEX, "manifests": entries}, "latest")
    assert read(store).created == {amd: TIME}


def test_an_annotation_saves_the_config():
    store = Store()
    config = {"mediaType": IMAGE_CONFIG, "digest": digest_of(b"c"), "size": 1}
    annotations = {"org.opencontainers.image.created": CREATED}
    image = store.put("a", {"mediaType": OCI_MANIFEST, "config": config, "annotations": annotations}, "v1")
    assert read(store).created == {image: TIME}
    assert store.count("config") == 0


@pytest.mark.parametrize("created", ["", "yesterday", "0001-01-01T00:00:00+23:59"])
def test_a_created_that_is_none_is_unknown(created: str):
    store = Store()
    store.image("a", "v1", created=created)
    assert read(store).created == {}


def test_a_config_that_is_not_there_is_unknown():
    store = Store()
    store.image("a", "v1", created=CREATED)
    store.configs.clear()
    assert read(store).created == {}


def test_a_chart_is_dated_by_its_annotation_alone():
    store = Store()
    config = {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest_of(b"c"), "size": 1}
    annotations = {"org.opencontainers.image.created": "2026-01-02T04:04:05.123456789+01:00"}
    chart = store.put("a", {"mediaType": OCI_MANIFEST, "config": config, "annotations": annotations}, "1.0.0")
    assert read(store).created == {chart: TIME.replace(microsecond=123456)}
    assert store.count("config") == 0


def test_the_config_of_an_artifact_is_not_read():
    store = Store()
    store.image("a", "chart", created=CREATED, media="application/vnd.cncf.helm.config.v1+json")
    assert read(store).created == {}
    assert store.count("config") == 0


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_what_says_nothing_of_its_age_is_dated_by_its_first_sight():
    store, cache = Store(), MemoryCache()
    undated = store.image("a", "undated", seed="undated")
    epoch = store.image("a", "epoch", created="1970-01-01T00:00:00Z", seed="epoch")
    store.image("a", "dated", created=CREATED, seed="dated")
    store.image("a", "nobody-asks", seed="nobody asks")

    def asked(_: str, tags: Sequence[str]) -> Collection[str]:
        return [tag for tag in tags if tag != "nobody-asks"]

    for later in (NOW, NOW + timedelta(days=2)):
        found = read(store, cache=cache, dated=asked, memory=Memory(later, cache.first_seen))
        assert found.seen == {undated: NOW, epoch: NOW}
    assert read(store, dated=asked).seen == {}


def test_an_index_without_a_date_is_dated_as_a_whole():
    store, cache = Store(), MemoryCache()
    dated, undated = store.image("a", seed="x", created=CREATED), store.image("a", seed="y")
    index = store.index("a", [dated, undated], "latest")
    assert read(store, memory=Memory(NOW, cache.first_seen)).seen == {index: NOW}


def test_an_accessory_whose_subject_is_gone_is_an_orphan_with_an_age():
    store, cache = Store(), MemoryCache()
    there, gone = store.image("a", "v1", created=CREATED), digest_of(b"gone")
    store.image("a", f"sha256-{there[7:]}.sig", seed="follows its subject")
    orphan = store.image("a", f"sha256-{gone[7:]}.sig", seed="orphan")
    found = read(store, memory=Memory(NOW, cache.first_seen))
    assert found.absent == {gone}
    assert found.seen == {orphan: NOW}
    assert store.asked["head", "a", gone] + store.asked["manifest", "a", gone] == 1


def test_a_subject_that_no_tag_reaches_is_found_with_all_that_it_reaches():
    store = Store()
    child = store.image("a", seed="child")
    above = store.put("a", {"mediaType": OCI_MANIFEST, "n": "the subject's subject"})
    body = {"mediaType": OCI_INDEX, "manifests": [{"mediaType": OCI_MANIFEST, "digest": child, "size": 1}]}
    subject = store.put("a", {**body, "subject": {"digest": above, "size": 1}})
    signature = store.image("a", f"sha256-{subject[7:]}.sig", seed="signature")
    by_field = store.put("a", {"mediaType": OCI_MANIFEST, "subject": {"digest": subject, "size": 1}}, "sbom")
    found = read(store)
    assert set(found.manifests) == {child, above, subject, signature, by_field}
    assert found.absent == frozenset()


def test_a_subject_that_cannot_be_asked_for_leaves_its_repository_unread():
    store, gone = Store(), digest_of(b"gone")
    store.image("a", f"sha256-{gone[7:]}.sig")
    store.faults["head", "a", gone] = store.faults["manifest", "a", gone] = FAULT
    assert scanned(store, "a") == [Unread("a", "the answer is cut")]


def test_subjects_of_subjects_without_end_are_refused():
    store = Store()
    digest = store.image("a", seed="x")
    for number in range(DEEPEST + 2):
        body = {"mediaType": OCI_MANIFEST, "n": number, "subject": {"digest": digest, "size": 1}}
        digest = store.put("a", body)
    store.labels["a"]["deep"] = digest
    (found,) = scanned(store, "a")
    assert isinstance(found, Unread)
    assert "levels deep" in found.reason


FAULT = RegistryMisbehaved("the answer is cut")


@pytest.mark.parametrize("verb", ["tags", "manifest", "config"])
def test_one_repository_fails_and_the_others_go_on(verb: str):
    store = Store()
    for name in ("a", "b", "c"):
        store.image(name, "v1", created=CREATED, seed=name)
    store.faults[verb, "b"] = FAULT
    before, middle, after = scanned(store, "a", "b", "c")
    assert isinstance(before, Repository)
    assert isinstance(after, Repository)
    assert middle == Unread("b", "the answer is cut")


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"mediaType": "%s", "manifests": 7}' % OCI_INDEX.encode()])
def test_a_manifest_that_cannot_be_read_makes_its_repository_unread(body: bytes):
    store = Store()
    store.content["a"] = {digest_of(body): body}
    store.labels["a"] = {"v1": digest_of(body)}
    (found,) = scanned(store, "a")
    assert isinstance(found, Unread)
    assert digest_of(body) in found.reason


def test_an_index_of_absurdly_many_entries_is_refused():
    store = Store()
    child = store.image("a", seed="x")
    store.index("a", [child] * (WIDEST + 1), "wide")
    (found,) = scanned(store, "a")
    assert isinstance(found, Unread)
    assert "is not believed" in found.reason


def test_indexes_in_indexes_without_end_are_refused():
    store = Store()
    digest = store.image("a", seed="x")
    for _ in range(DEEPEST + 1):
        digest = store.index("a", [digest])
    store.labels["a"]["deep"] = digest
    (found,) = scanned(store, "a")
    assert isinstance(found, Unread)
    assert "levels deep" in found.reason


def test_a_registry_that_is_gone_ends_the_scan():
    store = Store()
    names = [f"r{number}" for number in range(100)]
    store.faults["tags",] = RegistryUnreachable("nobody answers")
    with pytest.raises(RegistryUnreachable):
        scanned(store, *names)
    assert store.count("tags") < UNREACHABLE_IN_A_ROW + 10


def test_a_stop_ends_the_scan():
    store = Store()
    for number in range(50):
        store.image("a", f"v{number}", seed=str(number))
    with pytest.raises(Cancelled):
        scanned(store, "a", "b", watch=Watch(looks=10))
    assert sum(store.asked.values()) <= 20  # one look before a HEAD and the GET that follows it


def test_a_scan_that_is_left_ends_its_threads():
    store = Store()
    names = [f"r{number}" for number in range(50)]
    watch = Watch()
    before = threading.active_count()
    found = scan(cast(Reader, store), names, MemoryCache(), concurrency=4, dated=all_tags, stop=watch, progress=watch)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert store.count("tags") < 20


def test_progress_is_told():
    store, watch = Store(), Watch()
    scanned(store, "a", "b", watch=watch)
    assert (watch.begun, watch.advanced) == ([("scan", 2)], ["a", "b"])


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 5))
def test_the_order_is_that_of_the_names(sizes: list[int], concurrency: int):
    store, watch = Store(), Watch()
    names = [f"r{number}" for number in range(len(sizes))]
    for name, size in zip(names, sizes, strict=True):
        for number in range(size):
            store.image(name, f"v{number}", seed=f"{name}{number}")
    reader, cache = cast(Reader, store), MemoryCache()
    found = list(scan(reader, names, cache, concurrency=concurrency, dated=no_tags, stop=watch, progress=watch))
    assert [(one.name, len(one.tags)) for one in found if isinstance(one, Repository)] == list(
        zip(names, sizes, strict=True)
    )


def taken(store: Store, cache: MemoryCache | None = None, names: Sequence[str] | None = None):
    watch = Watch()
    reader = cast(Reader, store)
    return census(reader, cache or MemoryCache(), names=names, concurrency=4, stop=watch, progress=watch)


def test_a_census_names_all_that_must_survive():
    store = Store()
    child, lost = store.image("a", seed="child"), digest_of(b"lost")
    index = store.index("a", [child, lost], "latest")
    store.image("a", seed="untagged")
    store.labels["a"]["broken"] = None
    image = store.image("b", "v1", seed="b")
    found = taken(store)
    assert found.roots == (("a", "latest", index), ("b", "v1", image))
    assert found.manifests == {"a": {index, child}, "b": {image}}
    assert digest_of(b"b") in found.blobs["b"]
    assert len(found.blobs["a"]) == 2
    assert {finding.code for finding in found.findings} == {"broken.no-manifest", "broken.missing-content"}
    assert store.count("config") == 0
    assert found.marks() == {index, child, image} | found.blobs["a"] | found.blobs["b"]


def test_a_census_does_not_miss_the_subject_of_an_orphan():
    store = Store()
    store.image("a", f"sha256-{digest_of(b'gone')[7:]}.sig")
    assert taken(store).findings == ()


def test_a_census_of_some_repositories_reads_no_others():
    store = Store()
    store.image("a", "v1")
    store.image("b", "v1")
    assert set(taken(store, names=["b"]).manifests) == {"b"}
    assert store.count("catalog") == 0


@pytest.mark.parametrize("question", [("catalog",), ("tags", "a"), ("manifest", "a")])
def test_a_census_that_is_not_whole_is_none(question: tuple[str, ...]):
    store = Store()
    store.image("a", "v1")
    store.image("a", "v2")
    store.faults[question] = FAULT
    with pytest.raises(PartialInventory, match=r"the answer is cut") as caught:
        taken(store)
    assert "catalog" in str(caught.value) or "repository a" in str(caught.value)
