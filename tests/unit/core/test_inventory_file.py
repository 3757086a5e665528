"""A saved inventory: what comes back, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from regsweep.core import inventory_file
from regsweep.core.inventory import Finding, InUse, Repository, Tag, Unread
from regsweep.core.inventory_file import (
    Header,
    InventoryReader,
    InventoryWriter,
    Skipped,
    Taking,
    inventory_schema,
)
from regsweep.core.oci import Digest, Kind, Manifest
from regsweep.errors import InventoryUnreadable
from tests.unit.core.shelf import NOW, Shelf, digest, policy

SCHEMA = Path(__file__).parents[3] / "docs/inventory.schema.json"

SPEC = policy({"keep": {"latest": 2}}, protect={"tags": ["latest"]})


def everything() -> Repository:
    """One repository with all that a repository can say."""
    shelf = Shelf()
    shelf.image("amd64", 3, ("base",))
    shelf.image("provenance")
    shelf.index("index", "amd64", attestations=("provenance",), blobs=("cache",))
    shelf.image("signature", subject="index")
    own = digest("chart")
    shelf.manifests[own] = Manifest(
        own, "application/x", Kind.UNKNOWN, 2**62, artifact_type="application/vnd.x", created="yesterday, ünïcode"
    )
    shelf.tag("v1", "index", pushed_days=1.5)
    shelf.tag("gone", None)
    shelf.absent = {digest("nothing")}
    shelf.pushed = {digest("index"): NOW - timedelta(microseconds=1)}
    made = shelf.repository()
    finding = Finding("broken.x", made.name, "v1", "is broken")
    return Repository(
        made.name, made.tags, made.manifests, made.created, made.absent, made.pushed, {own: NOW}, (finding,)
    )


def taking(in_use: InUse | None = None, *, whole: bool = True) -> Taking:
    return Taking("API", NOW, whole, in_use)


def lines(*repositories: Repository, in_use: InUse | None = None) -> list[bytes]:
    writer = InventoryWriter()
    header = Header("http://registry:5000", "http://localhost:5000", "registry/nightly", SPEC, taking(in_use))
    return [
        writer.header(header),
        *(writer.repository(each) for each in repositories),
        writer.unread("team/broken", "it answers 500"),
        writer.end(),
    ]


def read(given: list[bytes], only: str | None = None) -> list[Repository | Unread | Skipped]:
    return list(InventoryReader(iter(given)).repositories(only))


def test_everything_comes_back() -> None:
    before = everything()
    after, unread = read(lines(before))
    assert isinstance(after, Repository)
    assert set(after.tags) == set(before.tags)
    assert (after.manifests, after.created, after.pushed) == (before.manifests, before.created, before.pushed)
    assert (after.absent, after.seen, after.findings) == (before.absent, before.seen, before.findings)
    assert unread == Unread("team/broken", "it answers 500")


def test_the_header_comes_back() -> None:
    used = InUse({("team/app", "v1"): "Pod a/b"}, {digest("index"): "Pod c/d"}, lambda name: f"perhaps {name}")
    reader = InventoryReader(iter(lines(everything(), in_use=used)))
    header = reader.header
    assert (header.registry, header.read_at) == ("http://registry:5000", "http://localhost:5000")
    assert (header.policy, header.spec) == ("registry/nightly", SPEC)
    assert (header.taking.inventory, header.taking.taken_at, header.taking.whole) == ("API", NOW, True)
    list(reader.repositories())
    assert header.taking.in_use is not None
    assert (header.taking.in_use.tags, header.taking.in_use.digests) == (used.tags, used.digests)
    assert header.taking.in_use.doubt("team/app") == "perhaps team/app"


def test_nobody_was_asked_is_not_nothing_is_used() -> None:
    assert InventoryReader(iter(lines())).header.taking.in_use is None
    assert InventoryReader(iter(lines(in_use=InUse()))).header.taking.in_use is not None


def test_the_order_of_listing_leaves_no_trace() -> None:
    made = everything()
    turned = dataclasses.replace(made, tags=made.tags[::-1], manifests=dict(reversed(list(made.manifests.items()))))
    assert lines(made) == lines(turned)


def test_only_one_is_looked_into() -> None:
    other = Repository("team/other", (Tag("v1", None),), {})
    assert [type(each) for each in read(lines(everything(), other), "team/other")] == [Skipped, Repository, Unread]


def test_half_a_character_is_written_as_a_question_mark() -> None:
    own = digest("odd")
    odd = Repository("a", (), {own: Manifest(own, "\ud800", Kind.UNKNOWN, 1)})
    after = read(lines(odd))[0]
    assert isinstance(after, Repository)
    assert after.manifests[own].media_type == "?"


def change(old: str, new: str) -> Callable[[list[bytes]], list[bytes]]:
    return lambda given: [line.replace(old.encode(), new.encode()) for line in given]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda given: [], "is not JSON", id="empty"),
        pytest.param(lambda given: [b"\x00\xff\n"], "is not JSON", id="binary"),
        pytest.param(lambda given: [b"[" * 100_000], "is not JSON", id="deep"),
        pytest.param(lambda given: [b"[]\n"], "no inventory", id="a list"),
        pytest.param(lambda given: [b'{"version":1,"policy":"x"}\n'], "no inventory", id="a plan"),
        pytest.param(lambda given: given[1:], "no inventory", id="no header"),
        pytest.param(change('"version":1,', '"version":7,'), "is of version 7", id="version"),
        pytest.param(change('"keep":{', '"kept":{'), "rules[0].keep is required", id="policy of another version"),
        pytest.param(lambda given: given[:-1], "it was cut", id="cut"),
        pytest.param(lambda given: [*given[:1], given[1][:200]], "it was cut", id="cut in a line"),
        pytest.param(lambda given: [given[0], *given[2:]], "was changed", id="a line is missing"),
        pytest.param(change('"name":"v1"', '"name":"v2"'), "was changed", id="changed"),
        pytest.param(lambda given: [*given, b"\n"], "follows the end", id="more"),
        pytest.param(lambda given: [*given[:2], *given[1:]], "holds team/app twice", id="twice"),
        pytest.param(lambda given: [given[0], b'{"else":1}\n', *given[1:]], "neither a repository", id="unknown line"),
        pytest.param(lambda given: [given[0], b'{"repository":7}\n'], "has no name", id="no name"),
        pytest.param(change("sha256:", "sha512:"), "is damaged", id="digest"),
        pytest.param(change('"size":500', '"size":-1'), "is damaged", id="size"),
        pytest.param(change("2026-11-23T12:00:00Z", "0001-01-01T00:00:00+10:00"), "is damaged", id="time"),
        pytest.param(change('"manifests":[', '"manifest":['), "is damaged", id="field"),
    ],
)
def test_what_is_no_whole_inventory_is_refused(damage: Callable[[list[bytes]], list[bytes]], words: str) -> None:
    with pytest.raises(InventoryUnreadable, match=re.escape(words)):
        read(damage(lines(everything())))


def test_a_count_that_does_not_fit_is_refused() -> None:
    given = lines(everything())
    end = json.loads(given[-1])
    end["end"]["repositories"] = 2
    with pytest.raises(InventoryUnreadable, match="counts do not fit"):
        read([*given[:-1], json.dumps(end, separators=(",", ":")).encode() + b"\n"])


def test_a_repository_that_nobody_could_read_back_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory_file, "LONGEST_LINE", 100)
    with pytest.raises(InventoryUnreadable, match="too large"):
        InventoryWriter().repository(everything())


def test_every_line_follows_the_schema() -> None:
    validator = Draft202012Validator(json.loads(inventory_schema()))
    for line in lines(everything(), in_use=InUse({("a", "b"): "c"}, {Digest(digest("x")): "d"})):
        validator.validate(json.loads(line))


def test_the_published_schema_is_that_of_the_code() -> None:
    write = "from regsweep.core.inventory_file import inventory_schema as s; print(s(), end='')"
    assert SCHEMA.read_text() == inventory_schema(), f'write it anew: python -c "{write}" > docs/inventory.schema.json'
