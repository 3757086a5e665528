"""Registries whose store no shell reads, or whose blob cache lies: the installed operator collects them too."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from regsweep.demo.push import Pusher
from tests.cluster import neighbours
from tests.cluster.mainjob.builds import COLLECT, KEEP_TWO, Builds, fill
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.content import places, sizes
from tests.cluster.mainjob.site import Site, condition, reason_of
from tests.cluster.registries import PORT
from tests.parts.bucket import bucket_storage

pytestmark = [pytest.mark.timeout(400), pytest.mark.node]

FILES = {"filesystem": {"rootdirectory": "/var/lib/registry"}, "cache": {"blobdescriptor": "inmemory"}}
DATABASE = 3


def configuration(storage: dict[str, Any]) -> str:
    return json.dumps({"version": "0.1", "storage": storage, "http": {"addr": f":{PORT}"}})


@pytest.mark.parametrize(
    ("version", "store"), [("3", "bucket"), ("3-distroless", "bucket"), ("3-distroless", "files")]
)  # fmt: skip
def test_a_store_that_no_shell_reads_is_collected(site: MakeSite, version: str, store: str) -> None:
    with ExitStack() as stack:
        if store == "bucket":
            storage = bucket_storage(stack.enter_context(neighbours.bucket()))
            where = site(version, volume="emptyDir", config=configuration(storage))
        else:
            where = site(version, config=configuration(FILES))
        builds = fill(where)
        where.apply(mode="Delete", garbageCollection=COLLECT, **KEEP_TWO)

        run = where.wait(where.run())

        assert reason_of(run, "Complete") == "Collected"
        collection = run["status"]["garbageCollection"]
        gone = lost_blobs(builds)
        assert (collection["outcome"], collection["blobsDeleted"]) == ("Collected", len(gone))
        assert not {"bytesBefore", "bytesAfter", "reclaimedBytes"} & collection.keys()
        assert condition(run, "Complete")[2].endswith(f"collected {len(gone)} blobs, whose bytes could not be measured")
        assert blobs_that_answer(where, gone) == []
        builds.pull_kept()
        assert len(where.names("job")) == (2 if version == "3-distroless" else 0), "a dry run, then the real one"
        it_takes_pushes(builds)


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_a_cache_in_redis_is_flushed_and_tells_no_lies(site: MakeSite, version: str, tmp_path: Path) -> None:
    with neighbours.redis(tmp_path) as address:
        builds = fill(site(version, environment=cached_in(address, version)))
        where = builds.site
        gone = lost_blobs(builds)
        assert len(blobs_that_answer(where, gone)) >= len(builds.gone) * 2, "a config and a layer each, at least"
        assert ask_redis(where, address, "SET somebody else") == "OK"
        assert int(ask_redis(where, address, "DBSIZE")) > len(gone)
        template = where.get("deployment", "registry")["spec"]["template"]
        where.apply(mode="Delete", garbageCollection=COLLECT | {"redisCache": "Flush"}, **KEEP_TWO)

        run = where.wait(where.run())

        assert reason_of(run, "Complete") == "Collected"
        assert where.blobs() == sizes(builds.kept)
        assert blobs_that_answer(where, gone) == []
        assert ask_redis(where, address, "EXISTS somebody") == "1"
        assert where.get("deployment", "registry")["spec"]["template"] == template, "with its cache again"
        builds.pull_kept()
        it_takes_pushes(builds)
        assert int(ask_redis(where, address, "DBSIZE")) > 1, "the cache is in use again"


def cached_in(address: str, version: str) -> dict[str, str]:
    name, value = ("ADDR", address) if version == "2.8" else ("ADDRS", f"[{address}]")
    return {
        "REGISTRY_STORAGE_CACHE": '{"blobdescriptor": "redis"}',
        f"REGISTRY_REDIS_{name}": value,
        "REGISTRY_REDIS_DB": str(DATABASE),
        "REGISTRY_REDIS_PASSWORD": neighbours.REDIS_PASSWORD,
    }


def ask_redis(where: Site, address: str, words: str) -> str:
    """The last answer, from inside the registry's pod, as the registry would ask."""
    host, port = address.split(":")
    lines = rf"AUTH {neighbours.REDIS_PASSWORD}\r\nSELECT {DATABASE}\r\n{words}\r\nQUIT\r\n"
    said = where.registry.exec("sh", "-c", f"printf '{lines}' | nc {host} {port}").splitlines()
    return said[2].lstrip("+:")


def lost_blobs(builds: Builds) -> list[str]:
    """Of all that were pushed, those that no kept image needs."""
    return sorted(sizes(builds.images).keys() - sizes(builds.kept).keys())


def blobs_that_answer(where: Site, digests: list[str]) -> list[str]:
    """In any repository: a cache may still know them in one."""
    repositories = where.registry.request("GET", "_catalog").json()["repositories"]
    with requests.Session() as session:

        def answers(repository: str, digest: str) -> bool:
            url = f"{where.registry.url}/v2/{repository}/blobs/{digest}"
            return session.head(url, timeout=10).status_code == 200

        return [digest for digest in digests if any(answers(repository, digest) for repository in repositories)]


def it_takes_pushes(builds: Builds) -> None:
    """Of exactly what went: a registry with a cache that lies says 201 to this push and 404 to the pull."""
    with Pusher(builds.site.registry.url) as pusher:
        pusher.push_all(builds.gone)
        assert pusher.pull_all(places(builds.gone)).sizes == sizes(builds.gone)
