from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.inventory import NOTHING_IN_USE, Finding
from regsweep.core.oci import Kind, Manifest
from regsweep.core.outcome import Kept
from regsweep.core.plan import Counts, Plan
from regsweep.core.plan_file import (
    check_applicable,
    digest_of_plan,
    plan_from_json,
    plan_schema,
    plan_to_json,
)
from regsweep.core.planning import PlanBuilder, over_limit
from regsweep.core.retention import judge
from regsweep.errors import PlanExpired, PlanUnreadable, PolicyChanged
from tests.unit.core.shelf import NOW, Shelf, digest, policy

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "plan.schema.json"
POLICY = "sha256:" + "1" * 64
REGISTRY = "http://registry:5000"
WEEK: dict[str, Any] = {"tags": {"exclude": ["keep*"]}, "keep": {"youngerThan": "7d"}}


def build(
    *shelves: Shelf, unread: tuple[str, ...] = (), whole: bool = True, measured: int | None = None, **limits: Any
) -> tuple[Plan, PlanBuilder]:
    spec = policy(WEEK, limits={"maxDeletionPercent": 100, "minimumAge": "0s", **limits})
    builder = PlanBuilder()
    for shelf in shelves:
        repository = shelf.repository()
        builder.add(repository, judge(repository, spec, NOTHING_IN_USE, NOW))
    for name in unread:
        builder.unread(name)
    plan = builder.build(
        registry=REGISTRY,
        policy="nightly",
        spec=spec,
        policy_digest=POLICY,
        inventory="API",
        now=NOW,
        whole_registry=whole,
        inventory_reason="the policy says so",
        measured=measured,
    )
    return plan, builder


def two_images(name: str = "team/app") -> Shelf:
    """One that goes and one that stays: 1000 bytes of layer shared, 2000 not."""
    shelf = Shelf(name)
    shelf.image("old", 100, layers=("shared", "own", "own too"))
    shelf.image("new", 100, layers=("shared",))
    shelf.tag("v1", "old")
    shelf.tag("keep", "new")
    return shelf


def test_bytes_are_counted_once_and_only_where_nothing_else_needs_them():
    plan, builder = build(two_images())
    assert plan.bytes == 500 + 100 + 2000  # the manifest, its config, its own layers
    assert plan.expected_marks == 3  # the other manifest, its config, the shared layer
    assert plan.bytes_are_upper_bound is False
    assert plan.counts == Counts(1, 2, 2, 1, 1)
    assert builder.kept() == Kept({"kept.no-rule": 1}, {"team/app": (1, 1)})


def test_a_blob_that_another_repository_needs_is_not_promised():
    other = Shelf("team/web")
    other.image("web", 1, layers=("own",))
    other.tag("keep", "web")
    same = Shelf("team/copy")
    same.image("old", 100, layers=("shared", "own", "own too"))
    same.tag("v1", "old")
    assert build(two_images(), other)[0].bytes == 500 + 100 + 1000
    assert build(two_images(), same)[0].bytes == 500 + 100 + 2000


def test_who_can_measure_is_told_what_is_promised_and_has_the_last_word():
    _, builder = build(two_images(), two_images("team/copy"))
    assert sorted(builder.freed()) == sorted(map(digest, ("old", "config of old", "own", "own too")))
    assert build(two_images(), measured=77)[0].bytes == 77
    assert build(two_images(), measured=2**60)[0].bytes == 2**53


def test_a_plan_says_how_the_registry_was_read_and_why():
    plan, _ = build(two_images())
    assert (plan.inventory, plan.inventory_reason) == ("API", "the policy says so")
    assert plan_from_json(plan_to_json(plan)).inventory_reason == "the policy says so"


def test_what_reading_found_broken_is_among_the_findings():
    broken = Finding("broken.link", "team/app", "a", "is half written")
    builder = PlanBuilder()
    repository = replace(two_images().repository(), findings=(broken,))
    builder.add(repository, judge(repository, policy(WEEK), NOTHING_IN_USE, NOW))
    assert broken in builder.findings()


def test_foreign_layers_free_nothing():
    shelf = Shelf()
    shelf.image("old", 100, layers=("a",))
    manifest = shelf.manifests[digest("old")]
    foreign = manifest.blobs[1].__class__(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", digest("a"), 1000
    )
    shelf.manifests[digest("old")] = Manifest(
        manifest.digest, manifest.media_type, Kind.IMAGE, 500, manifest.config, (manifest.blobs[0], foreign)
    )
    shelf.tag("v1", "old")
    assert build(shelf)[0].bytes == 500 + 100


