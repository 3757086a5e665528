from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regsweep.core.ages import Ages, AgeSource
from regsweep.core.inventory import InUse
from regsweep.core.oci import Kind, Manifest
from regsweep.core.selection import dated_tags, selects_repository
from tests.unit.core.shelf import NOW, Shelf, digest, policy

KEEP_ONE: dict[str, Any] = {"keep": {"latest": 1}}
KEEP_WEEK: dict[str, Any] = {"keep": {"youngerThan": "7d"}}


def test_no_rule_keeps_all():
    shelf = Shelf()
    shelf.image("a", 100)
    shelf.tag("v1", "a")
    assert shelf.reasons(policy()) == {"v1": "kept.no-rule"}
    assert shelf.reasons(policy({**KEEP_WEEK, "tags": {"include": ["pr-*"]}})) == {"v1": "kept.no-rule"}
    assert shelf.reasons(policy({**KEEP_WEEK, "repositories": {"include": ["other/*"]}})) == {"v1": "kept.no-rule"}


def test_the_first_rule_that_selects_decides():
    shelf = Shelf()
    for name in ("pr-1", "v1"):
        shelf.image(name, 30)
        shelf.tag(name, name)
    spec = policy({"tags": {"include": ["pr-*"]}, "keep": {"youngerThan": "60d"}}, KEEP_WEEK)
    assert shelf.reasons(spec) == {"pr-1": "kept.younger-than", "v1": "expired.rule-2"}


def test_latest_counts_images_and_tags_share_the_best_place():
    shelf = Shelf()
    for days, name in enumerate(["new", "middle", "old"], start=1):
        shelf.image(name, days)
    for tag, name in [("v3", "new"), ("also-v3", "new"), ("v2", "middle"), ("v1", "old"), ("v1-again", "old")]:
        shelf.tag(tag, name)
    assert shelf.reasons(policy({"keep": {"latest": 2}})) == {
        "v3": "kept.latest", "also-v3": "kept.latest", "v2": "kept.latest", "v1": "expired.rule-1",
        "v1-again": "expired.rule-1",
    }  # fmt: skip


def test_criteria_are_joined_by_or():
    shelf = Shelf()
    for name, days in [("a", 1), ("b", 3), ("c", 30)]:
        shelf.image(name, days)
        shelf.tag(name, name)
    spec = policy({"keep": {"latest": 1, "youngerThan": "7d"}})
    assert shelf.reasons(spec) == {"a": "kept.latest", "b": "kept.younger-than", "c": "expired.rule-1"}


@pytest.mark.parametrize(
    ("order_by", "kept"),
    [("PushTime", "v9"), ("CreatedTime", "v1.0.0"), ("SemVer", "v1.0.0"), ("Numeric", "v10"), ("Alphabetical", "v9")],
)
def test_order(order_by: str, kept: str):
    shelf = Shelf()
    for tag, created, pushed in [("v1.0.0", 1, 30), ("v10", 20, 20), ("v9", 30, 2)]:
        shelf.image(tag, created)
        shelf.tag(tag, tag, pushed)
    reasons = shelf.reasons(policy({"keep": {"latest": 1, "orderBy": order_by}}))
    assert [tag for tag, reason in reasons.items() if reason == "kept.latest"] == [kept]


def test_push_time_falls_back_to_the_created_time():
    shelf = Shelf()
    for name, created in [("a", 5), ("b", 50)]:
        shelf.image(name, created)
    shelf.tag("a", "a")
    shelf.tag("b", "b", pushed_days=2)
    assert shelf.reasons(policy(KEEP_ONE)) == {"b": "kept.latest", "a": "expired.rule-1"}


def test_per_counts_group_by_group_and_keeps_what_is_in_none():
    shelf = Shelf()
    for days, tag in enumerate(["main-0000001", "main-0000002", "dev-0000001", "odd"], start=2):
        shelf.image(tag, days)
        shelf.tag(tag, tag)
    spec = policy({"keep": {"latest": 1, "per": "/^(.*?)-[0-9a-f]{7,}$/"}})
    assert shelf.reasons(spec) == {
        "main-0000001": "kept.latest", "main-0000002": "expired.rule-1", "dev-0000001": "kept.latest",
        "odd": "kept.no-group",
    }  # fmt: skip


