"""The conductor over a made-up cluster: the plain way and each refusal. Faults are in tests/property."""

from __future__ import annotations

import re
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from regsweep.api.run import CollectionStatus
from regsweep.clients.podexec import Command, ContainerRef, ExecResult
from regsweep.core.inventory import Census
from regsweep.core.maintenance import Why
from regsweep.core.oci import Digest
from regsweep.errors import Cancelled, ClusterNotFound, CollectFailed, ExecFailed, WorkloadUnfit
from regsweep.steps.collect import scripts
from regsweep.steps.collect.alive import ASKED
from tests.unit.steps.collect_world import CENSUS, GONE, KEPT, SHAPES, Fault, Killed, World, faults_of


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_the_whole_window(shape):
    world = World(**shape)
    result = world.collector().collect(lambda: CENSUS)
    assert (result.blobs_marked, result.blobs_expected, result.blobs_deleted) == (1, 1, 1)
    measured = (2000, 1000) if world.shell else (None, None)
    assert (result.bytes_before, result.bytes_after, result.swept) == (*measured, frozenset({GONE}))
    stored = world.stored
    assert stored is not None
    assert 0 < stored.collector_seconds <= (stored.write_blocked_seconds or 1000)
    removes = world.protected and world.shell
    assert result.repositories_removed == (1 if removes else 0)
    assert world.empty == ([] if removes else ["old/app"])
    assert world.verdict() == []
    assert world.steps == ["Entering", "DryRunning", "Collecting", "Stopping", "Lifting", "Finished"]


def test_a_live_image_that_would_go_stops_the_collection():
    world = World()
    lost = Digest("sha256:" + "c" * 64)
    census = Census((), {"app": frozenset({KEPT, lost})}, {})
    with pytest.raises(CollectFailed, match=f"1 digests that live images need, so it was not run: app@{lost}"):
        world.collector().collect(lambda: census)
    assert (world.collected, world.verdict()) == (0, [])


def test_repositories_that_the_collector_does_not_see_stop_the_collection():
    world = World()
    world.unseen = "team/app\n"
    with pytest.raises(
        CollectFailed, match=r"\(team/app\).* as /var/lib/registry/docker/registry/v2/repositories/team"
    ):
        world.collector().collect(lambda: CENSUS)
    assert (world.collected, world.verdict()) == (0, [])


def test_a_repository_that_the_census_keeps_is_not_removed():
    world = World()
    world.empty = ["app", "old/app"]
    assert world.collector().collect(lambda: CENSUS).repositories_removed == 1
    assert world.empty == ["app"]


def test_empty_repositories_stay_unless_it_is_asked_for():
    world = World()
    assert world.collector(removeEmptyRepositories=False).collect(lambda: CENSUS).repositories_removed == 0
    assert world.empty == ["old/app"]


@pytest.mark.parametrize("codes", [(1,), (0, 1)], ids=["dry run", "real run"])
def test_a_collector_that_fails_is_told_and_the_registry_is_writable(codes):
    world = World(codes=codes)
    with pytest.raises(CollectFailed, match="exit code 1"):
        world.collector().collect(lambda: CENSUS)
    assert world.verdict() == []
    assert world.stored is not None
    assert world.stored.outcome == Why.COLLECT_FAILED


def test_an_error_of_the_census_comes_out_after_the_lift():
    world = World()

    def broken() -> Census:
        raise CollectFailed("half a catalog")

    with pytest.raises(CollectFailed, match="half a catalog"):
        world.collector().collect(broken)
    assert (world.collected, world.verdict()) == (0, [])


def test_what_is_no_error_of_ours_comes_out_after_the_lift_too():
    world = World()

    def broken() -> Census:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.collector().collect(broken)
    assert (world.collected, world.verdict()) == (0, [])


def test_a_collector_that_never_ends_is_stopped_at_the_deadline():
    world = World(moments=10**6)
    with pytest.raises(CollectFailed, match=r"took longer than rolloutTimeout 5m and timeout 10m of spec\.garbage"):
        world.collector().collect(lambda: CENSUS)
    assert world.verdict() == []


