"""What stands before a deletion: deletes that are off, a dry run, a person who looks at the plan, a limit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.mainjob.builds import COLLECT, KEEP_TWO, Builds, fill
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.site import condition, eventually, reason_of

pytestmark = pytest.mark.timeout(300)

CONFIGURATION = {"2.8": "/etc/docker/registry/config.yml", "3": "/etc/distribution/config.yml"}
WRONG = "sha256:" + "0" * 64


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_deletes_that_are_off_are_said_exactly_and_nothing_happens(site: MakeSite, version: str) -> None:
    builds = fill(site(version, delete=False))
    where, pods = builds.site, builds.site.registry.pods()
    where.apply(mode="Delete", garbageCollection=COLLECT, **KEEP_TWO)

    run = where.wait(where.run(), "Failed")

    assert reason_of(run, "Failed") == "DeleteDisabled"
    policy = eventually(lambda: _known(where.get("rcp", "nightly"), "DeleteEnabled"), 30)
    for status, reason, message in (condition(policy, "DeleteEnabled"), condition(run, "Failed")):
        assert (status, reason) in {("False", "Disabled"), ("True", "DeleteDisabled")}
        assert "REGISTRY_STORAGE_DELETE_ENABLED=true" in message
        assert f"storage.delete.enabled: true in {CONFIGURATION[version]}" in message
    assert condition(policy, "RegistryReachable")[0] == "True"
    assert builds.all_there()
    assert (where.registry.pods(), where.writable()) == (pods, [True])  # not one rollout
    row = where.row("rcr", run["metadata"]["name"])
    assert (row["RESULT"], row["DELETED"]) == ("DeleteDisabled", "")


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_a_dry_run_deletes_nothing_and_its_plan_can_be_read(site: MakeSite, version: str) -> None:
    builds = fill(site(version))
    where, pods = builds.site, builds.site.registry.pods()
    where.apply(garbageCollection=COLLECT, **KEEP_TWO)

    run = where.wait(where.run())

    assert reason_of(run, "Complete") == "DryRun"
    assert builds.all_there()
    assert where.registry.pods() == pods
    _the_plan_is_that_of(builds, run)
    row = where.row("rcr", run["metadata"]["name"])
    assert (row["MODE"], row["RESULT"], row["PLANNED"], row["DELETED"]) == ("DryRun", "DryRun", "26", "")


def test_a_plan_waits_for_exactly_its_approval(site: MakeSite) -> None:
    builds = fill(site("3"))
    where = builds.site
    where.apply(mode="Delete", approval="Manual", **KEEP_TWO)

    name = where.run()
    run = where.wait(name, "AwaitingApproval")

    digest = run["status"]["plan"]["digest"]
    assert condition(run, "AwaitingApproval")[:2] == ("True", "ManualApproval")
    assert digest in condition(run, "AwaitingApproval")[2]
    assert where.row("rcr", name)["RESULT"] == "ManualApproval"
    _the_plan_is_that_of(builds, run)

    where.kubectl("patch", "rcr", name, "--type=merge", "-p", f'{{"spec": {{"approvedPlan": "{WRONG}"}}}}')
    refused = eventually(lambda: _mentions(where.get("rcr", name), WRONG), 30)
    assert reason_of(refused, "AwaitingApproval") == "ManualApproval"
    assert builds.all_there()

    where.kubectl("patch", "rcr", name, "--type=merge", "-p", f'{{"spec": {{"approvedPlan": "{digest}"}}}}')
    done = where.wait(name)
    assert reason_of(done, "Complete") == "Deleted"
    assert (done["status"]["plan"]["digest"], done["status"]["deletion"]["deleted"]) == (digest, 26)
    assert condition(done, "AwaitingApproval")[0] == "False"
    assert builds.swept()


def test_a_plan_over_a_limit_waits_and_is_not_trimmed(site: MakeSite) -> None:
    builds = fill(site("3"))
    where = builds.site
    where.apply(mode="Delete", **KEEP_TWO | {"limits": {"maxDeletions": 25, "maxDeletionPercent": 100}})

    name = where.run()
    run = where.wait(name, "AwaitingApproval")

    status, reason, message = condition(run, "AwaitingApproval")
    assert (status, reason) == ("True", "LimitExceeded")
    assert "26" in message
    assert "25" in message
    assert run["status"]["plan"]["deletions"] == 26
    assert builds.all_there()

    where.regsweep("approve", name, "--yes")
    assert reason_of(where.wait(name), "Complete") == "Deleted"
    assert builds.swept()
    builds.pull_kept()


def _the_plan_is_that_of(builds: Builds, run: dict[str, Any]) -> None:
    """Every way to read a plan names exactly what should go."""
    plan = builds.site.plan(run)
    expected = {(image.repository, image.digest, image.tags) for image in builds.gone}
    assert {(it["repository"], it["digest"], tuple(it["tags"])) for it in plan["actions"]} == expected
    assert plan["digest"] == run["status"]["plan"]["digest"]
    text = builds.site.regsweep("report", "--run", run["metadata"]["name"])
    assert plan["digest"] in text
    assert "kept.latest" in text, "who approves has to see why the others stay"
    assert all(repository in text for repository, _, _ in expected)


def _known(policy: dict[str, Any], kind: str) -> dict[str, Any] | None:
    return policy if condition(policy, kind)[0] in {"True", "False"} else None


def _mentions(run: dict[str, Any], digest: str) -> dict[str, Any] | None:
    return run if digest in condition(run, "AwaitingApproval")[2] else None
