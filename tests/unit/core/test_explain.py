"""Why one image stays or goes, in its parts: rules, place, age, and what protects it; as text, as JSON, from a plan."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from regsweep.core.explain import Case, Image, explain, explain_plan
from regsweep.core.explain.document import explanation_schema, to_json
from regsweep.core.explain.text import render
from regsweep.core.inventory import InUse
from tests.unit.core.records import action, plan
from tests.unit.core.shelf import NOW, Shelf, digest, policy
from tests.unit.core.versions import ABOUT, RELEASES, REST, explained, shelf_of_versions

SCHEMA = Path(__file__).parents[3] / "docs/explanation.schema.json"


def test_the_chain_of_rules() -> None:
    other = {"name": "other", "repositories": {"include": ["x/**"]}, "keep": {"latest": 1}}
    excluded = {"name": "excluded", "tags": {"include": ["*"], "exclude": ["v3*"]}, "keep": {"latest": 1}}
    said = explained(shelf_of_versions(), "v3.0.0", rules=[other, excluded, RELEASES, REST])
    assert [(part.name, part.selects, part.decides, part.why) for part in said.rules] == [
        ("other", False, False, "repositories.include does not match team/app"),
        ("excluded", False, False, "tags.exclude v3* takes v3.0.0 back"),
        ("releases", True, True, "tags.include v* matches"),
        ("rest", True, False, "tags.include * matches; releases stands before it"),
    ]
    assert said.rules[2].keep == "the first 2 by SemVer"


def test_no_rule_is_asked_about_what_is_protected() -> None:
    said = explained(shelf_of_versions(), "v3.0.0", protect={"tags": ["v3*"]})
    assert [(part.selects, part.decides) for part in said.rules] == [(True, False), (True, False)]
    assert said.rules[0].why.endswith("no rule is asked about this tag")


def test_place_and_neighbours() -> None:
    shelf = shelf_of_versions()
    shelf.tag("v3.0.0-also", "v3")
    said = explained(shelf, "v3.0.0")
    assert said.place is not None
    assert (said.place.rank, said.place.of, said.place.kept, said.place.rule) == (4, 6, 2, "releases")
    assert [(near.rank, near.tags, near.decision) for near in said.place.neighbours] == [
        (2, ("v5.0.0",), "stays"), (3, ("v4.0.0",), "goes"), (4, ("v3.0.0", "v3.0.0-also"), "goes"),
        (5, ("v2.0.0",), "goes"), (6, ("v1.0.0",), "goes"),
    ]  # fmt: skip


def test_many_that_take_no_place_are_not_all_shown() -> None:
    shelf = Shelf(seen={digest(f"i{number}"): NOW - timedelta(days=9) for number in range(50)})
    for number in range(50):
        shelf.image(f"i{number}")
        shelf.tag(f"t{number}", f"i{number}")
    said = explained(shelf, "t30", rules=[{"name": "all", "keep": {"latest": 1}}])
    assert said.place is not None
    assert len(said.place.neighbours) == 3
    assert said.digest in {near.digest for near in said.place.neighbours}
    assert "takes none" in render(said)


@pytest.mark.parametrize(
    ("make", "source", "age", "words"),
    [
        pytest.param(lambda s: s.tag("t", s.image("a", 90) and "a", 3), "tag-push", "3 days", "pushed", id="tag push"),
        pytest.param(
            lambda s: (s.tag("t", s.image("a", 90) and "a"), s.pushed.update({digest("a"): NOW - timedelta(hours=5)})),
            "manifest-push", "5 hours", "manifest was pushed", id="manifest push",
        ),
        pytest.param(lambda s: s.tag("t", s.image("a", 90) and "a"), "created", "90 days", "config", id="created"),
        pytest.param(
            lambda s: (s.image("p", 8), s.image("q", 9), s.index("a", "p", "q"), s.tag("t", "a")),
            "platform-created", "8 days", "newest of its platforms", id="index",
        ),
        pytest.param(
            lambda s: (s.image("a", 20_000), s.tag("t", "a"), s.seen.update({digest("a"): NOW - timedelta(days=2)})),
            "first-seen", "2 days", "no date to be believed", id="first seen",
        ),
        pytest.param(lambda s: s.tag("t", s.image("a") and "a"), "unknown", "unknown", "nobody knows", id="unknown"),
        pytest.param(lambda s: s.tag("t", s.image("a", -400) and "a"), "unknown", "unknown", "believed", id="future"),
    ],
)  # fmt: skip
def test_age_and_where_it_comes_from(make: Any, source: str, age: str, words: str) -> None:
    shelf = Shelf()
    make(shelf)
    found = explained(shelf, "t").age
    assert found is not None
    assert (found.source, found.age) == (source, age)
    assert words in found.note


def test_all_that_protects_and_all_that_it_has_to_do_with() -> None:
    shelf = Shelf()
    shelf.image("amd64", 50)
    shelf.index("index", "amd64")
    shelf.image("signature", 50, subject="index")
    shelf.tag("v1.0.0", "index")
    shelf.tag("latest", "index")
    used = InUse({("team/app", "v1.0.0"): "Pod a/b"})
    said = explained(shelf, "v1.0.0", used, protect={"tags": ["latest"]})
    assert [part.reason for part in said.protections] == [
        "kept.latest", "protected.in-use", "protected.shared-digest"
    ]  # fmt: skip
    assert [(tie.tie, tie.digest, tie.decision) for tie in said.ties] == [
        ("lists", digest("amd64"), "stays"), ("referrer", digest("signature"), "stays"),
    ]  # fmt: skip
    assert [(part.name, part.reason) for part in said.tags] == [
        ("latest", "protected.tag"), ("v1.0.0", "kept.latest")
    ]  # fmt: skip
    child = Case.of(shelf.repository(), policy(RELEASES), used, NOW)
    part = explain(child, None, digest("amd64"), ABOUT)
    assert [(tie.tie, tie.tags) for tie in part.ties] == [("listed-by", ("latest", "v1.0.0"))]
    assert part.protections[0].reason == "protected.child-of"


def test_what_a_plan_says() -> None:
    made = plan(action(1, "team/app", "v1", "v2"), action(2, "team/web"))
    said = explain_plan(made, Image("team/app", "v2", None))
    assert (said.decision, said.reason, said.rule) == ("goes", "expired.builds", "builds")
    assert said.planned is not None
    assert (said.planned.step, said.planned.steps) == (1, 2)
    assert "deletion 1 of 2" in render(said)
    left = explain_plan(made, Image("team/other", "v2", None))
    assert left.decision == "stays"
    assert "does not name team/other" in " ".join(left.notes)


def test_as_text() -> None:
    assert (
        render(explained(shelf_of_versions(), "v4.0.0"))
        == f"""\
