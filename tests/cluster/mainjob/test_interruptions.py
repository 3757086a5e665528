"""A run that is disturbed: cancelled, or its operator killed. The registry accepts pushes afterwards, in any case."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.cluster.mainjob.builds import COLLECT, KEEP_TWO, Builds, fill, in_its_window
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.content import places, sizes
from tests.cluster.mainjob.installation import Installation
from tests.cluster.mainjob.site import Site, condition, eventually, reason_of

pytestmark = pytest.mark.timeout(600)

SLOWLY: dict[str, Any] = KEEP_TWO | {
    "mode": "Delete",
    "limits": {"maxDeletionPercent": 100, "requestsPerSecond": 8, "concurrency": 1},
    "garbageCollection": COLLECT,
}


def test_a_killed_operator_goes_on_where_it_was(site: MakeSite, installation: Installation) -> None:
    """Once it is asked to end in the middle of the sweep, once it is killed while the registry is read-only."""
    builds = fill(site("3"))
    where = builds.site
    where.apply(**SLOWLY)
    name = where.run()

    in_the_middle_of_the_sweep(builds, name)
    installation.restart()
    eventually(where.read_only, 120)
    installation.restart("--grace-period=0", "--force")

    run = where.wait(name)
    assert reason_of(run, "Complete") == "Collected"
    assert run["status"]["deletion"] == {"deleted": 26, "tags": 26, "gone": 0, "skipped": 0, "failed": 0}
    assert where.blobs() == sizes(builds.kept)
    freed = sum(sizes(builds.images).values()) - sum(sizes(builds.kept).values())
    assert run["status"]["garbageCollection"]["reclaimedBytes"] == freed
    builds.pull_kept()
    nothing_is_left_behind(where)


@pytest.mark.node
def test_a_crashed_operator_goes_on_in_its_pod_without_waiting(site: MakeSite, installation: Installation) -> None:
    builds, name = in_its_window(site("2.8"))
    where = builds.site

    installation.crash()

    assert reason_of(where.wait(name), "Complete") == "Collected"
    assert "is dead: nobody waits for it" in installation.log()
    assert where.blobs() == sizes(builds.kept)
    builds.pull_kept()
    nothing_is_left_behind(where)


def test_a_cancelled_run_stops_deleting(site: MakeSite) -> None:
    builds = fill(site("2.8"))
    where = builds.site
    where.apply(**SLOWLY)
    name = where.run()

    in_the_middle_of_the_sweep(builds, name)
    where.cancel(name)

    left = builds.tags()
    assert {*places(builds.kept)} < {*left} < {*places(builds.images)}
    time.sleep(2)
    assert builds.tags() == left
    builds.pull_kept()
    nothing_is_left_behind(where)


def test_a_run_cancelled_in_its_window_makes_the_registry_writable(site: MakeSite) -> None:
    builds, name = in_its_window(site("3"))
    where = builds.site

    eventually(lambda: reason_of(where.get("rcp", "nightly"), "MaintenanceActive"), 30)
    where.cancel(name)

    builds.pull_kept()
    nothing_is_left_behind(where)
    eventually(lambda: condition(where.get("rcp", "nightly"), "MaintenanceActive")[0] == "False", 30)


def in_the_middle_of_the_sweep(builds: Builds, run: str) -> None:
    everything = len(builds.images)
    eventually(lambda: builds.site.get("rcr", run).get("status", {}).get("step") == "Sweeping", 60)
    eventually(lambda: len(builds.tags()) <= everything - 3, 30)
    assert not builds.swept()


def nothing_is_left_behind(where: Site) -> None:
    """The registry accepts pushes, and nothing on the workload or the policy speaks of maintenance."""
    assert where.writable() == [True]
    workload = where.get(*where.registry.workload.split("/"))
    template = json.dumps(workload["spec"]["template"])
    assert "READONLY" not in template
    assert "regsweep.dev/maintenance" not in json.dumps(workload)
    assert not [entry for entry in workload["metadata"]["managedFields"] if entry["manager"] == "regsweep"]
    assert "finalizers" not in where.get("rcp", "nightly")["metadata"]
