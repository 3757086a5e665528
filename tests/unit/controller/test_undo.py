"""Keepsakes of runs: written before the sweep, read by a restore, gone with a collection or with the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from regsweep.api.run import RunStep
from regsweep.clients.kinds import RUN
from regsweep.core.keepsake import CHUNK_KEY, Heading, Saved
from regsweep.core.oci import OCI_MANIFEST, Digest, digest_of
from regsweep.core.outcome import RunRecord
from regsweep.core.restoration import Image, Put, PutOutcome
from regsweep.errors import ClusterUnreachable, KeepsakeTooLarge, KeepsakeUnreadable
from regsweep.pipeline import Ports, Request
from tests.unit.controller.world import NAMESPACE, SPEC, World, conditions, message, record

PLAN = Digest("sha256:" + 64 * "a")
HEADING = Heading(SPEC["registry"]["url"], f"{NAMESPACE}/nightly", PLAN)


def saved(number: int, *tags: str) -> Saved:
    body = json.dumps({"number": number}).encode()
    return Saved("app", digest_of(body), OCI_MANIFEST, body, tags, digest_of(body))


KEPT = [saved(1, "v1", "latest"), saved(2)]


def deletes(request: Request, ports: Ports) -> RunRecord:
    """A run that keeps, and deletes what it kept."""
    ports.keepsakes.keep(HEADING, KEPT)
    return record(request)


def collects(request: Request, ports: Ports) -> RunRecord:
    ports.keepsakes.collected()
    return record(request, "Collected")


def world_after(pipeline: Callable[[Request, Ports], RunRecord] = deletes, **spec: Any) -> World:
    """A policy, and the run `first` that ended."""
    world = World()
    world.policy(**spec)
    world.settle()
    world.pipeline = pipeline
    world.run("first")
    world.settle()
    return world


def maps(world: World) -> list[str]:
    found = world.cluster.objects.items()
    return sorted(
        name for (kind, _, name), body in found if kind == "ConfigMap" and CHUNK_KEY in body.get("binaryData", {})
    )


def restored(world: World, name: str = "back", **more: Any) -> list[Saved]:
    """What a restore of `first` is given."""
    found: list[Saved] = []

    def restore(request: Request, ports: Ports) -> RunRecord:
        found.extend(ports.keepsakes.source())
        return record(request, "Restored")

    world.pipeline = restore
    world.run(name, restoreFrom={"name": "first", **more})
    world.settle()
    return found


def failure(world: World, name: str = "back") -> tuple[str, str]:
    return conditions(world.status(name))["Failed"], message(world.status(name), "Failed")


def test_what_is_kept_is_in_config_maps_of_the_run_and_in_its_status() -> None:
    world = world_after()
    undo = world.status("first")["undo"]
    assert (undo["manifests"], undo["tags"], undo["workload"]) == (2, 2, "Deployment/registry")
    assert undo["registry"] == SPEC["registry"]["url"]
    assert undo["configMaps"] == maps(world)
    (owner,) = world.cluster.objects["ConfigMap", NAMESPACE, maps(world)[0]]["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("RegistryCleanupRun", "first")


def test_a_restore_is_given_all_of_it_and_ends_well() -> None:
    world = world_after()
    assert restored(world) == KEPT
    assert conditions(world.status("back"))["Complete"] == "True/Restored"
    assert "suspend it" in message(world.status("back"), "Complete")
    assert "mode" not in world.status("back")
    assert world.policy_status()["lastRun"]["result"] == "Restored"


def test_a_restore_asks_the_pipeline_for_the_images() -> None:
    world = world_after()
    restored(world, images=["app:v1", f"app@{KEPT[1].digest}"])
    assert world.requests[-1].restore == (Image("app", "v1"), Image("app", None, KEPT[1].digest))
    restored(world, "all")
    assert not world.requests[-1].restore


@pytest.mark.parametrize(
    ("source", "reason", "words"),
    [
        pytest.param("frist", "InvalidInput", "there is no run frist", id="unknown"),
        pytest.param("other", "InvalidInput", "one of policy weekly, not of nightly", id="another policy"),
        pytest.param("plain", "NothingToRestore", "kept nothing", id="nothing kept"),
        pytest.param("back", "Refused", "has not ended", id="itself"),
    ],
)
def test_what_cannot_be_put_back_is_said(source: str, reason: str, words: str) -> None:
    world = world_after()
    world.policy("weekly")
    world.settle()
    world.run("other", "weekly")
    world.pipeline = lambda request, ports: record(request)
    world.run("plain")
    world.settle()

    def restore(request: Request, ports: Ports) -> RunRecord:
        list(ports.keepsakes.source())
        raise AssertionError("it was given something")

    world.pipeline = restore
    world.run("back", restoreFrom={"name": source})
    world.settle()
    assert failure(world)[0] == f"True/{reason}"
    assert words in failure(world)[1]


def test_an_image_that_is_none_is_invalid() -> None:
    world = world_after()
    restored(world, images=["http://registry/app"])
    assert failure(world)[0] == "True/InvalidInput"


def test_a_collection_takes_the_keepsake_and_says_so() -> None:
    world = world_after()
    world.pipeline = collects
    world.run("collecting")
    world.settle()
    assert maps(world) == []
    undo = world.status("first")["undo"]
    assert (undo["endedBy"], undo.get("configMaps", [])) == ("collecting", [])
    assert restored(world) == []
    reason, words = failure(world)
    assert reason == "True/AlreadyCollected"
    assert "run collecting collected the registry's garbage at 2026-11-23 12:00 UTC" in words
    assert conditions(world.policy_status())["Ready"] == "True/Ready"


def test_a_run_that_collects_ends_its_own_undo() -> None:
    def both(request: Request, ports: Ports) -> RunRecord:
        deletes(request, ports)
        return collects(request, ports)

    world = world_after(both)
    assert maps(world) == []
    assert world.status("first")["undo"]["endedBy"] == "first"
    assert conditions(world.status("first"))["Complete"] == "True/Collected"


@pytest.mark.parametrize(
    ("registry", "left"),
    [
        pytest.param(SPEC["registry"], 0, id="same"),
        pytest.param({"url": "http://alias:5000", "workloadRef": {"name": "registry"}}, 0, id="same pods"),
        pytest.param({"url": SPEC["registry"]["url"] + "/", "workloadRef": {"name": "other"}}, 0, id="same url"),
        pytest.param({"url": "http://other:5000", "workloadRef": {"name": "other"}}, 1, id="another registry"),
    ],
)
def test_keepsakes_of_one_registry_go_whatever_policy_made_them(registry: dict[str, Any], left: int) -> None:
    world = world_after()
    world.policy("weekly", registry=registry)
    world.settle()
    world.pipeline = collects
    world.run("collecting", "weekly")
    world.settle()
    assert len(maps(world)) == left


def test_a_keepsake_that_cannot_be_taken_away_does_not_fail_the_collection() -> None:
    world = world_after()
    world.pipeline = collects

    def fails(verb: str, kind: str, name: str) -> None:
        if (verb, kind) == ("delete", "ConfigMap") or (verb, kind, name) == ("list", "RegistryCleanupRun", "x"):
            raise ClusterUnreachable("away")

    world.cluster.fails = fails
    world.run("collecting")
    world.settle()
    assert conditions(world.status("collecting"))["Complete"] == "True/Collected"
    world.cluster.fails = lambda verb, kind, name: None
    restored(world)
    assert failure(world)[0] == "True/AlreadyCollected"


def test_a_keepsake_that_was_taken_away_by_hand_is_said() -> None:
    world = world_after()
    del world.cluster.objects["ConfigMap", NAMESPACE, maps(world)[0]]
    assert restored(world) == []
    assert failure(world)[0] == "True/KeepsakeUnreadable"
    assert "is gone" in failure(world)[1]


def test_a_keepsake_that_was_changed_is_refused_whole() -> None:
    world = world_after()
    world.cluster.objects["ConfigMap", NAMESPACE, maps(world)[0]]["binaryData"][CHUNK_KEY] = "H4sIAAAA"
    assert restored(world) == []
    assert failure(world)[0] == "True/KeepsakeUnreadable"


def test_nothing_counts_before_all_of_it_is_written() -> None:
    def too_much(request: Request, ports: Ports) -> RunRecord:
        def manifests() -> Any:
            yield KEPT[0]
            raise KeepsakeTooLarge("too much")

        ports.keepsakes.keep(HEADING, manifests())
        raise AssertionError

    world = world_after(too_much)
    assert "undo" not in world.status("first")
    assert failure(world, "first")[0] == "True/KeepsakeTooLarge"


def test_a_sweep_that_goes_on_finds_what_was_kept() -> None:
    seen: list[list[Saved] | None] = []

    def goes_on(request: Request, ports: Ports) -> RunRecord:
        found = ports.keepsakes.kept(PLAN)
        seen.append(None if found is None else list(found))
        if len(seen) == 1:
            ports.keepsakes.keep(HEADING, KEPT)
            ports.journal.enter(RunStep.SWEEPING)
            raise ClusterUnreachable("away")
        assert ports.keepsakes.kept(Digest("sha256:" + 64 * "b")) is None
        return record(request)

    world = world_after(goes_on)
    world.later(minutes=1)
    assert seen == [None, KEPT]


def test_a_keepsake_outlives_the_history_until_it_is_too_much() -> None:
    world = world_after(successfulRunsHistoryLimit=1)
    world.pipeline = lambda request, ports: record(request)
    for number in range(4):
        world.run(f"plain-{number}")
        world.later(minutes=1)
    assert "first" in world.runs()
    assert len(world.runs()) == 2
    status = world.status("first")
    status["undo"]["configMaps"] = [f"first-{number}" for number in range(64)]
    world.pipeline = deletes
    world.run("second")
    world.later(minutes=1)
    world.resync()
    assert "first" not in world.runs()
    assert "second" in world.runs()


def test_a_change_of_the_policy_does_not_stop_a_restore() -> None:
    """Whoever restores suspends the policy, so that it does not delete the same again."""
    world = world_after()

    def restore(request: Request, ports: Ports) -> RunRecord:
        world.edit_policy(suspend=True)
        while world.operator.scheduler.run_one():
            pass
        ports.stop.check()
        return record(request, "Restored")

    world.pipeline = restore
    world.run("back", restoreFrom={"name": "first"})
    world.settle()
    assert conditions(world.status("back"))["Complete"] == "True/Restored"


def test_a_restore_counts_what_it_put_once() -> None:
    """What was put before an interruption is there when it goes on."""
    world = world_after()
    digest = KEPT[0].digest
    tries = iter(range(9))

    def restore(request: Request, ports: Ports) -> RunRecord:
        ports.journal.enter(RunStep.RESTORING)
        first = next(tries) == 0
        result = Put.RESTORED if first else Put.PRESENT
        ports.journal.restored([PutOutcome("app", digest, "", result), PutOutcome("app", digest, "v1", result)])
        if first:
            raise ClusterUnreachable("away")
        ports.journal.restored([PutOutcome("app", digest, "latest", Put.RESTORED)])
        ports.journal.restored([PutOutcome("app", digest, "moved", Put.SKIPPED, "the tag moved")])
        return record(request, "Restored")

    world.pipeline = restore
    world.run("back", restoreFrom={"name": "first"})
    world.settle()
    world.restart()
    world.settle()
    assert world.status("back")["restoration"] == {"manifests": 1, "tags": 2, "present": 0, "skipped": 1, "failed": 0}
    assert "put back 1 manifests and 2 tags" in message(world.status("back"), "Complete")
    assert (
        world.metrics.registry.get_sample_value(
            "regsweep_restored_manifests_total", {"namespace": NAMESPACE, "policy": "nightly"}
        )
        == 1
    )


def test_a_restore_is_no_success_of_the_policy() -> None:
    world = world_after(lambda request, ports: record(request, "CollectFailed", message="no"))
    world.pipeline = lambda request, ports: record(request, "Restored")
    world.run("back", restoreFrom={"name": "first"})
    world.settle()
    assert "lastSuccessfulTime" not in world.policy_status()


def test_keepsakes_go_with_their_run() -> None:
    """By the owner reference: Kubernetes collects them."""
    world = world_after()
    run = world.cluster.objects["RegistryCleanupRun", NAMESPACE, "first"]["metadata"]
    assert "finalizers" not in run or run["finalizers"] == []
    world.cluster.delete(RUN, NAMESPACE, "first")
    assert restored(world) == []
    assert "what a run kept goes with it" in failure(world)[1]


def test_the_reading_names_the_config_map(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_after()
    found = world.cluster.objects["ConfigMap", NAMESPACE, maps(world)[0]]
    found["binaryData"] = {}
    restored(world)
    assert failure(world)[0] == f"True/{KeepsakeUnreadable.__name__}"
    assert "holds no keepsake.json.gz" in failure(world)[1]