def test_bytes_are_an_upper_bound_where_not_all_was_seen():
    strange = two_images()
    strange.manifests[digest("x")] = Manifest(digest("x"), "application/x", Kind.UNKNOWN, 1)
    strange.tag("keep-x", "x")
    assert build(two_images(), whole=False)[0].bytes_are_upper_bound is True
    assert build(two_images(), unread=("team/broken",))[0].bytes_are_upper_bound is True
    assert build(strange)[0].bytes_are_upper_bound is True


def test_a_size_that_is_a_lie_cannot_break_the_plan():
    shelf = Shelf()
    shelf.image("old", 100)
    manifest = shelf.manifests[digest("old")]
    lie = manifest.blobs[0].__class__("layer", digest("lie"), 2**63 - 1)
    shelf.manifests[digest("old")] = Manifest(manifest.digest, manifest.media_type, Kind.IMAGE, 500, blobs=(lie,))
    shelf.tag("v1", "old")
    shelf.created[digest("old")] = NOW - timedelta(days=100)
    plan, _ = build(shelf)
    assert plan_from_json(plan_to_json(plan)).bytes == 2**53


def test_a_train_goes_root_first_then_referrers_then_children():
    shelf = Shelf()
    for name in ("amd64", "arm64"):
        shelf.image(name, 100)
    shelf.index("multi", "amd64", "arm64")
    shelf.index("other", "arm64")
    shelf.image("signature")
    shelf.tag("v1", "multi")
    shelf.tag("v2", "other")
    shelf.tag(f"sha256-{digest('multi')[7:]}.sig", "signature")
    plan, _ = build(shelf)
    names = {digest(name): name for name in ("amd64", "arm64", "multi", "other", "signature")}
    assert [(names[a.digest], names[a.root], [names[d] for d in a.after]) for a in plan.actions] == [
        ("multi", "multi", []),
        ("signature", "multi", ["multi"]),
        ("amd64", "multi", ["multi"]),
        ("other", "other", []),
        ("arm64", "other", sorted(["multi", "other"], key=digest)),
    ]
    assert plan.actions[0].tags == ("v1",)


def test_repositories_are_ordered_by_name_whatever_came_first():
    first, second = two_images("a"), two_images("b")
    assert plan_to_json(build(second, first)[0]) == plan_to_json(build(first, second)[0])
    assert [action.repository for action in build(second, first)[0].actions] == ["a", "b"]


def test_a_repository_is_added_once():
    with pytest.raises(ValueError, match="team/app was added twice"):
        build(two_images(), two_images())


LIMITS: list[tuple[Counts, dict[str, int], list[str]]] = [
    (Counts(1, 10, 10, 5, 5), {"maxDeletions": 5, "maxDeletionPercent": 50}, []),
    (Counts(1, 10, 10, 1, 6), {"maxDeletions": 5, "maxDeletionPercent": 100},
     ["6 manifests would be deleted; limits.maxDeletions allows 5"]),
    (Counts(1, 10, 10, 6, 1), {"maxDeletions": 5, "maxDeletionPercent": 100},
     ["6 tags would be deleted; limits.maxDeletions allows 5"]),
    (Counts(1, 1000, 1000, 1, 501), {"maxDeletions": 5000, "maxDeletionPercent": 50},
     ["501 of 1000 manifests (50.1 %) would be deleted; limits.maxDeletionPercent allows 50 %"]),
    (Counts(1, 3, 30, 2, 2), {"maxDeletions": 0, "maxDeletionPercent": 0},
     ["2 manifests would be deleted; limits.maxDeletions allows 0",
      "2 tags would be deleted; limits.maxDeletions allows 0",
      "2 of 30 manifests (6.7 %) would be deleted; limits.maxDeletionPercent allows 0 %",
      "2 of 3 tags (66.7 %) would be deleted; limits.maxDeletionPercent allows 0 %"]),
    (Counts(0, 0, 0, 0, 0), {"maxDeletions": 0, "maxDeletionPercent": 0}, []),
]  # fmt: skip


@pytest.mark.parametrize(("counts", "limits", "expected"), LIMITS)
def test_limits(counts: Counts, limits: dict[str, int], expected: list[str]):
    assert over_limit(counts, policy(WEEK, limits=limits)) == tuple(expected)