def test_what_is_no_version_is_kept_under_semver():
    shelf = Shelf()
    for tag in ("1.0.0", "2.0.0", "20240101", "latest"):
        shelf.image(tag, 100)
        shelf.tag(tag, tag)
    assert shelf.reasons(policy({"keep": {"latest": 1, "orderBy": "SemVer"}})) == {
        "1.0.0": "expired.rule-1", "2.0.0": "kept.latest", "20240101": "kept.not-a-version",
        "latest": "kept.not-a-version",
    }  # fmt: skip


USELESS = {
    "none": None, "zero": datetime(1, 1, 1, tzinfo=UTC), "epoch": datetime(1970, 1, 1, tzinfo=UTC),
    "zip": datetime(1980, 1, 1, 0, 0, 1, tzinfo=UTC), "future": NOW + timedelta(days=3),
}  # fmt: skip


@pytest.mark.parametrize("created", list(USELESS.values()), ids=list(USELESS))
def test_a_tag_of_unknown_age_is_kept_and_takes_no_place(created: datetime | None):
    shelf = Shelf()
    shelf.image("odd")
    if created is not None:
        shelf.created[digest("odd")] = created
    shelf.image("a", 10)
    shelf.image("b", 20)
    for name in ("odd", "a", "b"):
        shelf.tag(name, name)
    expected = {"odd": "protected.unknown-age", "a": "kept.latest", "b": "expired.rule-1"}
    assert shelf.reasons(policy(KEEP_ONE)) == expected


def test_a_push_from_the_future_is_not_replaced_by_an_old_created_time():
    shelf = Shelf()
    shelf.image("a", 300)
    shelf.tag("a", "a", pushed_days=-3)
    assert shelf.reasons(policy(KEEP_WEEK)) == {"a": "protected.unknown-age"}


def test_an_image_is_at_least_as_old_as_its_first_sight():
    shelf = Shelf()
    for name, days in [("new", 1), ("old", 10)]:
        shelf.image(name)
        shelf.seen[digest(name)] = NOW - timedelta(days=days)
        shelf.tag(name, name)
    shelf.image("never-noted")
    shelf.tag("never-noted", "never-noted")
    assert shelf.reasons(policy(KEEP_WEEK)) == {
        "new": "kept.younger-than", "old": "expired.rule-1", "never-noted": "protected.unknown-age",
    }  # fmt: skip
    expected = {"new": "protected.minimum-age", "old": "expired.rule-1", "never-noted": "protected.unknown-age"}
    spec = policy({"keep": {"latest": 0, "youngerThan": "1h"}}, limits={"minimumAge": "2d"})
    assert shelf.reasons(spec) == expected


@pytest.mark.parametrize("order_by", ["PushTime", "CreatedTime"])
def test_a_first_sight_takes_no_place_and_stands_where_an_image_of_that_time_would(order_by: str):
    shelf = Shelf()
    for name, days in [("a", 10), ("b", 20), ("c", 30)]:
        shelf.image(name, days)
        shelf.tag(name, name)
    for name, days in [("seen-5", 5), ("seen-15", 15), ("seen-25", 25)]:
        shelf.image(name)
        shelf.seen[digest(name)] = NOW - timedelta(days=days)
        shelf.tag(name, name)
    assert shelf.reasons(policy({"keep": {"latest": 2, "orderBy": order_by}})) == {
        "a": "kept.latest", "b": "kept.latest", "c": "expired.rule-1",
        "seen-5": "kept.latest", "seen-15": "kept.latest", "seen-25": "expired.rule-1",
    }  # fmt: skip


def test_a_push_or_a_date_says_more_than_a_first_sight():
    shelf = Shelf()
    for name, created, pushed in [("created", 100, None), ("pushed", None, 100), ("future", None, -3)]:
        shelf.image(name, created)
        shelf.tag(name, name, pushed_days=pushed)
        shelf.seen[digest(name)] = NOW - timedelta(days=3)
    shelf.seen[digest("future")] = NOW - timedelta(days=300)
    assert shelf.reasons(policy(KEEP_WEEK)) == {
        "created": "expired.rule-1", "pushed": "expired.rule-1", "future": "protected.unknown-age",
    }  # fmt: skip


