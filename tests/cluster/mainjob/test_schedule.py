"""A policy with a schedule makes its runs by itself."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.cluster.mainjob.builds import KEEP_TWO, fill
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.site import condition, eventually, reason_of

pytestmark = pytest.mark.timeout(300)


def test_a_schedule_makes_runs_and_suspend_stops_it(site: MakeSite) -> None:
    """Two policies see the same minute come; one of them is suspended."""
    builds = fill(site("3"))
    where = builds.site
    where.apply("every-minute", schedule="* * * * *", timeZone="Asia/Shanghai", **KEEP_TWO)
    where.apply("paused", schedule="* * * * *", suspend=True, **KEEP_TWO)
    eventually(lambda: where.get("rcp", "every-minute").get("status", {}).get("nextScheduleTime"), 30)

    name = eventually(lambda: where.names("rcr"), 75)[0]
    where.kubectl("patch", "rcp", "every-minute", "--type=merge", "-p", '{"spec": {"suspend": true}}')

    run, policy = where.wait(name), where.get("rcp", "every-minute")
    assert reason_of(run, "Complete") == "DryRun"
    assert [owner["uid"] for owner in run["metadata"]["ownerReferences"]] == [policy["metadata"]["uid"]]
    assert datetime.fromisoformat(policy["status"]["lastScheduleTime"]).second == 0
    assert builds.all_there()
    assert {it["spec"]["policyRef"]["name"] for it in (where.get("rcr", run) for run in where.names("rcr"))} == {
        "every-minute"
    }
    eventually(lambda: condition(where.get("rcp", "every-minute"), "Suspended")[0] == "True", 30)
    for policy_name in ("every-minute", "paused"):
        suspended = where.get("rcp", policy_name)
        assert not suspended["status"].get("nextScheduleTime")
        row = where.row("rcp", policy_name)
        assert (row["SCHEDULE"], row["SUSPEND"]) == ("* * * * *", "true")
