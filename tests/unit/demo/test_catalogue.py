"""The demo's story has all its characters, and a grid is as regular as it says."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from regsweep.demo.catalogue import demo_images, grid
from regsweep.demo.documents import Artifact
from regsweep.demo.kinds import all_kinds

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEMO = demo_images(NOW)


def created(artifact: Artifact) -> str:
    first = artifact.document.children[0] if artifact.document.children else artifact.document
    return str(json.loads(first.blobs[0].content)["created"])


def test_the_demo_is_of_the_size_it_says() -> None:
    contents = {digest: size for each in DEMO for digest, size in each.document.sizes().items()}
    assert 290 <= len(DEMO) <= 340
    assert len({each.repository for each in DEMO}) == 14
    assert 10_000_000 < sum(contents.values()) < 40_000_000


def test_the_demo_is_the_same_for_the_same_time() -> None:
    assert [each.digest for each in demo_images(NOW)] == [each.digest for each in DEMO]


def test_tags_are_overwritten_and_digests_shared() -> None:
    pushes = Counter((each.repository, tag) for each in DEMO for tag in each.tags)
    services = ("team-a/web", "team-a/api", "team-b/shop")
    twice = {place for place, count in pushes.items() if count == 2}
    assert twice == {(service, tag) for service in services for tag in ("latest", "hotfix")}
    assert max(pushes.values()) == 2
    assert any(len(each.tags) >= 3 for each in DEMO)


def test_ages_are_spread_over_120_days_and_none_is_in_the_last_hour() -> None:
    times = [datetime.fromisoformat(created(each)) for each in DEMO if each.repository == "ci/pr-builds"]
    assert times == sorted(times)
    assert NOW - timedelta(days=120) < times[0] < NOW - timedelta(days=110)
    assert times[-1] == NOW - timedelta(hours=3)


def test_a_grid_is_regular() -> None:
    made = grid(NOW, repositories=3, tags=12)
    assert Counter(each.repository for each in made) == {f"grid/repo-{row:02}": 12 for row in range(3)}
    column = [each for each in made if each.repository == "grid/repo-01"]
    assert [each.tags for each in column] == [(f"v{number}",) for number in range(12)]
    assert [created(each) for each in column] == sorted(created(each) for each in column)
    assert len({each.digest for each in made}) == 36


def test_all_kinds_are_over_two_hundred() -> None:
    assert len(all_kinds(NOW, repositories=10)) > 200
