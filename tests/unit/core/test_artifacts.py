"""What is no plain image has a defined answer each (docs/safety.md, what counts as the age of an image)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regsweep.core.oci import DOCKER_SCHEMA1_SIGNED, OCI_MANIFEST, Descriptor, Kind, Manifest
from tests.unit.core.shelf import NOW, Shelf, blob, digest, policy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEK: dict[str, Any] = {"keep": {"youngerThan": "7d"}}


def chart(shelf: Shelf, days: float | None = None) -> None:
    """Its config is no image's, and is not read: a date can only come from the annotation."""
    config = Descriptor("application/vnd.cncf.helm.config.v1+json", digest("chart's config"), 300)
    shelf.manifests[digest("it")] = Manifest(digest("it"), OCI_MANIFEST, Kind.IMAGE, 500, config, blobs=(config,))
    if days is not None:
        shelf.created[digest("it")] = NOW - timedelta(days=days)


def empty_index(shelf: Shelf) -> None:
    shelf.index("it")


def index_of_attestations(shelf: Shelf) -> None:
    shelf.image("provenance", 30)
    shelf.index("it", attestations=("provenance",))


def index_of_charts(shelf: Shelf) -> None:
    chart(shelf)
    shelf.manifests[digest("chart")] = shelf.manifests.pop(digest("it"))
    shelf.created[digest("chart")] = NOW - timedelta(days=30)
    shelf.index("it", "chart")


def build_cache(shelf: Shelf) -> None:
    shelf.index("it", blobs=("layer 1", "layer 2"))


def index_with_a_missing_platform(shelf: Shelf) -> None:
    shelf.image("amd64", 30)
    shelf.index("it", "amd64", "arm64")
    shelf.absent.add(digest("arm64"))


def index_with_an_opaque_platform(shelf: Shelf) -> None:
    shelf.image("amd64", 30)
    shelf.manifests[digest("odd")] = Manifest(digest("odd"), "application/x", Kind.UNKNOWN, 1)
    shelf.index("it", "amd64", "odd")


def reproducible_image(shelf: Shelf) -> None:
    shelf.image("it")
    shelf.created[digest("it")] = EPOCH


def schema_1(shelf: Shelf) -> None:
    shelf.manifests[digest("it")] = Manifest(
        digest("it"), DOCKER_SCHEMA1_SIGNED, Kind.SCHEMA1, 1, blobs=(blob("layer"),)
    )
    shelf.created[digest("it")] = NOW - timedelta(days=100)


UNDATED = "protected.unknown-age"
GOES = "expired.rule-1"

ANSWERS: list[tuple[Callable[[Shelf], None], str, str]] = [
    (chart, UNDATED, GOES),
    (lambda shelf: chart(shelf, 30), GOES, GOES),
    (lambda shelf: chart(shelf, 3), "kept.younger-than", "kept.younger-than"),
    (empty_index, UNDATED, GOES),
    (index_of_attestations, UNDATED, GOES),
    (index_of_charts, UNDATED, GOES),
    (build_cache, UNDATED, GOES),
    (index_with_a_missing_platform, GOES, GOES),
    (index_with_an_opaque_platform, UNDATED, GOES),
    (reproducible_image, UNDATED, GOES),
    (schema_1, "protected.unknown-type", "protected.unknown-type"),
]
IDS = ["chart", "dated-chart", "young-chart", "empty-index", "index-of-attestations", "index-of-charts", "build-cache",
       "missing-platform", "opaque-platform", "reproducible", "schema-1"]  # fmt: skip


@pytest.mark.parametrize(("make", "unseen", "seen"), ANSWERS, ids=IDS)
def test_an_artifact_of_unclear_age(make: Callable[[Shelf], None], unseen: str, seen: str):
    """First as nobody knows it, then as it was first seen a month ago."""
    shelf = Shelf()
    make(shelf)
    shelf.tag("tag", "it")
    assert shelf.reasons(policy(WEEK)) == {"tag": unseen}
    shelf.seen[digest("it")] = NOW - timedelta(days=30)
    assert shelf.reasons(policy(WEEK)) == {"tag": seen}


SIGNATURE = f"sha256-{digest('subject')[7:]}.sig"