UNFIT = [
    pytest.param(lambda w: w["spec"].update(paused=True), "rollouts are paused", id="paused"),
    pytest.param(lambda w: w["spec"].update(replicas=0), "scaled to 0", id="no replicas"),
    pytest.param(lambda w: w["spec"].update(updateStrategy={"type": "OnDelete"}), "OnDelete", id="OnDelete"),
    pytest.param(
        lambda w: w["spec"].update(updateStrategy={"rollingUpdate": {"partition": 1}}), "partition", id="partition"
    ),
    pytest.param(
        lambda w: w["metadata"].update(ownerReferences=[{"kind": "Harbor", "name": "h", "controller": True}]),
        "belongs to Harbor h",
        id="owned",
    ),
    pytest.param(
        lambda w: w["spec"]["template"]["spec"].update(volumes=[{"name": "d", "emptyDir": {}}]),
        "emptyDir volume: every restart loses it",
        id="emptyDir",
    ),
    pytest.param(
        lambda w: w["spec"]["template"]["spec"]["containers"][0].pop("volumeMounts"), "on no volume", id="no volume"
    ),
    pytest.param(
        lambda w: w["spec"]["template"]["spec"]["containers"][0].update(name="other"),
        "set workloadRef.container to one of: other",
        id="container",
    ),
    pytest.param(
        lambda w: w["metadata"].update(annotations={"regsweep.dev/maintenance-run": "other"}),
        "run other has it in maintenance",
        id="in maintenance",
    ),
]


@pytest.mark.parametrize(("change", "words"), UNFIT)
def test_an_unfit_workload_is_refused_before_anything_is_changed(change, words):
    world = World()
    change(world.workload)
    with pytest.raises(WorkloadUnfit, match=words):
        world.collector().preflight()
    assert (world.steps, world.switched) == ([], False)


def test_a_cache_in_redis_is_refused_unless_the_policy_lets_it_be_flushed():
    world = World(redis=True)
    with pytest.raises(WorkloadUnfit, match=r"Set garbageCollection\.redisCache: Flush, or storage\.cache"):
        world.collector(redisCache="Refuse").preflight()


def test_the_cache_in_redis_is_emptied_while_no_replica_fills_it():
    world = World(redis=True)
    world.collector().collect(lambda: CENSUS)
    assert "2 keys of the registry's blob cache deleted in Redis" in world.said
    assert world.verdict() == []


ON_S3 = "storage: {s3: {bucket: b, secretkey: hidden}}\nhttp: {addr: ':5000'}\n"


@pytest.mark.parametrize("shell", [True, False], ids=["in the pod", "by a Job"])
def test_a_store_in_a_bucket_is_collected_and_not_measured(shell):
    world = World(shell=shell)
    world.config = ON_S3
    world.workload["spec"]["template"]["spec"]["containers"][0].pop("volumeMounts")
    result = world.collector(removeEmptyRepositories=False).collect(lambda: CENSUS)
    assert (result.bytes_before, result.bytes_after, result.blobs_deleted) == (None, None, 1)
    assert world.verdict() == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param(ON_S3, "removeEmptyRepositories takes a store of files", id="s3"),
        pytest.param(ON_S3.replace("s3", "gcs"), "its storage driver is gcs; collecting is made for", id="gcs"),
    ],
)
def test_what_a_store_in_a_bucket_cannot_do_is_refused(config, words):
    world = World()
    world.config = config
    with pytest.raises(WorkloadUnfit, match=words) as refused:
        world.collector().preflight()
    assert "hidden" not in str(refused.value)


def _scaler(current: int, desired: int) -> dict[str, Any]:
    ref = {"kind": "Deployment", "name": "registry"}
    status = {"currentReplicas": current, "desiredReplicas": desired}
    return {"metadata": {"name": "hpa"}, "spec": {"scaleTargetRef": ref}, "status": status}


def test_a_workload_that_is_being_scaled_is_refused():
    world = World()
    world.scalers = [_scaler(1, 3)]
    with pytest.raises(WorkloadUnfit, match="hpa is scaling it from 1 to 3: wait for its end"):
        world.collector().preflight()
    world.scalers = [_scaler(1, 1)]
    world.collector().preflight()
    assert "Deployment registry/registry is scaled by HorizontalPodAutoscaler hpa" in world.said[-1]


def test_how_far_a_long_collection_is_stands_in_its_status():
    world = World(moments=20)
    told: list[int] = []
    save = world.save

    def saving(status: CollectionStatus) -> None:
        if status.step == "Collecting":
            told.append(status.blobs_deleted)
            assert status.blobs_eligible == 1
        save(status)

    world.save = saving  # type: ignore[method-assign]
    world.collector().collect(lambda: CENSUS)
    assert told[0] == 0
    assert set(told[1:]) == {1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda pod: setattr(pod, "config_map", False), "cannot be read: mount it", id="in the image"),
        pytest.param(lambda pod: None, "removeEmptyRepositories takes a shell", id="empty repositories"),
    ],
)
def test_what_takes_a_shell_is_refused_without_one(change, words):
    world = World(shell=False)
    change(world.pods[0])
    with pytest.raises(WorkloadUnfit, match=words):
        world.collector(removeEmptyRepositories=True).preflight()


