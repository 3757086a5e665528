"""The trap set on real registries, through the command line: planned, changed meanwhile, applied and collected.

Every trap's kept images are fetched whole, and the blobs on the disk are those that the kept content reaches: not one
more, not one less. Over the API, regsweep cannot know manifests that no tag reaches and no index lists, nor when a tag
was pushed: what that costs is written at each trap as `left`, and stays whole. With the storage in sight nothing is
left.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from tests.command_line import CommandLine
from tests.registry.conftest import StartService, StorageWith
from tests.registry.traps.names import PAGE
from tests.registry.traps.proof import Proof, differences, on_disk
from tests.registry.traps.whole import TRAPS, needed, spec

ENVIRONMENT = {
    "REGISTRY_CATALOG_MAXENTRIES": str(PAGE),
    "REGISTRY_VALIDATION_MANIFESTS_URLS_ALLOW": '["^https://vendor[.]example/"]',
}


def test_each_trap_has_a_name_of_its_own() -> None:
    assert len({trap.name for trap in TRAPS}) == len(TRAPS) >= 32


def test_what_is_lost_or_left_behind_names_its_trap() -> None:
    ideal = needed(each for trap in TRAPS for each in trap.staying)
    lost = next(trap.kept[0].digest for trap in TRAPS if trap.name == "nested")
    behind = next(trap.gone[0].document.sizes() for trap in TRAPS if trap.name == "cosign")
    found = {digest: size for digest, size in ideal.items() if digest != lost} | behind
    said = list(differences(found, ideal, TRAPS))
    assert sum(words.startswith("nested: LOST: ") for words in said) == 1
    assert sum(words.startswith("cosign: left behind: ") for words in said) == len(said) - 1 > 0


@pytest.mark.timeout(300)
def test_no_trap_catches_it(regsweep: CommandLine, start_service: StartService, storage: Path, tmp_path: Path) -> None:
    registry, commands = start_service(storage, env=ENVIRONMENT)
    policy, plan = regsweep.policy(registry.url, **spec()), tmp_path / "plan.json"
    planned = regsweep("plan", "-f", policy, "--out", plan, "-o", "json")
    assert planned.code == 0, planned.err
    with Pusher(registry.url) as pusher:
        pusher.push_all(artifact for trap in TRAPS for artifact in trap.meanwhile)
    ended = regsweep("apply", "-f", policy, "--mode", "Delete", "--plan", plan, "-o", "json", *commands)
    assert (ended.code, ended.report()["reason"]) == (0, "Collected"), ended.err
    codes = [finding["code"] for finding in ended.report()["findings"]]
    assert codes == ["sweep.unheard"], "nothing that was kept misses anything; no pod was there to listen to"
    faults = [*reported(planned.report()), *wrong(registry, left=True)]
    assert not faults, "\n" + "\n".join(faults)
    again = regsweep("plan", "-f", policy, "-o", "json")
    assert again.report()["actions"] == [], "what was left is found by the next plan"


@pytest.mark.timeout(300)
def test_with_the_storage_in_sight_nothing_is_left(
    regsweep: CommandLine, start_service: StartService, storage: Path, tmp_path: Path
) -> None:
    """All was pushed long ago, but what comes meanwhile. What the first run had to spare goes with the second."""
    registry, commands = start_service(storage, env=ENVIRONMENT)
    let_time_pass(registry.storage)
    sight = ("--storage-root", registry.storage)
    policy, plan = regsweep.policy(registry.url, untagged={"olderThan": "1d"}, **spec()), tmp_path / "plan.json"
    planned = regsweep("plan", "-f", policy, *sight, "--out", plan, "-o", "json")
    assert (planned.code, planned.report()["inventory"]) == (0, "Storage"), planned.err
    with Pusher(registry.url) as pusher:
        pusher.push_all(artifact for trap in TRAPS for artifact in trap.meanwhile)
    ended = regsweep("apply", "-f", policy, *sight, "--mode", "Delete", "--plan", plan, "-o", "json", *commands)
    assert (ended.code, ended.report()["reason"]) == (0, "Collected"), ended.err
    again = regsweep("apply", "-f", policy, *sight, "--yes", "-o", "json", *commands)
    assert (again.code, again.report()["reason"]) == (0, "Collected"), again.err
    faults = [*reported(planned.report()), *wrong(registry, left=False)]
    assert not faults, "\n" + "\n".join(faults)


def let_time_pass(storage: Path) -> None:
    """Every push was two months earlier: a link in the storage is as old as its push (Distribution's layout)."""
    for link in (storage / "docker/registry/v2/repositories").rglob("link"):
        pushed = link.stat().st_mtime - timedelta(days=60).total_seconds()
        os.utime(link, (pushed, pushed))


@pytest.fixture
def storage(storage_with: StorageWith) -> Path:
    """With all that is there before. It is spoilt while no registry remembers how it was."""
    spoilt = [artifact for trap in TRAPS for artifact in trap.spoilt]  # first, for others list them
    found = storage_with([*spoilt, *(artifact for trap in TRAPS for artifact in trap.before)])
    for trap in TRAPS:
        if trap.spoil is not None:
            trap.spoil(found)
    return found


def reported(report: dict[str, Any]) -> list[str]:
    """What the plan should have found in a trap, or should not."""
    found = {(finding["code"], finding["repository"]) for finding in report["findings"]}
    expected = {(code, trap.name) for trap in TRAPS for code in trap.findings}
    return [f"{name}: {code} was reported, and nothing is wrong" for code, name in sorted(found - expected)] + [
        f"{name}: {code} was not reported" for code, name in sorted(expected - found)
    ]


def wrong(registry: RegistryProcess, *, left: bool) -> list[str]:
    proof = Proof(registry.url)
    ideal = needed(each for trap in TRAPS for each in (*trap.staying, *(trap.left if left else ())))
    return [
        *(fault for trap in TRAPS for fault in proof.faults(trap, left=left)),
        *differences(on_disk(registry.storage), ideal, TRAPS),
    ]
