"""The operator reads a registry from its storage by itself, says so, and lets go what lost its tag."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.push import Pusher
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.site import reason_of

pytestmark = pytest.mark.timeout(400)

UNTAGGED: dict[str, Any] = {
    "mode": "Delete",
    "registry": {"inventory": "Auto"},
    "untagged": {"olderThan": "1s"},
    "limits": {"maxDeletionPercent": 100, "minimumAge": "0s"},
}
OCI = {"Accept": "application/vnd.oci.image.manifest.v1+json"}


def pushed_over(url: str) -> tuple[Artifact, Artifact]:
    base, now = layer("base", 2000), datetime.now(UTC)
    old, new = (Artifact("team/app", ("latest",), image_on((base,), seed, now)) for seed in ("old", "new"))
    with Pusher(url) as pusher:
        pusher.push(old)
        pusher.push(new)
    return old, new


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_manifests_without_a_tag_go(site: MakeSite, version: str) -> None:
    where = site(version)
    old, new = pushed_over(where.registry.url)
    time.sleep(2)  # untagged.olderThan is a second
    where.apply(**UNTAGGED)
    run = where.wait(where.run())
    assert reason_of(run, "Complete") == "Deleted"
    plan = run["status"]["plan"]
    assert plan["inventory"] == "Storage"
    assert plan["inventoryReason"].startswith(f"/var/lib/registry in pod {where.namespace}/")
    answers = [where.registry.request("GET", f"team/app/manifests/{each.digest}", headers=OCI) for each in (old, new)]
    assert [answer.status_code for answer in answers] == [404, 200]
    report = json.loads(where.regsweep("report", "--run", run["metadata"]["name"], "-o", "json"))
    assert report["inventory"] == "Storage"
    assert [action["reason"] for action in report["actions"]] == ["expired.untagged"]