def test_a_registry_that_is_read_only_by_itself_is_refused():
    world = World()
    world.probe_for = lambda url: SimpleNamespace(writable=lambda: False)  # type: ignore[method-assign]
    with pytest.raises(WorkloadUnfit, match="read-only already"):
        world.collector().preflight()


def test_a_collector_that_runs_already_is_not_disturbed():
    world = World()
    world.moments = 100
    world._started(world.pods[0], ("/elsewhere", "--dry-run"))
    with pytest.raises(WorkloadUnfit, match="garbage-collect already runs"):
        world.collector().preflight()
    assert world.pods[0].live()


def deaf(world: World, questions: int, *, in_window: bool) -> None:
    """So many times nobody tells whether a collector runs."""
    answer, left = world._executed, [questions]

    def executed(target: ContainerRef, command: Command) -> ExecResult:
        if command.argv[2] == scripts.SCAN and left[0] and in_window == (world.stored is not None):
            left[0] -= 1
            return ExecResult(None, b"", b"", why="the connection broke")
        return answer(target, command)

    world._executed = executed  # type: ignore[method-assign]


@pytest.mark.parametrize("in_window", [False, True])
def test_what_is_not_known_in_a_moment_is_asked_again(in_window):
    world = World()
    deaf(world, ASKED - 1, in_window=in_window)
    assert world.collector().collect(lambda: CENSUS).blobs_deleted == 1
    assert world.verdict() == []


def test_a_collector_that_nobody_can_see_is_none_to_begin_beside():
    """Nor is the registry read-only until the window's time is over."""
    world = World()
    deaf(world, 10_000, in_window=True)
    with pytest.raises(CollectFailed, match="not known: it was not begun"):
        world.collector().collect(lambda: CENSUS)
    assert world.verdict() == []
    assert world.collected == 0
    assert any("is not known: pod" in line and "the connection broke" in line for line in world.said)


def test_nor_is_a_window_entered_then():
    world = World()
    deaf(world, 10_000, in_window=False)
    with pytest.raises(ExecFailed, match="is not known"):
        world.collector().preflight()
    assert world.stored is None


def test_there_is_nothing_to_resume():
    assert World().collector().resume(lambda: CENSUS) is None


def test_a_stop_leads_out_and_is_told():
    world = World()
    faults_of(world, {40: Fault.CANCEL})
    with pytest.raises(Cancelled):
        world.collector().collect(lambda: CENSUS)
    assert world.verdict() == []


def test_a_pod_that_is_gone_in_a_moment_is_a_collection_that_failed():
    """Or one that ended well all the same. The registry does not stay read-only until the window's time is over."""
    plain = World()
    faults_of(plain, {})
    plain.collector().collect(lambda: CENSUS)
    said = set()
    for call in range(plain.calls):
        world = World()
        faults_of(world, {call: Fault.POD_FORCED})
        try:
            world.collector().collect(lambda: CENSUS)
        except (ClusterNotFound, WorkloadUnfit):
            assert world.stored is None, f"gone at call {call}, in a window"
        except CollectFailed as error:
            said.add(str(error))
        assert world.verdict() == [], f"gone at call {call}"
    told = "went away in the midst|was stopped or restarted|is not known: it was not begun"
    assert [each for each in said if not re.search(told, each)] == []


def test_what_was_freed_is_known_whenever_the_conductor_is_killed():
    """The size before the collection is measured by whoever begins it."""
    plain = World()
    faults_of(plain, {})
    plain.collector().collect(lambda: CENSUS)
    for call in range(plain.calls):
        world = World()
        faults_of(world, {call: Fault.KILL_BEFORE})
        with suppress(Killed):
            world.collector().collect(lambda: CENSUS)
        world.dead = False
        with suppress(CollectFailed):
            world.collector().resume(lambda: CENSUS)
        stored = world.stored
        if stored is not None and stored.outcome == Why.COLLECTED:
            assert (stored.bytes_before, stored.reclaimed_bytes) == (2000, 1000), f"killed before call {call}"