def test_a_first_sight_from_the_future_is_none():
    shelf = Shelf()
    shelf.image("a")
    shelf.tag("a", "a")
    shelf.seen[digest("a")] = NOW + timedelta(days=3)
    assert shelf.reasons(policy(KEEP_WEEK)) == {"a": "protected.unknown-age"}


def test_the_source_of_an_age_can_be_told():
    shelf = Shelf()
    for name in ("created", "pushed", "revision", "seen", "unknown"):
        shelf.image(name, 5 if name == "created" else None)
        shelf.tag(name, name, pushed_days=4 if name == "pushed" else None)
    shelf.pushed[digest("revision")] = shelf.seen[digest("seen")] = NOW - timedelta(days=3)
    ages = Ages(shelf.repository(), NOW)
    found = {tag.name: (ages.source(tag), ages.began(tag)) for tag in shelf.tags}
    assert found == {
        "created": (AgeSource.CREATED, NOW - timedelta(days=5)), "pushed": (AgeSource.PUSHED, NOW - timedelta(days=4)),
        "revision": (AgeSource.PUSHED, NOW - timedelta(days=3)), "seen": (AgeSource.SEEN, NOW - timedelta(days=3)),
        "unknown": (None, None),
    }  # fmt: skip


def test_unknown_age_matters_to_minimum_age_alone():
    shelf = Shelf()
    for tag in ("1.0.0", "2.0.0"):
        shelf.image(tag)
        shelf.tag(tag, tag)
    rule = {"keep": {"latest": 1, "orderBy": "SemVer"}}
    assert shelf.reasons(policy(rule))["1.0.0"] == "protected.unknown-age"
    assert shelf.reasons(policy(rule, limits={"minimumAge": "0s"}))["1.0.0"] == "expired.rule-1"


def test_minimum_age():
    shelf = Shelf()
    for tag, days in [("1.0.0", 0.01), ("2.0.0", 0.01)]:
        shelf.image(tag, days)
        shelf.tag(tag, tag)
    spec = policy({"keep": {"latest": 1, "orderBy": "SemVer"}})
    assert shelf.reasons(spec) == {"1.0.0": "protected.minimum-age", "2.0.0": "kept.latest"}


def test_an_index_is_as_old_as_its_newest_platform():
    shelf = Shelf()
    shelf.image("amd64", 30)
    shelf.image("arm64", 2)
    shelf.image("provenance", 0)
    shelf.index("multi", "amd64", "arm64", attestations=("provenance",))
    shelf.tag("v1", "multi")
    assert shelf.reasons(policy({"keep": {"youngerThan": "3d"}})) == {"v1": "kept.younger-than"}
    assert shelf.reasons(policy({"keep": {"youngerThan": "1d"}})) == {"v1": "expired.rule-1"}
    del shelf.created[digest("amd64")]
    assert shelf.reasons(policy({"keep": {"youngerThan": "1d"}})) == {"v1": "protected.unknown-age"}
    shelf.created[digest("multi")] = NOW - timedelta(days=2)
    assert shelf.reasons(policy({"keep": {"youngerThan": "1d"}})) == {"v1": "expired.rule-1"}


def test_protection_by_name_wins_and_takes_no_place():
    shelf = Shelf()
    for days, tag in enumerate(["latest", "v2", "v1"], start=10):
        shelf.image(tag, days)
        shelf.tag(tag, tag)
    spec = policy(KEEP_ONE, protect={"tags": ["latest"]})
    assert shelf.reasons(spec) == {"latest": "protected.tag", "v2": "kept.latest", "v1": "expired.rule-1"}
    spec = policy(KEEP_ONE, protect={"repositories": ["team/**"]})
    assert set(shelf.reasons(spec).values()) == {"protected.repository"}


def test_a_shared_digest_stays_for_the_tag_that_is_kept():
    shelf = Shelf()
    shelf.image("a", 100)
    shelf.tag("pr-1", "a")
    shelf.tag("release", "a")
    judgement = shelf.judge(policy({**KEEP_WEEK, "tags": {"include": ["pr-*"]}}))
    assert (judgement.tags["pr-1"].reason, judgement.tags["pr-1"].because) == ("protected.shared-digest", "release")
    assert judgement.manifests[digest("a")].reason == "kept.no-rule"


