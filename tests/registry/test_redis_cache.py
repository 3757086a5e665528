"""A blob cache in a real Redis: that it lies after a collection, and that the flush in the window cures it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from regsweep.clients.podexec import Command, ExecResult
from regsweep.clients.registry import Deleter, Target
from regsweep.core.oci import Digest
from regsweep.core.registry_config import Redis
from regsweep.core.resp import command
from regsweep.core.workload import CACHE_SWITCH
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import CollectFailed, ExecFailed
from regsweep.steps.collect.redis import RedisCache
from tests.parts.redis import redis_server

NC = """
import socket, sys, threading
connection = socket.create_connection((sys.argv[-2], int(sys.argv[-1])), 10)
def send():
    while piece := sys.stdin.buffer.read1(65536):
        connection.sendall(piece)
    connection.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while piece := connection.recv(65536):
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
"""
"""Sends its input to HOST PORT, and writes what comes until the other side ends."""

PASSWORD, DATABASE = "opensesame", 3
NOW = datetime(2026, 3, 1, tzinfo=UTC)
IMAGES = [Artifact("team/app", (f"v{n}",), image_on((layer("base", 1000),), f"seed {n}", NOW)) for n in range(2)]


@dataclass(frozen=True, slots=True)
class Server:
    """A Redis on loopback, and the programs that a registry's pod would have."""

    port: int
    programs: Path

    @property
    def about(self) -> Redis:
        return Redis((f"127.0.0.1:{self.port}",), DATABASE, "", PASSWORD)

    def cache(self, about: Redis | None = None, **variables: str) -> RedisCache:
        path = f"{self.programs}:{os.environ['PATH']}"

        def execute(pod: str, asked: Command) -> ExecResult:
            done = subprocess.run(
                asked.argv, input=asked.stdin, capture_output=True, check=False, timeout=60,
                env={**os.environ, "PATH": path, **variables},
            )  # fmt: skip
            return ExecResult(done.returncode, done.stdout, done.stderr)

        site: Any = SimpleNamespace(exec=execute)
        return RedisCache(site, "pod", about or self.about)

    def ask(self, *words: str, database: int = DATABASE) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(command("AUTH", PASSWORD) + command("SELECT", str(database)) + command(*words))
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def keys(self) -> int:
        return int(self.ask("DBSIZE").split(b":")[1])


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real one, and an `nc` that does what busybox's does: the cluster tests have that."""
    server = redis_server()
    folder = tmp_path_factory.mktemp("redis")
    (folder / "nc").write_text(f"#!{sys.executable}\n{NC}")
    (folder / "nc").chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [server, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""],
        stdout=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    found = Server(port, folder)
    try:
        _until_it_answers(found)
        yield found
    finally:
        process.terminate()
        process.wait()


def _until_it_answers(server: Server) -> None:
    for _ in range(100):
        try:
            server.ask("PING")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("redis-server does not answer")


def _variables(registry_binary: Path, server: Server) -> dict[str, str]:
    address = f"127.0.0.1:{server.port}"
    name, value = ("ADDR", address) if "registry2" in str(registry_binary) else ("ADDRS", f"[{address}]")
    about = {f"REGISTRY_REDIS_{name}": value, "REGISTRY_REDIS_DB": str(DATABASE), "REGISTRY_REDIS_PASSWORD": PASSWORD}
    return {**about, "REGISTRY_STORAGE_CACHE": '{"blobdescriptor": "redis"}'}


@pytest.fixture
def registry(start_registry: Any, registry_binary: Path, redis: Server) -> RegistryProcess:
    """Two images in it, one of them deleted; the cache knows both."""
    redis.ask("FLUSHALL")
    found: RegistryProcess = start_registry(env=_variables(registry_binary, redis))
    with Pusher(found.url) as pusher:
        pusher.push_all(IMAGES)
    assert _status(found, IMAGES[1]) == 200
    with Deleter(Target(url=found.url)) as deleter:
        assert deleter.delete_manifest("team/app", Digest(IMAGES[1].digest))
    return found


