"""The main job, as a cluster admin does it: a policy goes in, the registry gets small, every kept image still pulls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.demo.documents import DOCUMENT_TYPES
from regsweep.demo.images import image_on, layer
from regsweep.demo.push import Pusher
from tests.cluster.mainjob import content
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.site import Site, condition, eventually, reason_of

pytestmark = pytest.mark.timeout(600)

JOB: dict[str, Any] = {
    "mode": "Delete",
    "rules": content.RULES,
    "protect": content.PROTECT,
    "limits": {"maxDeletionPercent": 90},
    "garbageCollection": {"mode": "ReadOnly", "timeout": "5m", "rolloutTimeout": "2m"},
}


@dataclass(frozen=True, slots=True)
class Start:
    """How the registry stands when the admin comes."""

    version: str
    options: dict[str, Any]
    registry: dict[str, Any]


STARTS = {
    "2.8": Start("2.8", {}, {}),
    "3": Start("3", {}, {}),
    "2.8-deletes-off": Start("2.8", {"delete": False}, {"enableDelete": True}),
    "3-deletes-off": Start("3", {"delete": False}, {"enableDelete": True}),
    "3-two-replicas": Start(
        "3",
        {
            "kind": "StatefulSet",
            "replicas": 2,
            "environment": {"REGISTRY_HTTP_SECRET": "an upload may go on at the other replica"},
        },
        {},
    ),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One main job that was done: what was there, what the run says, what stands there now."""

    start: Start
    site: Site
    content: content.Content
    run: dict[str, Any]
    before: dict[str, int]
    workload_before: dict[str, Any]


ALONE = "2.8"
"""There the operator watches all namespaces, as it does by default."""


@pytest.fixture(
    params=[pytest.param(STARTS[name], id=name, marks=[pytest.mark.alone] * (name == ALONE)) for name in STARTS]
)
def job(request: pytest.FixtureRequest, site: MakeSite) -> Job:
    start: Start = request.param
    where = site(start.version, **start.options)
    filled = content.content(datetime.now(UTC))
    with Pusher(where.registry.url) as pusher:
        pusher.push_all(filled.images)
    before, workload = where.blobs(), where.get(*where.registry.workload.split("/"))
    where.apply(registry=start.registry, **JOB)
    run = where.run()
    return Job(start, where, filled, where.wait(run), before, workload)


def test_the_main_job(job: Job) -> None:
    """One test with many facts: a registry is filled and emptied for each version, and that takes its time."""
    at_least_two_hundred_images(job)
    the_run_tells_what_it_did(job)
    exactly_what_should_go_is_gone(job)
    the_volume_holds_what_the_kept_images_need(job)
    every_kept_image_pulls_whole(job)
    nothing_of_ours_is_left_on_the_workload(job)
    every_replica_accepts_pushes(job)
    a_deleted_image_can_be_pushed_again(job)
    kubectl_get_tells_the_story(job)


def at_least_two_hundred_images(job: Job) -> None:
    assert len(job.content.images) >= 200
    assert job.before == content.sizes(job.content.images)


def the_run_tells_what_it_did(job: Job) -> None:
    status = job.run["status"]
    kept_tags = {*job.content.kept_places}
    assert reason_of(job.run, "Complete") == "Collected"
    assert [it["type"] for it in status["conditions"] if it["status"] == "True"] == ["Complete"]
    assert status["step"] == "Finished"
    assert status["plan"]["deletions"] == len(job.content.condemned)
    assert status["plan"]["deletedTags"] == len(content.places(job.content.gone))
    assert status["plan"]["tags"] == len(kept_tags) + len(content.places(job.content.gone))
    assert status["deletion"] == {
        "deleted": len(job.content.condemned),
        "tags": len(content.places(job.content.gone)),
        "gone": 0,
        "skipped": 0,
        "failed": 0,
    }
    assert status["verification"] | {"blobs": 0} == {"images": len(kept_tags), "blobs": 0, "damaged": 0} | (
        {"damagedImages": []} if "damagedImages" in status["verification"] else {}
    )
    freed = sum(job.before.values()) - sum(content.sizes(job.content.kept).values())
    collection = status["garbageCollection"]
    assert collection["outcome"] == "Collected"
    assert collection["bytesBefore"] - collection["bytesAfter"] == collection["reclaimedBytes"] == freed
    assert status["plan"]["bytes"] == freed
    assert collection["blobsDeleted"] == len(job.before) - len(content.sizes(job.content.kept))