def test_an_index_takes_along_what_nothing_else_needs():
    shelf = Shelf()
    for child in ("only-old", "shared", "tagged", "provenance"):
        shelf.image(child, 100)
    shelf.index("old", "only-old", "shared", "tagged", attestations=("provenance",))
    shelf.index("new", "shared")
    shelf.tag("pr-1", "old")
    shelf.tag("keep", "new")
    shelf.tag("keep-too", "tagged")
    judgement = shelf.judge(policy({**KEEP_WEEK, "tags": {"include": ["pr-*"]}}))
    assert {name: judgement.manifests[digest(name)].reason for name in
            ("old", "only-old", "provenance", "shared", "tagged", "new")} == {
        "old": "expired.rule-1", "only-old": "expired.child", "provenance": "expired.child",
        "shared": "protected.child-of", "tagged": "kept.no-rule", "new": "kept.no-rule",
    }  # fmt: skip


def test_accessories_follow_their_subject_at_any_depth():
    shelf = Shelf()
    for name in ("old", "new"):
        shelf.image(name, 100)
        shelf.image(f"signature of {name}")
        shelf.image(f"sbom of {name}", subject=name)
        shelf.index(f"referrers of {name}", f"sbom of {name}")
        shelf.image(f"signature of the sbom of {name}", subject=f"sbom of {name}")
        shelf.tag(name, name)
        shelf.tag(f"sha256-{digest(name)[7:]}.sig", f"signature of {name}")
        shelf.tag(f"sha256-{digest(name)[7:]}", f"referrers of {name}")
    judgement = shelf.judge(policy({**KEEP_WEEK, "tags": {"exclude": ["new"]}}))
    names = ("signature of", "sbom of", "referrers of", "signature of the sbom of")
    assert {judgement.manifests[digest(f"{name} new")].reason for name in names} == {"protected.referrer-of"}
    assert {judgement.manifests[digest(f"{name} old")].reason for name in names} == {"expired.referrer"}
    assert judgement.tags[f"sha256-{digest('old')[7:]}.sig"].reason == "expired.referrer"
    assert judgement.tags[f"sha256-{digest('new')[7:]}.sig"].reason == "protected.referrer-of"


def test_an_accessory_of_an_unseen_subject_is_kept_until_it_is_known_to_be_absent():
    shelf = Shelf()
    shelf.image("signature", 100)
    tag = f"sha256-{digest('gone')[7:]}.sig"
    shelf.tag(tag, "signature")
    assert shelf.reasons(policy(KEEP_WEEK)) == {tag: "kept.orphan"}
    shelf.absent.add(digest("gone"))
    assert shelf.reasons(policy(KEEP_WEEK)) == {tag: "expired.rule-1"}
    assert shelf.reasons(policy()) == {tag: "kept.no-rule"}


def test_what_is_used_stays_by_tag_by_digest_by_platform_and_by_image_id():
    shelf = Shelf()
    shelf.image("amd64", 100)
    shelf.image("arm64", 100)
    shelf.index("multi", "amd64", "arm64")
    shelf.tag("v1", "multi")
    spec = policy(KEEP_WEEK)
    for in_use in (
        InUse(tags={("team/app", "v1"): "Deployment a/b"}),
        InUse(digests={digest("multi"): "Deployment a/b"}),
        InUse(digests={digest("arm64"): "Deployment a/b"}),
        InUse(digests={digest("config of arm64"): "Deployment a/b"}),
    ):
        judgement = shelf.judge(spec, in_use)
        assert (judgement.tags["v1"].reason, judgement.tags["v1"].because) == ("protected.in-use", "Deployment a/b")
        assert not any(verdict.expired for verdict in judgement.manifests.values())
    assert shelf.reasons(spec, InUse(tags={("other", "v1"): "Deployment a/b"})) == {"v1": "expired.rule-1"}


def test_untagged_manifests_stay_until_the_policy_lets_them_go():
    shelf = Shelf()
    for name, days in [("young", 1), ("old", 10), ("child", 10), ("unknown", None)]:
        shelf.image(name, 500)
        if days is not None:
            shelf.pushed[digest(name)] = NOW - timedelta(days=days)
    shelf.pushed[shelf.index("holder", "child")] = NOW - timedelta(days=1)

    def reasons(**more: Any) -> dict[str, str]:
        verdicts = shelf.judge(policy(KEEP_WEEK, **more)).manifests
        return {name: verdicts[digest(name)].reason for name in ("young", "old", "child", "unknown")}

    stays = {"young": "kept.untagged", "unknown": "protected.unknown-age"}
    assert reasons() == {**stays, "old": "kept.untagged", "child": "kept.untagged"}
    expected = {**stays, "old": "expired.untagged", "child": "protected.child-of"}
    assert reasons(untagged={"olderThan": "3d"}) == expected


