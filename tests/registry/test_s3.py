"""A registry whose store is a bucket: its collector says the same, and the window's rules hold.

Distribution 3 alone: the 2.8 of these tests is built without the drivers of clouds.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry import Deleter, Reader, Target
from regsweep.core.collector_output import CollectorOutput
from regsweep.core.inventory import Census
from regsweep.core.marker import READ_ONLY
from regsweep.core.oci import Digest
from regsweep.core.workload import SWITCH
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.push import Pusher
from regsweep.steps.scan import census
from tests.parts.bucket import bucket_command, bucket_storage
from tests.quiet import Quiet
from tests.registry.conftest import program

NOW = datetime(2026, 3, 1, tzinfo=UTC)
IMAGES = [Artifact("team/app", (f"v{n}",), image_on((layer("base", 1000),), f"seed {n}", NOW)) for n in range(4)]


@dataclass(frozen=True, slots=True)
class OnBucket:
    """A registry program with its configuration; it runs inside `running`."""

    binary: Path
    config: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "OTEL_TRACES_EXPORTER": "none"}

    @contextmanager
    def running(self, variables: Mapping[str, str] | None = None) -> Iterator[None]:
        environment = {**self.environment, **(variables or {})}
        process = subprocess.Popen(
            [str(self.binary), "serve", str(self.config)], env=environment, stderr=subprocess.DEVNULL
        )
        try:
            _until_it_answers(f"{self.url}/v2/")
            yield
        finally:
            process.terminate()
            process.wait()

    def collect(self, *options: str) -> tuple[set[Digest], CollectorOutput]:
        """What is marked, and the rest of the output."""
        command = [str(self.binary), "garbage-collect", *options, str(self.config)]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=True, timeout=60)
        marked: set[Digest] = set()
        output = CollectorOutput(marked.add)
        output.feed(done.stdout)
        output.end()
        assert output.summary is not None
        return marked, output

    def census(self) -> Census:
        with Reader(Target(url=self.url)) as reader:
            return census(reader, MemoryCache(), concurrency=2, stop=Quiet(), progress=Quiet())


@pytest.fixture
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OnBucket]:
    bucket, port = _free_port(), _free_port()
    place = f"127.0.0.1:{bucket}"
    body = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": bucket_storage(place),
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    config = tmp_path / "config.yml"
    config.write_text(json.dumps(body))
    server = subprocess.Popen(bucket_command(program(request, "s3"), place), stderr=subprocess.DEVNULL)
    try:
        _until_it_answers(f"http://{place}")
        yield OnBucket(program(request, "registry3"), config, port)
    finally:
        server.terminate()
        server.wait()


def test_what_is_not_kept_is_swept_and_what_is_kept_pulls(registry: OnBucket):
    with registry.running():
        with Pusher(registry.url) as pusher:
            pusher.push_all(IMAGES)
        with Deleter(Target(url=registry.url)) as deleter:
            for each in IMAGES[1::2]:
                assert deleter.delete_manifest("team/app", Digest(each.digest))
    with registry.running({SWITCH: READ_ONLY}):
        with Reader(Target(url=registry.url)) as reader:
            assert reader.writable() is False
        needed = registry.census().marks()
        marked, planned = registry.collect("--dry-run")
        assert marked == needed
        again, done = registry.collect()
        assert again == needed
        assert done.eligible == planned.eligible
        assert len(done.eligible) == 6
    with registry.running():
        with Reader(Target(url=registry.url)) as reader:
            assert reader.writable() is True
        for digest in done.eligible:
            assert requests.head(f"{registry.url}/v2/team/app/blobs/{digest}", timeout=10).status_code == 404
        with Pusher(registry.url) as pusher:
            pusher.push_all(IMAGES)
            for each in IMAGES:
                pusher.pull("team/app", each.references[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _until_it_answers(url: str) -> None:
    for _ in range(200):
        try:
            requests.get(url, timeout=2)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nobody answers at {url}")