def _status(registry: RegistryProcess, image: Artifact) -> int:
    """Of the blob that only this image has."""
    kept, own = ({blob.digest for blob in each.document.blobs} for each in (IMAGES[0], image))
    url = f"{registry.url}/v2/team/app/blobs/{min(own - kept)}"
    return requests.head(url, timeout=10).status_code


def _window(registry: RegistryProcess, server: Server, *, flush: bool) -> None:
    """Read-only and without Redis; the flush; the collection; as before."""
    plain = registry.options.env
    registry.options = replace(registry.options, env={**plain, CACHE_SWITCH: "inmemory"})
    registry.restart(read_only=True)
    assert server.cache().refused() == ""
    if flush:
        assert server.cache().flush() > 0
    assert _status(registry, IMAGES[1]) == 200, "asked in the window, it fills no cache that outlives it"
    assert registry.garbage_collect().returncode == 0
    registry.options = replace(registry.options, env=plain)
    registry.restart(read_only=False)


def test_without_the_flush_the_cache_lies(registry: RegistryProcess, redis: Server):
    _window(registry, redis, flush=False)
    assert _status(registry, IMAGES[1]) == 200


def test_after_the_flush_a_push_of_what_was_swept_is_whole(registry: RegistryProcess, redis: Server):
    redis.ask("SET", "session::1", "somebody else's")
    redis.ask("SET", "blobs::not-a-digest", "somebody else's")
    redis.ask("SET", f"blobs::{IMAGES[0].digest}", "another database", database=DATABASE + 1)
    _window(registry, redis, flush=True)
    assert redis.keys() == 2
    assert b"another database" in redis.ask("GET", f"blobs::{IMAGES[0].digest}", database=DATABASE + 1)
    assert _status(registry, IMAGES[1]) == 404
    with Pusher(registry.url) as pusher:
        pusher.push_all(IMAGES)
        for each in IMAGES:
            pusher.pull("team/app", each.references[0])


def test_every_page_of_a_large_cache_goes(redis: Server):
    redis.ask("FLUSHALL")
    for start in range(0, 30_000, 3000):
        pairs = [(f"blobs::sha256:{number:064x}", "x") for number in range(start, start + 3000)]
        redis.ask("MSET", *(word for pair in pairs for word in pair))
    redis.ask("SET", "stays", "x")
    assert redis.cache().flush() == 30_000
    assert redis.keys() == 1
    assert redis.cache().flush() == 0


def test_a_password_of_a_variable_is_said_in_the_pod(redis: Server):
    nameless = replace(redis.about, password="")
    assert redis.cache(nameless, REGISTRY_REDIS_PASSWORD=PASSWORD).refused() == ""
    named = replace(redis.about, username="default", password="")
    assert redis.cache(named, REGISTRY_REDIS_PASSWORD=PASSWORD).refused() == ""
    assert redis.cache(replace(redis.about, username="default")).refused() == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"password": "wrong"}, "refuses: WRONGPASS", id="wrong password"),
        pytest.param({"password": ""}, "refuses: NOAUTH", id="no password"),
        pytest.param({"database": 99}, "DB index is out of range", id="no such database"),
        pytest.param({"addresses": ("127.0.0.1:1",)}, "did not answer in full", id="nobody there"),
        pytest.param({"plain": False}, "no single server without TLS", id="TLS, Sentinel or a cluster"),
    ],
)
def test_what_cannot_be_flushed_says_why(redis: Server, change: dict[str, Any], words: str):
    said = redis.cache(replace(redis.about, **change)).refused()
    assert words in said
    assert PASSWORD not in said


def test_what_is_no_redis_is_told(redis: Server, start_registry: Any):
    other = start_registry()
    about = replace(redis.about, addresses=(f"127.0.0.1:{other.port}",))
    assert "is no Redis" in redis.cache(about).refused()
    with pytest.raises(CollectFailed, match="is no Redis"):
        redis.cache(about).flush()


def test_a_pod_without_nc_is_told(redis: Server, tmp_path: Path):
    (tmp_path / "sh").symlink_to("/bin/sh")
    assert "has no `nc`" in redis.cache(PATH=str(tmp_path)).refused()
    with pytest.raises(ExecFailed, match="has no `nc`"):
        redis.cache(PATH=str(tmp_path)).flush()