def test_a_plan_over_a_limit_is_not_trimmed():
    plan, _ = build(two_images(), maxDeletions=0)
    assert len(plan.actions) == 1
    assert len(plan.over_limit) == 2


def test_a_plan_and_its_file_are_one():
    plan, _ = build(two_images(), unread=("team/broken",))
    text = plan_to_json(plan)
    assert plan_from_json(text) == plan
    assert digest_of_plan(plan) == plan.digest
    jsonschema.validate(json.loads(text), json.loads(plan_schema()))


@pytest.mark.parametrize("repositories", [(), ("one",), ("one", "two")], ids=["none", "one-action", "two-actions"])
def test_the_text_and_the_digest_are_those_that_the_schema_describes(repositories: tuple[str, ...]):
    plan, _ = build(*(two_images(name) for name in repositories))
    text = plan_to_json(plan)
    document = json.loads(text)
    assert len(document["actions"]) == len(repositories)
    assert text == json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"
    del document["digest"]
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert plan.digest == f"sha256:{hashlib.sha256(canonical).hexdigest()}"


@given(st.text(max_size=20), st.text(max_size=20), st.lists(st.text(max_size=8), max_size=3))
def test_whatever_the_words_the_text_is_that_of_the_encoder(media_type: str, reason: str, tags: list[str]):
    plan, _ = build(two_images())
    action = dataclasses.replace(plan.actions[0], media_type=media_type, reason=reason, tags=tuple(tags))
    text = plan_to_json(dataclasses.replace(plan, actions=(action,)))
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) + "\n"
    (read,) = json.loads(text)["actions"]
    assert (read["mediaType"], read["reason"], read["tags"]) == (media_type, reason, tags)


def changed(**fields: Any) -> Callable[[dict[str, Any]], str]:
    return lambda document: json.dumps({**document, **fields})


DAMAGED: dict[str, tuple[Callable[[dict[str, Any]], str], str]] = {
    "not-json": (lambda _: "{", "is not JSON"),
    "deep": (lambda _: "[" * 100_000, "is not JSON"),
    "list": (lambda _: "[]", "no version"),
    "other": (lambda _: "{}", "no version"),
    "newer": (changed(version=2), "is of version 2, and this regsweep understands version 1"),
    "text-version": (changed(version="1"), "is of version 1"),
    "extra": (changed(surprise=1), "surprise is not a field here"),
    "missing": (lambda d: json.dumps({k: v for k, v in d.items() if k != "actions"}), "actions is required"),
    "changed": (changed(bytes=1), "was changed after it was made"),
    "emptied": (changed(actions=[]), "was changed after it was made"),
    "negative": (changed(bytes=-1), "the plan is damaged: bytes"),
}


@pytest.mark.parametrize(("damage", "message"), list(DAMAGED.values()), ids=list(DAMAGED))
def test_a_damaged_plan_is_refused(damage: Callable[[dict[str, Any]], str], message: str):
    plan, _ = build(two_images())
    with pytest.raises(PlanUnreadable) as refused:
        plan_from_json(damage(json.loads(plan_to_json(plan))))
    assert message in str(refused.value)


def test_a_plan_is_applied_for_its_registry_its_policy_and_a_day():
    plan, _ = build(two_images())
    last = NOW + timedelta(hours=24) - timedelta(seconds=1)
    check_applicable(plan, registry=REGISTRY, policy_digest=POLICY, now=last)
    with pytest.raises(PlanExpired, match="expired at 2026-11-24T12:00:00Z"):
        check_applicable(plan, registry=REGISTRY, policy_digest=POLICY, now=NOW + timedelta(hours=24))
    with pytest.raises(PolicyChanged, match="the policy nightly changed"):
        check_applicable(plan, registry=REGISTRY, policy_digest="sha256:" + "2" * 64, now=NOW)
    with pytest.raises(PolicyChanged, match="made for http://registry:5000"):
        check_applicable(plan, registry="http://other", policy_digest=POLICY, now=NOW)


def test_the_published_schema_is_that_of_the_code():
    write = "from regsweep.core.plan_file import plan_schema; print(plan_schema(), end='')"
    assert SCHEMA.read_text() == plan_schema(), f'write it anew: python -c "{write}" > docs/plan.schema.json'
