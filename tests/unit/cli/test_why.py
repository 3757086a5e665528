"""`explain` and `validate --against` on files alone: no registry is reached."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from regsweep.cli import inventories
from regsweep.core.comparison.document import validation_schema
from regsweep.core.inventory import InUse, Repository
from regsweep.core.plan_file import digest_of_plan, plan_to_json
from tests.command_line import CommandLine
from tests.saved import REGISTRY, save
from tests.unit.core.records import action, plan
from tests.unit.core.shelf import NOW, Shelf

SCHEMA = Path(__file__).parents[3] / "docs/validation.schema.json"
LATEST: dict[str, Any] = {"name": "newest", "keep": {"latest": 2, "orderBy": "SemVer"}}


def versions(name: str, count: int) -> Repository:
    shelf = Shelf(name)
    for number in range(count):
        shelf.image(f"{name} {number}", 60 - number, (f"{name} layer {number}",))
        shelf.tag(f"v{number}.0.0", f"{name} {number}")
    return shelf.repository()


def keeping(latest: int, **more: Any) -> dict[str, Any]:
    return {"rules": [{"name": "newest", "keep": {"latest": latest, "orderBy": "SemVer"}}], **more}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Two repositories of six and three versions, taken while two of each were kept."""
    return save(tmp_path / "inventory", [versions("team/app", 6), versions("team/web", 3)], keeping(2), NOW)


# -------------------------------------------------------------------------------------------------------- explain


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


# ------------------------------------------------------------------------------------------------ validate --against


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
    assert "hint.protect-without-match protect.tags: latset: it matches nothing in the 1 repositories" in out
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


# ---------------------------------------------------------------------------------------------------- the files


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def cut_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes())[:-20])


def broken_gzip(path: Path) -> None:
    data = bytearray(gzip.compress(path.read_bytes()))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def bad_checksum(path: Path) -> None:
    data = bytearray(gzip.compress(path.read_bytes()))
    data[-6] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(cut, "it was cut", id="cut"),
        pytest.param(cut_gzip, "it was cut", id="cut gzip"),
        pytest.param(broken_gzip, "damaged", id="broken gzip"),
        pytest.param(bad_checksum, "damaged", id="checksum of gzip"),
        pytest.param(lambda path: path.write_bytes(b"\x1f\x8bnot gzip"), "damaged", id="only called gzip"),
        pytest.param(lambda path: path.write_bytes(b""), "is not JSON", id="empty"),
        pytest.param(lambda path: path.write_text("registry: x\n"), "is not JSON", id="YAML"),
        pytest.param(lambda path: path.unlink(), "cannot be read: No such file", id="missing"),
        pytest.param(lambda path: (path.unlink(), path.mkdir()), "cannot be read: Is a directory", id="a folder"),
        pytest.param(
            lambda path: path.write_text(path.read_text().replace('"version":1', '"version":2')),
            "is of version 2", id="version",
        ),
        pytest.param(
            lambda path: path.write_text(path.read_text().replace("127.0.0.1:1", "127.0.0.1:2")),
            "was made of http://127.0.0.1:2", id="another registry",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [("validate", "--against"), ("explain", "team/app:v1.0.0", "--inventory")])
def test_an_inventory_that_cannot_be_used(
    regsweep: CommandLine, inventory: Path, command: tuple[str, ...], damage: Callable[[Path], object], words: str
) -> None:
    damage(inventory)
    ended = regsweep(*command, inventory, "-f", regsweep.policy(REGISTRY))
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert str(inventory) in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_without_end_is_not_read_to_its_end(
    regsweep: CommandLine, inventory: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(inventories, "LONGEST_LINE", 10_000)
    with inventory.open("ab") as file:
        file.write(b'{"repository":"' + b"a" * 20_000)
    if packed:
        inventory.write_bytes(gzip.compress(inventory.read_bytes()))
    ended = regsweep("validate", "-f", regsweep.policy(REGISTRY), "--against", inventory)
    assert ended.code == 2
    assert "longer than 10000 bytes" in ended.err


def test_a_file_is_there_only_when_it_is_whole(regsweep: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "new/inventory.gz"
    ended = regsweep("plan", "-f", regsweep.policy(REGISTRY), "--save-inventory", target, "-q")
    assert ended.code == 4
    assert list(target.parent.iterdir()) == []


def test_a_place_that_cannot_be_written_is_known_before_the_work(regsweep: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = regsweep("plan", "-f", regsweep.policy(REGISTRY), "--save-inventory", tmp_path / "file/x", "-q")
    assert ended.code == 2
    assert "cannot be written" in ended.err


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    from regsweep.api.load import load_policy
    from regsweep.core.inventory_file import Taking

    spec = {"registry": {"url": REGISTRY}}
    kind = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy"}
    policy = load_policy({**kind, "metadata": {"name": "test", "namespace": "n"}, "spec": spec})
    for name in ("inventory", "inventory.gz"):
        path = tmp_path / name
        with inventories.FileArchive(path, policy, REGISTRY) as archive:
            archive.begin(Taking("API", NOW, True, None))
            archive.add(versions("team/app", 2))
            archive.unread("team/broken", "it answers 500")
            archive.end()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with inventories.saved_inventory(path) as saved:
            assert saved.header.policy == "n/test"
            assert [each.name for each in saved.repositories()] == ["team/app", "team/broken"]
