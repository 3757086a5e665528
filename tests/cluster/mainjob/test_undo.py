"""Undo, as an admin does it: what a run deleted comes back whole, no moved tag is touched, a collection ends it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.kinds import kinds
from regsweep.demo.push import Pusher
from tests.cluster.mainjob.builds import COLLECT
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.content import places, sizes
from tests.cluster.mainjob.site import Site, condition, reason_of

pytestmark = pytest.mark.timeout(600)

KEPT = "zzz"
LAST_NAME: dict[str, Any] = {
    "successfulRunsHistoryLimit": 20,
    "mode": "Delete",
    "rules": [{"name": "last", "keep": {"latest": 1, "orderBy": "Alphabetical"}}],
    "limits": {"maxDeletionPercent": 100, "minimumAge": "0s"},
}


def everything(now: datetime) -> list[Artifact]:
    """Every kind of manifest, and one image that stays: its name is the last one."""
    kept = image_on((layer("kinds", 5_000),), KEPT, now).at("team/kinds", KEPT)
    return [*kinds("team/kinds", now).values(), kept]


def tags(where: Site) -> dict[str, str]:
    """Tag to digest, of what the registry lists."""
    listed = where.registry.request("GET", "team/kinds/tags/list").json()["tags"] or ()
    accept = {"Accept": ", ".join(f"application/vnd.{kind}" for kind in MANIFESTS)}
    heads = {tag: where.registry.request("HEAD", f"team/kinds/manifests/{tag}", headers=accept) for tag in listed}
    return {tag: head.headers["Docker-Content-Digest"] for tag, head in heads.items()}


MANIFESTS = (
    "oci.image.manifest.v1+json",
    "oci.image.index.v1+json",
    "docker.distribution.manifest.v2+json",
    "docker.distribution.manifest.list.v2+json",
)


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_until_the_next_collection_all_comes_back(site: MakeSite, version: str) -> None:
    """One test with many facts: each needs what the one before it left."""
    where = site(version)
    images = everything(datetime.now(UTC))
    with Pusher(where.registry.url) as pusher:
        pusher.push_all(images)
    before = tags(where)
    where.apply(**LAST_NAME)

    deleted = where.run()
    assert reason_of(where.wait(deleted), "Complete") == "Deleted"
    assert tags(where).keys() == {KEPT}
    undo = where.get("rcr", deleted)["status"]["undo"]
    assert undo["tags"] == len(before) - 1
    assert set(undo["configMaps"]) <= set(where.names("cm"))

    one_image(where, deleted)
    all_of_it(where, deleted, before, images)
    again = where.wait(where.run())["metadata"]["name"]
    a_tag_that_moved_stays(where, again, before)
    after_a_collection_it_is_refused(where, again)


def one_image(where: Site, deleted: str) -> None:
    run = where.wait(where.run(restoreFrom={"name": deleted, "images": ["team/kinds:attested"]}))
    assert reason_of(run, "Complete") == "Restored"
    assert tags(where).keys() == {KEPT, "attested"}


def all_of_it(where: Site, deleted: str, before: dict[str, str], images: list[Artifact]) -> None:
    run = where.wait(where.run(restoreFrom={"name": deleted}))
    assert reason_of(run, "Complete") == "Restored"
    assert tags(where) == before
    status = run["status"]["restoration"]
    assert (status["failed"], status["skipped"]) == (0, 0)
    assert status["tags"] == len(before) - 2
    assert where.row("rcr", run["metadata"]["name"])["RESTORED"] == str(status["manifests"])
    with Pusher(where.registry.url) as pusher:
        pulled = pusher.pull_all(places(images))
    assert pulled.sizes == sizes([image for image in images if image.tags])
    report = json.loads(where.regsweep("report", "--run", run["metadata"]["name"], "-o", "json"))
    assert {part["result"] for part in report["restored"]} == {"restored", "present"}


def a_tag_that_moved_stays(where: Site, deleted: str, before: dict[str, str]) -> None:
    newer = image_on((layer("kinds", 5_000),), "newer", datetime.now(UTC)).at("team/kinds", "oci")
    with Pusher(where.registry.url) as pusher:
        pusher.push(newer)
    report = json.loads(where.regsweep("restore", "--from", deleted, "--yes", "-o", "json"))
    assert report["reason"] == "Restored"
    assert [part["tag"] for part in report["restored"] if part["result"] == "skipped"] == ["oci"]
    assert tags(where) == before | {"oci": newer.digest}


def after_a_collection_it_is_refused(where: Site, deleted: str) -> None:
    assert reason_of(where.wait(where.run()), "Complete") == "Deleted"
    where.apply(**LAST_NAME, garbageCollection=COLLECT)
    collected = where.run(collect="Only")
    assert reason_of(where.wait(collected), "Complete") == "Collected"
    assert not [name for name in where.names("cm") if "keepsake" in name]
    stands = tags(where)

    run = where.wait(where.run(restoreFrom={"name": deleted}), "Failed")

    assert reason_of(run, "Failed") == "AlreadyCollected"
    assert collected in condition(run, "Failed")[2]
    assert tags(where) == stands
    assert where.writable() == [True]