def test_what_was_just_pushed_may_be_waiting_for_its_index():
    shelf = Shelf()
    shelf.image("child", 100)
    shelf.index("old", "child")
    shelf.tag("v1", "old", pushed_days=100)
    shelf.pushed = {digest("old"): NOW - timedelta(days=100), digest("child"): NOW - timedelta(minutes=1)}
    judgement = shelf.judge(policy(KEEP_WEEK))
    assert judgement.manifests[digest("old")].reason == "expired.rule-1"
    assert judgement.manifests[digest("child")].reason == "protected.minimum-age"


def test_broken_and_unknown_things_are_kept_and_said():
    shelf = Shelf()
    shelf.tag("dangling", None)
    shelf.tag("unread", "never read")
    strange = digest("strange")
    shelf.manifests[strange] = Manifest(strange, "application/x", Kind.UNKNOWN, 1)
    shelf.tag("strange", "strange")
    shelf.image("a", 100)
    shelf.index("holey", "a", "absent")
    shelf.tag("holey", "holey")
    judgement = shelf.judge(policy(KEEP_WEEK))
    assert {tag: verdict.reason for tag, verdict in judgement.tags.items()} == {
        "dangling": "broken.no-manifest", "unread": "broken.no-manifest", "strange": "protected.unknown-type",
        "holey": "expired.rule-1",
    }  # fmt: skip
    assert [(finding.code, finding.reference) for finding in judgement.findings] == [
        ("broken.missing-child", "holey"), ("broken.no-manifest", "dangling"), ("broken.no-manifest", "unread"),
        ("protected.unknown-type", "strange"),
    ]  # fmt: skip


def test_depth_cycles_and_fan_out_do_not_exhaust_anything():
    shelf = Shelf()
    shelf.image("0", 100)
    for depth in range(1, 5000):
        shelf.index(str(depth), str(depth - 1))
    shelf.tag("deep", "4999")
    shelf.index("a", "b")
    shelf.index("b", "a")
    shelf.tag("cycle", "a")
    assert shelf.reasons(policy(KEEP_WEEK, limits={"minimumAge": "0s"})) == {
        "deep": "expired.rule-1", "cycle": "protected.unknown-age",
    }  # fmt: skip


SELECTS = [
    (policy(), False), (policy(KEEP_ONE), True), (policy(KEEP_ONE, protect={"repositories": ["team/**"]}), False),
    (policy({**KEEP_ONE, "repositories": {"include": ["other"]}}), False),
    (policy({**KEEP_ONE, "repositories": {"exclude": ["team/app"]}}), False),
    (policy(untagged={"olderThan": "1d"}), True),
    (policy({**KEEP_ONE, "repositories": {"include": ["other"]}}, untagged={"olderThan": "1d"}), False),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "expected"), SELECTS)
def test_selects_repository(spec: Any, expected: bool):
    assert selects_repository(spec, "team/app") is expected


def test_only_tags_whose_age_can_matter_are_dated():
    tags = ["v1", "pr-1", "latest", f"sha256-{'a' * 64}.sig", "other"]
    rules = ({"tags": {"include": ["v*"]}, "keep": {"latest": 1, "orderBy": "SemVer"}},
             {"tags": {"include": ["pr-*", "latest", "sha256-*"]}, "keep": {"youngerThan": "7d"}})  # fmt: skip
    protect = {"tags": ["latest"]}
    accessory = tags[3]
    assert dated_tags("team/app", tags, policy(*rules, protect=protect)) == {"v1", "pr-1", accessory}
    bold = policy(*rules, protect=protect, limits={"minimumAge": "0s"})
    assert dated_tags("team/app", tags, bold) == {"pr-1", accessory}
    assert dated_tags("team/app", tags, policy(*rules, protect={"repositories": ["**"]})) == frozenset()