def exactly_what_should_go_is_gone(job: Job) -> None:
    for repository, tag in content.places(job.content.gone):
        assert status_of(job, repository, tag) == 404, f"{repository}:{tag} is still there"
    for repository, digest in job.content.condemned:
        assert status_of(job, repository, digest) == 404, f"{repository}@{digest} is still there"
    listed = {
        (repository, tag)
        for repository in {artifact.repository for artifact in job.content.images}
        for tag in job.site.registry.request("GET", f"{repository}/tags/list").json()["tags"] or ()
    }
    assert listed == {*job.content.kept_places}


def the_volume_holds_what_the_kept_images_need(job: Job) -> None:
    assert job.site.blobs() == content.sizes(job.content.kept)


def every_kept_image_pulls_whole(job: Job) -> None:
    with Pusher(job.site.registry.url) as pusher:
        pulled = pusher.pull_all(job.content.kept_places)
    assert pulled.sizes == content.sizes(job.content.visible)


def nothing_of_ours_is_left_on_the_workload(job: Job) -> None:
    before, now = job.workload_before, job.site.get(*job.site.registry.workload.split("/"))
    switched = [{"name": "REGISTRY_STORAGE_DELETE_ENABLED", "value": "true"}] if job.start.registry else []
    container = now["spec"]["template"]["spec"]["containers"][0]
    assert container.get("env", []) == before["spec"]["template"]["spec"]["containers"][0].get("env", []) + switched
    assert "regsweep.dev" not in json.dumps(now["metadata"].get("annotations", {}))
    assert "regsweep.dev" not in json.dumps(now["metadata"].get("labels", {}))
    assert "regsweep.dev" not in json.dumps(now["spec"]["template"]["metadata"])
    ours = [entry for entry in now["metadata"]["managedFields"] if entry["manager"].startswith("regsweep")]
    owned = json.dumps([entry["fieldsV1"] for entry in ours])
    assert ("REGISTRY_STORAGE_DELETE_ENABLED" in owned) == bool(switched)
    assert "READONLY" not in owned
    assert len(ours) == len(switched)
    assert "finalizers" not in job.run["metadata"]
    assert "finalizers" not in job.site.get("rcp", "nightly")["metadata"]


def every_replica_accepts_pushes(job: Job) -> None:
    assert job.site.writable() == [True] * job.start.options.get("replicas", 1)
    new = image_on((layer("new", 30_000),), "after the job", datetime.now(UTC)).at("team/new", "v1")
    push_and_pull(job, new)


def a_deleted_image_can_be_pushed_again(job: Job) -> None:
    """A registry with a stale blob cache answers 201 to this push and 404 to the pull."""
    push_and_pull(job, next(artifact for artifact in job.content.gone if artifact.tags == ("oci",)))


def kubectl_get_tells_the_story(job: Job) -> None:
    name = job.run["metadata"]["name"]
    status = job.run["status"]
    run = job.site.row("rcr", name)
    assert {key: run[key] for key in ("POLICY", "MODE", "STEP", "RESULT", "PLANNED", "DELETED", "RECLAIMED")} == {
        "POLICY": "nightly",
        "MODE": "Delete",
        "STEP": "Finished",
        "RESULT": "Collected",
        "PLANNED": str(len(job.content.condemned)),
        "DELETED": str(len(job.content.condemned)),
        "RECLAIMED": str(status["garbageCollection"]["reclaimedBytes"]),
    }
    eventually(lambda: job.site.get("rcp", "nightly")["status"].get("lastRun", {}).get("name") == name, 30)
    policy = job.site.row("rcp", "nightly")
    assert {key: policy[key] for key in ("MODE", "READY", "LAST-RUN", "DELETED", "MAINTENANCE")} == {
        "MODE": "Delete",
        "READY": "True",
        "LAST-RUN": "Collected",
        "DELETED": str(len(job.content.condemned)),
        "MAINTENANCE": "False",
    }
    eventually(lambda: condition(job.site.get("rcp", "nightly"), "DeleteEnabled")[0] == "True", 30)


def status_of(job: Job, repository: str, reference: str) -> int:
    path = f"{repository}/manifests/{reference}"
    return job.site.registry.request("HEAD", path, headers={"Accept": ", ".join(DOCUMENT_TYPES)}).status_code


def push_and_pull(job: Job, artifact: Any) -> None:
    with Pusher(job.site.registry.url) as pusher:
        pusher.push(artifact)
        pulled = pusher.pull(artifact.repository, artifact.tags[0])
    assert pulled.sizes == artifact.document.sizes()
