"""A registry that is left read-only with no operator: lifted by hand, by a guard, by the next one, at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.core.marker import DEADLINE
from tests.cluster.mainjob.builds import Builds, in_its_window
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.installation import NAMESPACE, RELEASE, Installation
from tests.cluster.mainjob.site import Site, eventually
from tests.cluster.mainjob.test_interruptions import nothing_is_left_behind

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def operator(installation: Installation) -> Iterator[Installation]:
    """It may be stopped; afterwards it is there again."""
    yield installation
    installation.start()


def test_by_hand(site: MakeSite, operator: Installation) -> None:
    builds, run = left_read_only(site, operator)
    where = builds.site

    lifted = where.command("lift")

    assert lifted.returncode == 0, lifted.stderr
    name = f"{where.registry.options.kind} {where.namespace}/{where.registry.options.name}"
    assert lifted.stdout == f"{name} is writable again\n"
    nothing_is_left_behind(where)
    builds.pull_kept()
    operator.start()
    eventually(lambda: where.get("rcr", run)["status"]["step"] == "Finished", 120)  # the run says what became of it
    nothing_is_left_behind(where)
    assert where.command("lift").stdout == ""


def test_by_a_guard_once_it_is_overdue(site: MakeSite, operator: Installation) -> None:
    builds, _ = left_read_only(site, operator, timeout="20s", rolloutTimeout="20s")
    where = builds.site

    too_early = where.command("guard")
    assert (too_early.returncode, too_early.stdout, where.writable()) == (0, "", [False])

    deadline = datetime.fromisoformat(workload(where)["metadata"]["annotations"][DEADLINE])
    time.sleep((deadline - datetime.now(UTC)).total_seconds() + 1)
    lifted = where.command("guard")
    assert lifted.returncode == 0, lifted.stderr
    nothing_is_left_behind(where)
    builds.pull_kept()


def test_by_the_next_operator_where_the_run_is_gone(site: MakeSite, operator: Installation) -> None:
    builds, run = left_read_only(site, operator)
    where = builds.site
    for kind, name in (("rcr", run), ("rcp", "nightly")):
        where.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps({"metadata": {"finalizers": None}}))
        where.kubectl("delete", kind, name, "--ignore-not-found")

    operator.start()

    eventually(lambda: "regsweep.dev/maintenance" not in json.dumps(workload(where)), 240)
    assert "READONLY" not in json.dumps(workload(where)["spec"]["template"])
    where.kubectl("rollout", "status", where.registry.workload, "--timeout=60s")
    eventually(lambda: len(where.registry.pods()) == 1 and where.writable() == [True], 60)
    builds.pull_kept()


def test_before_an_uninstall(site: MakeSite, operator: Installation) -> None:
    """What the chart's hook does: the operator, in the middle of a window, is stopped, and holds nothing any more."""
    builds, run = in_its_window(site("3"))
    where = builds.site

    done = where.command("lift", "--uninstall", f"{NAMESPACE}/{RELEASE}")

    assert done.returncode == 0, done.stderr
    assert operator.pods() == []
    nothing_is_left_behind(where)
    assert not where.get("rcr", run)["metadata"].get("finalizers")
    where.kubectl("delete", "rcp", "nightly", "--timeout=20s")
    builds.pull_kept()


def left_read_only(site: MakeSite, operator: Installation, **collection: str) -> tuple[Builds, str]:
    """A registry in its window, whose operator was killed and does not come back; and the name of the run."""
    builds, run = in_its_window(site("3"), **collection)
    where = builds.site
    operator.kubectl("scale", f"deployment/{RELEASE}", "--replicas=0")
    operator.kubectl("delete", "pod", "--all", "--grace-period=0", "--force")
    eventually(lambda: where.writable() == [False], 60)
    return builds, run


def workload(where: Site) -> dict[str, Any]:
    return where.get(*where.registry.workload.split("/"))
