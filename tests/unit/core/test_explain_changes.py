"""The smallest changes that decide otherwise, and where none is proposed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regsweep.core.explain import Case, Explanation, explain
from regsweep.core.inventory import NOTHING_IN_USE, InUse
from tests.unit.core.shelf import NOW, Shelf, digest, policy
from tests.unit.core.versions import ABOUT, RELEASES, REST, explained, shelf_of_versions


def edits(said: Explanation) -> list[tuple[str, ...]]:
    return [change.edits for change in said.changes]


def test_what_goes_can_be_kept_by_place_age_or_name() -> None:
    said = explained(shelf_of_versions(), "v3.0.0")
    assert edits(said) == [
        ('protect.tags += ["v3.0.0"]',),
        ("rules[releases].keep.latest: 2 -> 4",),
        ("rules[releases].keep.youngerThan: none -> 58d",),
    ]
    assert [(change.decision, change.also_kept) for change in said.changes] == [
        ("stays", 0), ("stays", 1), ("stays", 1)
    ]  # fmt: skip


def test_a_later_rule_that_would_keep_it_is_moved_up() -> None:
    later = {"name": "later", "tags": {"include": ["v3*"]}, "keep": {"latest": 5}}
    assert ("rules: move later before releases",) in edits(
        explained(shelf_of_versions(), "v3.0.0", rules=[RELEASES, later])
    )


def test_what_stays_on_several_accounts_needs_several_edits() -> None:
    shelf = shelf_of_versions()
    shelf.tag("stable", "v6")
    rules = [RELEASES | {"keep": {"latest": 2, "orderBy": "SemVer", "youngerThan": "80d"}}]
    said = explained(shelf, "v5.0.0", rules=rules)
    assert ("rules[releases].keep.latest: 2 -> 1", "rules[releases].keep.youngerThan: 80d -> 55d") in edits(said)
    said = explained(shelf, "v6.0.0", rules=[RELEASES], protect={"tags": ["stable"]})
    assert all('protect.tags -= ["stable"]' in each for each in edits(said))
    assert edits(said)


@pytest.mark.parametrize(
    ("spec", "edit"),
    [
        pytest.param(
            {"protect": {"repositories": ["team/**"]}}, 'protect.repositories -= ["team/**"]', id="repository"
        ),
        pytest.param({"protect": {"tags": ["v1*"]}}, 'protect.tags -= ["v1*"]', id="tag"),
        pytest.param({"limits": {"minimumAge": "90d"}}, "limits.minimumAge: 90d -> 59d", id="minimum age"),
        pytest.param(
            {"rules": []},
            'rules: put first {name: only-this, repositories: {include: ["team/app"]}, tags: {include: ["v1.0.0"]}, '
            "keep: {youngerThan: 59d}}",
            id="no rule",
        ),
    ],
)
def test_what_lets_it_go(spec: dict[str, Any], edit: str) -> None:
    said = explained(shelf_of_versions(), "v1.0.0", **spec)
    assert said.decision == "stays"
    assert (edit,) in edits(said)


@pytest.mark.parametrize("days", [0.5, 3.0, 40.0])
def test_untagged_manifests(days: float) -> None:
    shelf = Shelf(pushed={digest("old"): NOW - timedelta(days=days)})
    shelf.image("old")
    for older, decision in (("1d", "goes" if days >= 1 else "stays"), ("30d", "goes" if days >= 30 else "stays")):
        case = Case.of(shelf.repository(), policy(untagged={"olderThan": older}), NOTHING_IN_USE, NOW)
        said = explain(case, None, digest("old"), ABOUT)
        assert said.decision == decision
        assert said.changes[0].edits[0].startswith(f"untagged.olderThan: {older} -> ")


@pytest.mark.parametrize(
    ("tag", "words"),
    [("used", "in use"), ("undated", "no age"), ("odd", "not understood"), ("none", "nothing to delete")],
)
def test_where_nothing_is_proposed_that_is_said(tag: str, words: str) -> None:
    shelf = Shelf()
    shelf.image("used", 50)
    shelf.image("undated")
    shelf.manifests[digest("odd")] = shelf.repository().manifests[digest("used")].__class__(
        digest("odd"), "application/x", "unknown", 1  # type: ignore[arg-type]
    )  # fmt: skip
    for name in ("used", "undated", "odd"):
        shelf.tag(name, name)
    shelf.tag("none", None)
    said = explained(shelf, tag, InUse({("team/app", "used"): "Pod a/b"}), rules=[REST])
    assert (said.decision, said.changes) == ("stays", ())
    assert words in " ".join(said.notes)
