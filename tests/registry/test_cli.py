"""`regsweep plan` and `regsweep apply` on real registries: what goes, what stays, what is refused, how it is said."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regsweep.core.plan_file import digest_of_plan, plan_from_json, plan_to_json
from regsweep.demo.catalogue import grid
from regsweep.demo.documents import Artifact
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from tests.command_line import CommandLine
from tests.registry.conftest import StartService, StorageWith
from tests.registry.content import files, push, tags


@pytest.fixture
def images(now: datetime) -> list[Artifact]:
    """Three repositories of five tags: nine images go where two are kept."""
    return grid(now, repositories=3, tags=5, layer_bytes=200)


def newest(images: list[Artifact], count: int) -> list[Artifact]:
    """The last `count` of each repository: a grid is made oldest first."""
    return [image for image in images if image in [i for i in images if i.repository == image.repository][-count:]]


def places(images: list[Artifact]) -> set[tuple[str, str]]:
    return {(image.repository, tag) for image in images for tag in image.tags}


def test_a_plan_deletes_nothing(regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path) -> None:
    before = files(registry)
    ended = regsweep("plan", "-f", regsweep.policy(registry.url), "--out", tmp_path / "plan.json", "-o", "json")
    assert (ended.code, ended.report()["reason"]) == (0, "DryRun")
    assert len(plan_from_json((tmp_path / "plan.json").read_text()).actions) == 9
    assert files(registry) == before


def test_exactly_the_plan_is_done(
    regsweep: CommandLine, registry: RegistryProcess, now: datetime, tmp_path: Path
) -> None:
    policy, plan = regsweep.policy(registry.url), tmp_path / "plan.json"
    assert regsweep("plan", "-f", policy, "--out", plan).code == 0
    later = grid(now + timedelta(days=1), repositories=4, tags=5, layer_bytes=200)
    more = [replace(image, tags=tuple(f"later-{tag}" for tag in image.tags)) for image in later]
    push(registry, more)
    before = tags(registry)
    ended = regsweep("apply", "-f", policy, "--plan", plan, "-o", "json")
    assert (ended.code, ended.report()["reason"]) == (0, "Deleted"), ended.err
    gone = {(action.repository, tag) for action in plan_from_json(plan.read_text()).actions for tag in action.tags}
    assert tags(registry) == before - gone
    assert len(gone) == 9


def test_a_dry_run_by_policy_deletes_nothing(regsweep: CommandLine, registry: RegistryProcess) -> None:
    before = files(registry)
    ended = regsweep("apply", "-f", regsweep.policy(registry.url, mode="DryRun"))
    assert ended.code == 0
    assert "--mode Delete" in ended.err
    assert files(registry) == before


def test_without_a_terminal_and_without_yes_nothing_is_begun(regsweep: CommandLine, registry: RegistryProcess) -> None:
    before = files(registry)
    ended = regsweep("apply", "-f", regsweep.policy(registry.url))
    assert ended.code == 3
    assert "--yes" in ended.err
    assert "--plan" in ended.err
    assert files(registry) == before


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"limits": {"maxDeletions": 8, "maxDeletionPercent": 100}}, id="count"),
        pytest.param({"limits": {"maxDeletionPercent": 50}}, id="percent"),
        pytest.param({"approval": "Manual"}, id="manual"),
    ],
)
def test_what_needs_approval_is_done_by_its_plan_alone(
    regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path, spec: dict[str, object]
) -> None:
    policy, plan, before = regsweep.policy(registry.url, **spec), tmp_path / "plan.json", files(registry)
    refused = regsweep("apply", "-f", policy, "--yes")
    assert refused.code == 3
    assert "regsweep plan --out" in refused.err
    assert files(registry) == before
    assert regsweep("plan", "-f", policy, "--out", plan).code == 0
    assert regsweep("apply", "-f", policy, "--plan", plan).code == 0
    assert len(tags(registry)) == 6


@pytest.mark.timeout(300)
def test_the_newest_two_of_each_stay_whole_and_all_else_is_freed(
    regsweep: CommandLine, start_service: StartService, storage_with: StorageWith, now: datetime
) -> None:
    images = grid(now, repositories=20, tags=50, layer_bytes=300)
    service, commands = start_service(storage_with(images))
    ended = regsweep("apply", "-f", regsweep.policy(service.url), "--yes", "-o", "json", *commands)
    assert ended.code == 0, ended.err
    report = ended.report()
    assert (report["reason"], report["verification"]["damaged"]) == ("Collected", [])
    kept = newest(images, 2)
    assert tags(service) == places(kept)
    with Pusher(service.url) as pusher:
        pulled = pusher.pull_all(sorted(places(kept)))
        pusher.push(images[0])  # it takes pushes again
    assert pulled.digests == {digest for image in kept for digest in image.document.sizes()}
    assert len(kept) == 40


def test_what_is_left_on_disk_is_what_the_kept_images_need(
    regsweep: CommandLine, start_service: StartService, storage_with: StorageWith, images: list[Artifact]
) -> None:
    service, commands = start_service(storage_with(images))
    ended = regsweep("apply", "-f", regsweep.policy(service.url), "--yes", *commands)
    assert ended.code == 0, ended.err
    sizes: dict[str, int] = {}
    for image in newest(images, 2):
        sizes.update(image.document.sizes())
    assert service.disk_bytes().blobs == sum(sizes.values())


def test_three_commands_or_none(regsweep: CommandLine, registry: RegistryProcess) -> None:
    before = files(registry)
    ended = regsweep("apply", "-f", regsweep.policy(registry.url), "--yes", "--stop-command", "true")
    assert ended.code == 2
    assert "go together" in ended.err
    assert files(registry) == before


def test_an_expired_plan_is_refused(regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path) -> None:
    policy, path = regsweep.policy(registry.url), tmp_path / "plan.json"
    regsweep("plan", "-f", policy, "--out", path)
    old = replace(plan_from_json(path.read_text()), expires_at=datetime.now(UTC) - timedelta(seconds=1))
    path.write_text(plan_to_json(replace(old, digest=digest_of_plan(old))))
    before = files(registry)
    ended = regsweep("apply", "-f", policy, "--plan", path)
    assert ended.code == 3
    assert "expired" in ended.err
    assert files(registry) == before


def test_a_plan_of_another_policy_is_refused(regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    regsweep("plan", "-f", regsweep.policy(registry.url), "--out", path)
    before = files(registry)
    changed = regsweep.policy(registry.url, protect={"tags": ["v0"]})
    ended = regsweep("apply", "-f", changed, "--plan", path)
    assert ended.code == 3
    assert "changed since the plan was made" in ended.err
    assert files(registry) == before


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda text: text[:100], "not JSON", id="cut"),
        pytest.param(lambda text: text.replace("grid/repo-00", "grid/repo-01", 1), "was changed", id="changed"),
        pytest.param(lambda text: text.replace('"version":1', '"version":9'), "version 9", id="version"),
        pytest.param(lambda text: "[]", "no plan", id="no plan"),
    ],
)
def test_a_damaged_plan_is_refused(
    regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path, damage, words: str
) -> None:
    policy, path, before = regsweep.policy(registry.url), tmp_path / "plan.json", files(registry)
    regsweep("plan", "-f", policy, "--out", path)
    path.write_text(damage(path.read_text()))
    ended = regsweep("apply", "-f", policy, "--plan", path)
    assert ended.code == 2
    assert words in ended.err
    assert files(registry) == before


def said(process: subprocess.Popen[str], words: str) -> str:
    """Read standard error until it says `words`."""
    assert process.stderr is not None
    heard = ""
    while words not in heard:
        line = process.stderr.readline()
        assert line, f"ended without saying {words!r}: {heard}"
        heard += line
    return heard


def test_an_interrupted_plan_ends_with_130(regsweep: CommandLine, registry: RegistryProcess) -> None:
    before = files(registry)
    policy = regsweep.policy(registry.url, limits={"requestsPerSecond": 1})
    with regsweep.begin("plan", "-f", policy, "-o", "json") as process:
        said(process, "scan")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err
    assert files(registry) == before


@pytest.mark.parametrize("signals", [1, 2])
def test_an_interrupted_sweep_goes_on_from_the_plan_that_it_names(
    regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path, signals: int
) -> None:
    slow = regsweep.policy(registry.url, limits={"requestsPerSecond": 7, "maxDeletionPercent": 100})
    with regsweep.begin("apply", "-f", slow, "--yes", "-q", "-o", "json") as process:
        while len(tags(registry)) == 15:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        if signals == 2:
            said(process, "stopping")
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert 6 < len(tags(registry)) < 15
    if signals == 1:
        assert json.loads(out)["reason"] == "Cancelled"
    plan = err.split("--plan ")[1].split()[0]
    ended = regsweep("apply", "-f", slow, "--mode", "Delete", "--plan", plan)
    assert ended.code == 0, ended.err
    assert len(tags(registry)) == 6
    assert not list((tmp_path / "state/regsweep").glob("*.plan.json"))


def test_a_reader_that_goes_away_is_no_error(regsweep: CommandLine, registry: RegistryProcess) -> None:
    with regsweep.begin("plan", "-f", regsweep.policy(registry.url), "-o", "json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(60) == 0
    assert "Traceback" not in err
    assert "Broken" not in err


def test_only_the_report_is_on_standard_output(
    regsweep: CommandLine, registry: RegistryProcess, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    ended = regsweep("apply", "-f", regsweep.policy(registry.url), "--yes", "-o", "json", "-vv", "--html", page)
    assert ended.code == 0
    assert ended.report()["verification"]["images"] == 6
    assert "grid/repo-00" in page.read_text()
    again = tmp_path / "run.json"
    again.write_text(ended.out)
    assert "Deleted" in regsweep("report", again).out
