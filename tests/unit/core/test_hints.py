"""What a policy says in vain, and what it does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from regsweep.core import hints
from regsweep.core.hints import HINTS, HintFinder
from tests.unit.core.shelf import policy

DOCS = Path(__file__).resolve().parents[3] / "docs"
KEEP: dict[str, Any] = {"keep": {"latest": 1}}
REGISTRY = {"team/app": ["v1", "v2", "pr-1"], "team/web": ["v3", "latest"], "base/os": ["v9", "stable"]}


EVERYWHERE = ("**",)


def rule(*tags: str, repositories: tuple[str, ...] = EVERYWHERE, exclude: tuple[str, ...] = ()) -> dict[str, Any]:
    selector = {"include": [*tags] or ["*"], "exclude": [*exclude]}
    return {**KEEP, "tags": selector, "repositories": {"include": [*repositories]}}


def found(*rules: dict[str, Any], whole: bool = True, **more: Any) -> list[tuple[str, str]]:
    finder = HintFinder(policy(*rules, **more))
    for name, each in REGISTRY.items():
        finder.add(name, each)
    for finding in (given := finder.findings(whole=whole)):
        assert finding.code in HINTS
        assert ("in the registry" in finding.message) or not whole or "what it selects" in finding.message
    return [(finding.code.removeprefix("hint."), finding.reference) for finding in given]


@pytest.mark.parametrize(
    ("rules", "protect", "expected"),
    [
        pytest.param([rule()], {}, [], id="nothing in vain"),
        pytest.param([rule("v*", "pr-*")], {"tags": ["latest"]}, [], id="protection beside"),
        pytest.param([rule()], {"tags": ["latest"], "repositories": ["base/**"]}, [], id="a part is protected"),
        pytest.param([rule("w*")], {}, [("rule-without-match", "rules[rule-1]")], id="no tag"),
        pytest.param(
            [rule("v*", repositories=("tema/*",))], {}, [("rule-without-match", "rules[rule-1]")], id="no repository"
        ),
        pytest.param(
            [rule("v*", "w*")], {}, [("pattern-without-match", "rules[rule-1].tags.include: w*")], id="one pattern"
        ),
        pytest.param(
            [rule(repositories=("team/*", "tema/*"))], {},
            [("pattern-without-match", "rules[rule-1].repositories.include: tema/*")], id="one repository pattern",
        ),
        pytest.param(
            [rule("v*", exclude=("pr-*",))], {},
            [("pattern-without-match", "rules[rule-1].tags.exclude: pr-*")], id="exclude takes nothing back",
        ),
        pytest.param([rule("*"), rule("v*")], {}, [("rule-shadowed", "rules[rule-2]")], id="shadowed"),
        pytest.param([rule("v1"), rule("v*")], {}, [], id="partly shadowed"),
        pytest.param(
            [rule("latest")], {"tags": ["latest"]}, [("rule-protected", "rules[rule-1]")], id="protected rule"
        ),
        pytest.param(
            [rule("v*", repositories=("base/*",))], {"repositories": ["base/**"]},
            [("rule-protected", "rules[rule-1]")], id="protected repository",
        ),
        pytest.param(
            [rule("v*", "latest")], {"tags": ["latest"]},
            [("pattern-protected", "rules[rule-1].tags.include: latest")], id="protected pattern",
        ),
        pytest.param(
            [rule()], {"tags": ["latset"], "repositories": ["bsae/**"]},
            [
                ("protect-without-match", "protect.tags: latset"),
                ("protect-without-match", "protect.repositories: bsae/**"),
            ],
            id="protect",
        ),
        pytest.param(
            [rule(repositories=("*",))], {}, [("rule-without-match", "rules[rule-1]")], id="a star stops at a slash"
        ),
    ],
)  # fmt: skip
def test_hints(rules: list[dict[str, Any]], protect: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found(*rules, protect=protect) == expected


def test_what_only_the_last_of_many_tags_shows_is_seen() -> None:
    finder = HintFinder(policy(rule("v*", "w*", exclude=("v-no*",)), rule("*"), protect={"tags": ["last"]}))
    many = [f"v{number}" for number in range(5_000)]
    finder.add("team/app", many)
    assert [finding.reference for finding in finder.findings(whole=True)] == [
        "rules[rule-1].tags.include: w*", "rules[rule-1].tags.exclude: v-no*", "rules[rule-2]", "protect.tags: last",
    ]  # fmt: skip
    finder.add("team/web", [*many, "last", "v-no", "w"])
    assert finder.findings(whole=True) == ()


def test_where_a_part_was_read_that_is_said() -> None:
    finder = HintFinder(policy(rule("w*"), protect={"tags": ["x"], "repositories": ["y"]}))
    finder.add("team/app", ["v1"])
    finder.add_name("team/web")
    messages = [finding.message for finding in finder.findings(whole=False)]
    assert messages == [
        "it selects no tag in the one repository that was read",
        "it matches nothing in the one repository that was read",
        "it matches nothing in the registry",
    ]


def test_a_protected_repository_that_was_not_read_counts_by_its_name() -> None:
    finder = HintFinder(policy(rule(), rule("v*", repositories=("base/*",)), protect={"repositories": ["base/**"]}))
    finder.add("team/app", ["v1"])
    finder.add_name("base/os")
    assert [(finding.code, finding.reference) for finding in finder.findings(whole=False)] == [
        ("hint.rule-protected", "rules[rule-2]")
    ]


def test_the_documented_codes_are_those_of_the_code() -> None:
    codes = {value for name, value in vars(hints).items() if name.isupper() and str(value).startswith("hint.")}
    assert codes == HINTS.keys()
    rows = dict(re.findall(r"^\| `(hint\.[^`]+)` \| (.+) \|$", (DOCS / "reasons.md").read_text(), re.MULTILINE))
    assert rows == dict(HINTS)