team/app:v4.0.0 goes: expired.releases
  Rule releases selects it and keeps it by none of its criteria. Not among the first 2 of 6 by SemVer.

  digest       {digest("v4")} (application/vnd.oci.image.manifest.v1+json)
  age          56 days, since 2026-09-28T12:00:00Z: it was made then, as its config or annotation says
  judged by    policy nightly on http://registry:5000 (inventory), at 2026-11-23T12:00:00Z

rules, in order; the first that selects it decides:
  > releases  decides: tags.include v* matches; it keeps the first 2 by SemVer
    rest      tags.include * matches; releases stands before it

place 3 of 6 by SemVer; the first 2 are kept:
       1  v6.0.0  stays
       2  v5.0.0  stays
        ----- 2 kept
  >    3  v4.0.0  goes
       4  v3.0.0  goes
       5  v2.0.0  goes

nothing protects it

to keep it, change the policy in one of these ways (each was tried on what was read):
      * rules[releases].keep.latest: 2 -> 3
          then stays: kept.latest; no other tag of the repository changes
      * rules[releases].keep.youngerThan: none -> 57d
          then stays: kept.younger-than; no other tag of the repository changes
      * protect.tags += ["v4.0.0"]
          then stays: protected.tag; no other tag of the repository changes
"""
    )


def test_nothing_of_a_registry_is_obeyed_by_a_terminal() -> None:
    shelf = Shelf()
    shelf.image("a", 50)
    shelf.tag("\x1b[2J", "a")
    assert "\x1b" not in render(explained(shelf, "\x1b[2J"))


@pytest.mark.parametrize("tag", ["v1.0.0", "v6.0.0"])
def test_every_explanation_follows_the_schema(tag: str) -> None:
    validator = Draft202012Validator(json.loads(explanation_schema()))
    validator.validate(json.loads(to_json(explained(shelf_of_versions(), tag))))
    validator.validate(json.loads(to_json(explain_plan(plan(action(1, "a", "b")), Image("a", "b", None)))))


def test_the_published_schema_is_that_of_the_code() -> None:
    write = "from regsweep.core.explain.document import explanation_schema as s; print(s(), end='')"
    assert SCHEMA.read_text() == explanation_schema(), f'write it anew: python -c "{write}" > {SCHEMA.name}'
