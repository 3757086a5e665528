"""`explain` on files alone: no registry is reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from regsweep.core.inventory import InUse
from regsweep.core.plan_file import digest_of_plan, plan_to_json
from tests.command_line import CommandLine
from tests.saved import REGISTRY, keeping, save, versions
from tests.unit.core.records import action, plan
from tests.unit.core.shelf import NOW


def test_an_image_is_explained_from_a_file(regsweep: CommandLine, inventory: Path) -> None:
    policy = regsweep.policy(REGISTRY, **keeping(3))
    ended = regsweep("explain", "127.0.0.1:1/team/app:v1.0.0", "-f", policy, "--inventory", inventory)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("team/app:v1.0.0 goes: expired.newest")
    assert "rules[newest].keep.latest: 3 -> 5" in ended.out
    document = regsweep("explain", "team/app:v5.0.0", "-f", policy, "--inventory", inventory, "-o", "json").report()
    assert (document["version"], document["decision"], document["source"]) == (1, "stays", "inventory")
    as_yaml = regsweep("explain", "team/app:v5.0.0", "-f", policy, "--inventory", inventory, "-o", "yaml").out
    assert yaml.safe_load(as_yaml) == document


def test_an_image_is_explained_from_a_plan(regsweep: CommandLine, tmp_path: Path) -> None:
    made = plan(action(1, "team/app", "v1"))
    path = tmp_path / "plan.json"
    path.write_text(plan_to_json(made.__class__(**{**_fields(made), "digest": ""})))
    fixed = made.__class__(**{**_fields(made), "digest": digest_of_plan(made)})
    path.write_text(plan_to_json(fixed))
    policy = regsweep.policy(made.registry)
    ended = regsweep("explain", "team/app:v1", "-f", policy, "--plan", path)
    assert (ended.code, ended.err) == (0, "")
    assert "deletion 1 of 1" in ended.out
    other = regsweep("explain", "team/app:v1", "-f", regsweep.policy(REGISTRY), "--plan", path)
    assert other.code == 2
    assert "this policy cleans http://127.0.0.1:1" in other.err


def _fields(made: Any) -> dict[str, Any]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("team/app:v9.0.0", "team/app has no tag v9.0.0: did you mean"),
        ("team/ap:v1.0.0", "there is no repository team/ap: did you mean team/app"),
        ("team/app", "neither a tag nor a digest"),
        ("team/broken:v1", "could not be read when the inventory was taken: it answers 500"),
    ],
)
def test_an_image_that_is_not_there(regsweep: CommandLine, tmp_path: Path, image: str, words: str) -> None:
    path = save(tmp_path / "inventory", [versions("team/app", 2)], keeping(2), NOW, unread=["team/broken"])
    ended = regsweep("explain", image, "-f", regsweep.policy(REGISTRY), "--inventory", path)
    assert (ended.code, ended.out) == (1 if "broken" in image else 2, "")
    assert words in ended.err


def test_two_sources_are_one_too_many(regsweep: CommandLine, inventory: Path) -> None:
    arguments = ("explain", "a:b", "-f", regsweep.policy(REGISTRY), "--inventory", inventory, "--plan", inventory)
    ended = regsweep(*arguments)
    assert ended.code == 2
    assert "name one of them" in ended.err


def test_what_the_file_cannot_say_is_said(regsweep: CommandLine, inventory: Path, tmp_path: Path) -> None:
    policy = regsweep.policy(REGISTRY, **keeping(2, protect={"inUse": {}}))
    ended = regsweep("explain", "team/app:v1.0.0", "-f", policy, "--inventory", inventory)
    assert "does not say what is in use" in ended.out
    used = InUse({("team/app", "v1.0.0"): "Pod a/b"})
    known = save(tmp_path / "known", [versions("team/app", 6)], keeping(2), NOW, in_use=used)
    ended = regsweep("explain", "team/app:v1.0.0", "-f", policy, "--inventory", known)
    assert ended.out.startswith("team/app:v1.0.0 stays: protected.in-use")
    assert "does not say" not in ended.out
