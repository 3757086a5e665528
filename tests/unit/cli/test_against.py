"""`validate --against`: what a change of policy would change, on files alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from regsweep.core.comparison.document import validation_schema
from tests.command_line import CommandLine
from tests.saved import REGISTRY, keeping, save, versions
from tests.unit.core.shelf import NOW

SCHEMA = Path(__file__).parents[3] / "docs/validation.schema.json"


def test_what_a_change_would_change(regsweep: CommandLine, inventory: Path) -> None:
    policy = regsweep.policy(REGISTRY, **keeping(1))
    ended = regsweep("validate", "-f", policy, "--against", inventory, "-o", "json")
    assert (ended.code, ended.err) == (0, "")
    document = ended.report()
    Draft202012Validator(json.loads(validation_schema())).validate(document)
    (said,) = document["comparisons"]
    assert [(it["repository"], it["tag"], it["before"], it["after"]) for it in said["newlyGone"]] == [
        ("team/app", "v4.0.0", "kept.latest", "expired.newest"),
        ("team/web", "v1.0.0", "kept.latest", "expired.newest"),
    ]
    assert (said["newlyKept"], said["whole"], said["tags"]) == ([], True, 9)
    assert (said["before"]["deletedTags"], said["after"]["deletedTags"]) == (5, 7)
    assert said["after"]["bytes"] > said["before"]["bytes"] > 0
    text = regsweep("validate", "-f", policy, "--against", inventory).out
    assert "newly gone: 2 tags" in text
    assert "- v4.0.0: kept.latest of newest -> expired.newest" in text


@pytest.mark.parametrize(("latest", "allowed", "code"), [(1, 2, 0), (1, 1, 3), (1, 0, 3), (2, 0, 0), (9, 0, 0)])
def test_too_many_that_newly_go_are_refused(
    regsweep: CommandLine, inventory: Path, latest: int, allowed: int, code: int
) -> None:
    policy = regsweep.policy(REGISTRY, **keeping(latest))
    ended = regsweep("validate", "-f", policy, "--against", inventory, "--fail-over", str(allowed))
    assert ended.code == code
    assert "compared with" in ended.out
    assert ("2 tags newly go" in ended.err) is (code == 3)


def test_policies_as_they_were(regsweep: CommandLine, inventory: Path, tmp_path: Path) -> None:
    old = regsweep.policy(REGISTRY, **keeping(1)).rename(tmp_path / "old.yaml")
    new = regsweep.policy(REGISTRY, **keeping(3))
    ended = regsweep("validate", "-f", new, "--before", old, "--against", inventory)
    assert (ended.code, ended.err) == (0, "")
    assert "newly gone: 0 tags" in ended.out
    assert "newly kept: 4 tags" in ended.out


def test_a_new_policy_takes_all_that_it_lets_go(regsweep: CommandLine, inventory: Path, tmp_path: Path) -> None:
    old = regsweep.policy(REGISTRY, **keeping(1)).rename(tmp_path / "old.yaml")
    old.write_text(old.read_text().replace('"test"', '"another"'))
    new = regsweep.policy(REGISTRY, **keeping(2))
    ended = regsweep("validate", "-f", new, "--before", old, "--against", inventory)
    assert "newly gone: 5 tags" in ended.out
    assert "no such policy before" in ended.out


def test_of_several_policies_the_one_of_the_inventory_is_compared(
    regsweep: CommandLine, inventory: Path, tmp_path: Path
) -> None:
    own = regsweep.policy(REGISTRY, **keeping(1))
    sister = tmp_path / "sister.yaml"
    sister.write_text(own.read_text().replace('"test"', '"sister"'))
    foreign = tmp_path / "foreign.yaml"
    foreign.write_text(sister.read_text().replace("127.0.0.1:1", "127.0.0.1:2"))
    ended = regsweep("validate", "-f", own, "-f", sister, "-f", foreign, "--against", inventory, "-o", "json")
    assert ended.code == 0
    assert [it["policy"] for it in ended.report()["comparisons"]] == ["test"]
    assert "sister is not compared" in ended.err
    refused = regsweep("validate", "-f", sister, "-f", foreign, "-f", foreign, "--against", inventory)
    assert refused.code == 0  # the only one of this registry


def test_a_port_forward_is_the_same_registry(regsweep: CommandLine, tmp_path: Path) -> None:
    there = "http://localhost:5000"
    path = save(tmp_path / "inventory", [versions("team/app", 6)], keeping(2), NOW, read_at=there)
    for url in (REGISTRY, there, f"{there}/"):
        assert regsweep("validate", "-f", regsweep.policy(url, **keeping(2)), "--against", path).code == 0


def test_limits_hints_and_gaps_are_said(regsweep: CommandLine, tmp_path: Path) -> None:
    path = save(
        tmp_path / "inventory", [versions("team/app", 6)], keeping(2), NOW, whole=False, unread=["team/broken"]
    )  # fmt: skip
    spec = keeping(1, limits={"maxDeletions": 3, "maxDeletionPercent": 100}, protect={"tags": ["latset"]})
    out = regsweep("validate", "-f", regsweep.policy(REGISTRY, **spec), "--against", path).out
    assert "over a limit, waits for approval: 5 manifests would be deleted" in out
    assert "hint.protect-without-match protect.tags: latset: it matches nothing in the one repository" in out
    assert "1 repositories could not be read, and nothing is known of them: team/broken" in out
    assert "Not the whole registry is in the inventory" in out


def test_what_was_checked_before_is_checked_still(regsweep: CommandLine, inventory: Path) -> None:
    ended = regsweep("validate", "-f", regsweep.policy(REGISTRY, rulez=[]), "--against", inventory)
    assert ended.code == 2
    assert "spec.rulez" in ended.out
    assert "compared" not in ended.out


@pytest.mark.parametrize("option", [("--fail-over", "1"), ("--before", "x.yaml")])
def test_options_of_a_comparison_need_one(regsweep: CommandLine, option: tuple[str, str]) -> None:
    ended = regsweep("validate", "-f", regsweep.policy(REGISTRY), *option)
    assert ended.code == 2
    assert "--against" in ended.err


def test_the_published_schema_is_that_of_the_code() -> None:
    write = "from regsweep.core.comparison.document import validation_schema as s; print(s(), end='')"
    assert SCHEMA.read_text() == validation_schema(), f'write it anew: python -c "{write}" > {SCHEMA.name}'