def accessories() -> Shelf:
    """A subject with a cosign signature, whose date is the epoch, and an SBOM that names it itself."""
    shelf = Shelf()
    shelf.image("subject", 30)
    shelf.image("signature")
    shelf.created[digest("signature")] = EPOCH
    shelf.image("sbom", subject="subject")
    shelf.tag(SIGNATURE, "signature")
    shelf.tag("sbom", "sbom")
    return shelf


@pytest.mark.parametrize(("days", "reason"), [("7d", GOES), ("60d", "kept.younger-than")])
def test_accessories_have_no_age_while_their_subject_is_there(days: str, reason: str):
    shelf = accessories()
    shelf.tag("v1", "subject")
    follows = "expired.referrer" if reason == GOES else "protected.referrer-of"
    expected = {"v1": reason, SIGNATURE: follows, "sbom": UNDATED}  # whoever tags an SBOM by a name of its own wants it
    assert shelf.reasons(policy({"keep": {"youngerThan": days}})) == expected


def test_a_subject_that_no_tag_names_keeps_its_accessories():
    judgement = accessories().judge(policy({"keep": {"latest": 0, "youngerThan": "1h"}}, limits={"minimumAge": "0s"}))
    assert judgement.manifests[digest("subject")].reason == "kept.untagged"
    reasons = {tag: verdict.reason for tag, verdict in judgement.tags.items()}
    assert reasons == {SIGNATURE: "protected.referrer-of", "sbom": UNDATED}
    assert not any(verdict.expired for verdict in judgement.manifests.values())


@pytest.mark.parametrize(("seen", "expected"), [(None, UNDATED), (3, "kept.younger-than"), (30, GOES)])
def test_accessories_whose_subject_is_gone_are_judged_by_what_was_seen_of_them(seen: float | None, expected: str):
    shelf = accessories()
    del shelf.manifests[digest("subject")]
    shelf.absent.add(digest("subject"))
    if seen is not None:
        shelf.seen = {digest(name): NOW - timedelta(days=seen) for name in ("signature", "sbom")}
    assert shelf.reasons(policy(WEEK)) == {SIGNATURE: expected, "sbom": expected}


def test_latest_zero_keeps_by_age_alone():
    shelf = Shelf()
    for name, days in [("young", 3), ("old", 30)]:
        shelf.image(name, days)
        shelf.tag(name, name)
    assert shelf.reasons(policy({"keep": {"latest": 0, "youngerThan": "7d"}})) == {
        "young": "kept.younger-than", "old": GOES,
    }  # fmt: skip


def test_a_named_group_is_the_group_wherever_it_stands():
    shelf = Shelf()
    for days, tag in enumerate(["1-main", "2-main", "1-dev"], start=2):
        shelf.image(tag, days)
        shelf.tag(tag, tag)
    keep = {"latest": 1, "per": r"/^(\d+)-(?P<group>.*)$/"}
    assert shelf.reasons(policy({"keep": keep})) == {"1-main": "kept.latest", "2-main": GOES, "1-dev": "kept.latest"}


@pytest.mark.parametrize(
    ("order_by", "tags", "kept"),
    [
        ("CreatedTime", ["build-9", "build-10"], "build-10"),
        ("CreatedTime", ["b", "a", "C"], "b"),
        ("SemVer", ["1.0.0", "v1.0.0"], "v1.0.0"),
        ("SemVer", ["1.0.0_9", "1.0.0_10"], "1.0.0_10"),
        ("SemVer", ["1.0.0-rc.1", "1.0.0"], "1.0.0"),
        ("Numeric", ["a1", "a01"], "a1"),
        ("Alphabetical", ["v9", "v10"], "v9"),
    ],
)
def test_ties_break_by_natural_order_then_by_name(order_by: str, tags: list[str], kept: str):
    for order in (tags, tags[::-1]):
        shelf = Shelf()
        for tag in order:
            shelf.image(tag, 30)
            shelf.tag(tag, tag)
        reasons = shelf.reasons(policy({"keep": {"latest": 1, "orderBy": order_by}}))
        assert [tag for tag, reason in reasons.items() if reason == "kept.latest"] == [kept]


def test_a_wide_index_is_judged_like_any_other():
    shelf = Shelf()
    names = [f"platform {number}" for number in range(20_000)]
    for name in names:
        shelf.image(name, 30)
    shelf.index("it", *names)
    shelf.tag("tag", "it")
    judgement = shelf.judge(policy(WEEK))
    assert judgement.tags["tag"].reason == GOES
    assert {judgement.manifests[digest(name)].reason for name in names} == {"expired.child"}
