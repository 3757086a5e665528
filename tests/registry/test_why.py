"""Why an image stays or goes, asked of real registries and of what was saved of them; what a change would change."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from regsweep.core.plan_file import plan_from_json
from regsweep.demo.accessories import referrers_of, signature_of
from regsweep.demo.catalogue import grid
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer, multi_platform
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from tests.command_line import CommandLine
from tests.registry.conftest import StartRegistry
from tests.registry.content import files

RELEASES = {"name": "releases", "tags": {"include": ["v*"]}, "keep": {"latest": 2, "orderBy": "SemVer"}}
REST = {"name": "rest", "keep": {"youngerThan": "5000d"}}
VAIN = {"name": "vain", "tags": {"include": ["nightly-*"]}, "keep": {"latest": 1, "orderBy": "Numeric"}}


@pytest.fixture
def images(now: datetime) -> list[Artifact]:
    """Plain images, one of several platforms, a signed one, one with a referrer, one image under two names."""
    base = layer("base", 1_000)
    plain = [
        image_on((base,), f"app:{number}", now - timedelta(days=number), size=300).at("team/app", f"v{9 - number}.0.0")
        for number in range(1, 6)
    ]
    many = multi_platform(base, "many", now - timedelta(days=40)).at("team/many", "v1.0.0", "also")
    signed = image_on((base,), "signed", now - timedelta(days=50), size=300).at("team/signed", "v1.0.0")
    referred = image_on((base,), "referred", now - timedelta(days=60), size=300).at("team/referred", "v1.0.0")
    alone = grid(now, repositories=1, tags=1, layer_bytes=200)
    return [*plain, many, signed, signature_of(signed), referred, referrers_of(referred), *alone]


@pytest.fixture(params=["inventory", "inventory.gz"])
def saved(request: pytest.FixtureRequest, regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    policy = regsweep.policy(registry.url, rules=[RELEASES, REST])
    ended = regsweep("plan", "-f", policy, "--save-inventory", path, "--out", tmp_path / "plan.json", "-q")
    assert ended.code == 0, ended.err
    return path


def test_live_and_saved_say_the_same_of_every_image(
    regsweep: CommandLine, registry: RegistryProcess, saved: Path, tmp_path: Path
) -> None:
    """And both agree with the plan that was made while it was saved."""
    before = files(registry)
    policy = regsweep.policy(registry.url, rules=[RELEASES, REST])
    plan = plan_from_json((tmp_path / "plan.json").read_text())
    going = {(action.repository, tag) for action in plan.actions for tag in action.tags}
    inside = [json.loads(line) for line in _text(saved).splitlines()]
    places = [(it["repository"], tag["name"]) for it in inside if "repository" in it for tag in it["tags"]]
    assert len(places) >= 10
    for repository, tag in places:
        image = f"{repository}:{tag}"
        offline = regsweep("explain", image, "-f", policy, "--inventory", saved, "-o", "json").report()
        live = regsweep("explain", image, "-f", policy, "-o", "json", "-q").report()
        by_plan = regsweep("explain", image, "-f", policy, "--plan", tmp_path / "plan.json", "-o", "json").report()
        assert _timeless(live) == _timeless(offline)
        assert (live["decision"] == "goes") is ((repository, tag) in going)
        assert by_plan["decision"] == live["decision"]
        by_digest = regsweep("explain", f"{repository}@{live['digest']}", "-f", policy, "-o", "json", "-q").report()
        assert by_digest["decision"] == live["decision"]
    assert files(registry) == before


def _text(path: Path) -> str:
    import gzip

    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def _timeless(document: dict[str, Any]) -> dict[str, Any]:
    """Without what the clock moves: seconds lie between two looks."""
    return {key: value for key, value in document.items() if key not in {"at", "source", "age", "changes"}}


def test_what_an_admin_reads(regsweep: CommandLine, registry: RegistryProcess) -> None:
    policy = regsweep.policy(registry.url, rules=[RELEASES, REST], registry={"aliases": ["registry.example.com"]})
    out = regsweep("explain", "registry.example.com/team/app:v5.0.0", "-f", policy, "-q").out
    assert out.startswith("team/app:v5.0.0 goes: expired.releases\n")
    for words in (
        "> releases", "place 4 of 5 by SemVer; the first 2 are kept", "nothing protects it",
        "rules[releases].keep.latest: 2 -> 4", 'protect.tags += ["v5.0.0"]', "days, since 20",
    ):  # fmt: skip
        assert words in out
    many = regsweep("explain", "team/many:v1.0.0", "-f", policy, "-q").out
    assert "also tagged  also (stays: kept.younger-than)" in many
    assert "    lists " in many
    assert "newest of its platforms" in many
    assert "has referrer" in regsweep("explain", "team/signed:v1.0.0", "-f", policy, "-q").out


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("team/app:v5", "team/app has no tag v5: did you mean v5.0.0"),
        ("team/apps:v5.0.0", "there is no repository team/apps: did you mean team/app"),
        ("other.example.com:5000/team/app:v5.0.0", "no image of this registry"),
        (f"team/app@sha256:{'0' * 64}", "has no manifest"),
    ],
)
def test_what_is_not_there(regsweep: CommandLine, registry: RegistryProcess, image: str, words: str) -> None:
    ended = regsweep("explain", image, "-f", regsweep.policy(registry.url), "-q")
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


def test_a_manifest_that_no_tag_reaches_is_explained_by_its_digest(
    regsweep: CommandLine, registry: RegistryProcess, images: list[Artifact], now: datetime
) -> None:
    other = image_on((layer("base", 1_000),), "newer", now, size=300).at("team/app", "v5.0.0")
    with Pusher(registry.url) as pusher:
        pusher.push(other)
    policy = regsweep.policy(registry.url, rules=[RELEASES, REST])
    overwritten = next(image for image in images if image.tags == ("v5.0.0",)).document.digest
    said = regsweep("explain", f"team/app@{overwritten}", "-f", policy, "-o", "json", "-q").report()
    assert (said["decision"], said["reason"], said["tag"]) == ("stays", "kept.untagged", None)


def test_the_plan_is_the_same_with_and_without_an_inventory(
    regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path
) -> None:
    """Also where the policy selects a part of the registry, and all of it is saved."""
    rule = {**RELEASES, "repositories": {"include": ["team/app"]}}
    policy = regsweep.policy(registry.url, rules=[rule])
    plain = regsweep("plan", "-f", policy, "-o", "json", "-q").report()
    saving = regsweep("plan", "-f", policy, "-o", "json", "-q", "--save-inventory", tmp_path / "i").report()
    for field in ("actions", "keptByReason", "repositories", "findings"):
        assert saving[field] == plain[field]
    assert saving["plan"]["manifests"] == plain["plan"]["manifests"] == 5
    assert '"repository":"team/many"' in (tmp_path / "i").read_text()


def test_hints_stand_in_every_report(regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    spec = {"rules": [RELEASES, VAIN, REST], "protect": {"tags": ["latset"]}}
    policy = regsweep.policy(registry.url, **spec)
    text = regsweep("plan", "-f", policy, "-q", "--html", page).out
    expected = [
        ("hint.rule-without-match", "rules[vain]"),
        ("hint.protect-without-match", "protect.tags: latset"),
    ]
    assert "what the policy says in vain:" in text
    for code, reference in expected:
        assert f"  {code} {reference}: " in text
        assert code in page.read_text()
    report = regsweep("plan", "-f", policy, "-q", "-o", "json").report()
    hints = [(it["code"], it["reference"]) for it in report["findings"] if it["code"].startswith("hint.")]
    assert hints == expected


def test_a_change_of_policy_is_tried_on_what_was_saved(
    regsweep: CommandLine, registry: RegistryProcess, saved: Path, tmp_path: Path
) -> None:
    """What it says is what a plan under the new policy then does."""
    stricter = {**RELEASES, "keep": {"latest": 1, "orderBy": "SemVer"}}
    policy = regsweep.policy(registry.url, rules=[stricter, REST])
    ended = regsweep("validate", "-f", policy, "--against", saved, "--fail-over", "1", "-o", "json")
    assert ended.code == 0, ended.err
    (said,) = ended.report()["comparisons"]
    assert [(it["repository"], it["tag"]) for it in said["newlyGone"]] == [("team/app", "v7.0.0")]
    assert said["whole"]
    refused = regsweep("validate", "-f", policy, "--against", saved, "--fail-over", "0")
    assert refused.code == 3
    assert "- v7.0.0: kept.latest of releases -> expired.releases" in refused.out
    old, new = plan_from_json((tmp_path / "plan.json").read_text()), tmp_path / "new.json"
    assert regsweep("plan", "-f", policy, "--out", new, "-q").code == 0
    made = plan_from_json(new.read_text())
    assert (said["before"]["deletedTags"], said["after"]["deletedTags"]) == (
        old.counts.deleted_tags, made.counts.deleted_tags,
    )  # fmt: skip
    assert (said["before"]["bytes"], said["after"]["bytes"]) == (old.bytes, made.bytes)


def test_the_inventory_of_another_registry_is_refused(
    regsweep: CommandLine, start_registry: StartRegistry, saved: Path
) -> None:
    policy = regsweep.policy(start_registry().url)
    for command in (("validate", "--against"), ("explain", "team/app:v5.0.0", "--inventory")):
        ended = regsweep(*command, saved, "-f", policy)
        assert (ended.code, ended.out) == (2, "")
        assert "was made of" in ended.err


def test_what_only_the_storage_knows_is_saved_and_explained(
    regsweep: CommandLine, registry: RegistryProcess, images: list[Artifact], now: datetime, tmp_path: Path
) -> None:
    """A manifest that lost its tag, and when things were pushed."""
    other = image_on((layer("base", 1_000),), "newer", now, size=300).at("team/app", "v5.0.0")
    with Pusher(registry.url) as pusher:
        pusher.push(other)
    overwritten = next(image for image in images if image.tags == ("v5.0.0",)).document.digest
    spec = {"rules": [RELEASES, REST], "untagged": {"olderThan": "0s"}, "limits": {"minimumAge": "0s"}}
    policy, saved = regsweep.policy(registry.url, **spec), tmp_path / "inventory"
    files_of_it = ("--storage-root", registry.storage)
    ended = regsweep("plan", "-f", policy, *files_of_it, "--save-inventory", saved, "-q")
    assert ended.code == 0, ended.err
    for source in (files_of_it, ("--inventory", saved)):
        said = regsweep("explain", f"team/app@{overwritten}", "-f", policy, *source, "-o", "json", "-q").report()
        assert (said["decision"], said["reason"], said["tag"]) == ("goes", "expired.untagged", None)
        assert said["age"]["source"] == "manifest-push"
        tagged = regsweep("explain", "team/app:v5.0.0", "-f", policy, *source, "-o", "json", "-q").report()
        assert tagged["age"]["source"] == "tag-push"
    stricter = regsweep.policy(registry.url, rules=[RELEASES, REST], limits={"minimumAge": "0s"})
    (compared,) = regsweep("validate", "-f", stricter, "--against", saved, "-o", "json").report()["comparisons"]
    assert (compared["untaggedNewlyKept"], compared["untaggedNewlyGone"]) == (1, 0)
