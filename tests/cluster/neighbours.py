"""What a registry may stand on besides its files: programs of this machine, in the node's network, where pods reach
them."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster import settings
from tests.cluster.outside import namespaces
from tests.parts.bucket import bucket_command
from tests.parts.build import build
from tests.parts.redis import redis_server

REDIS_PASSWORD = "opensesame"
_LISTENS, _SECONDS = "0A", 30
_LOWEST, _PORTS = 20_000, 9_000
"""Below the ports of Services and of outgoing connections."""


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis that wants REDIS_PASSWORD; HOST:PORT as pods reach it."""
    options = ["--bind", settings.NODE_IP, "--requirepass", REDIS_PASSWORD, "--save", "", "--dir", str(folder)]
    with _serving(lambda port: [str(redis_server()), "--port", str(port), *options]) as address:
        yield address


@contextmanager
def bucket() -> Iterator[str]:
    """An empty bucket that takes any login; HOST:PORT as pods reach it."""
    with _serving(lambda port: bucket_command(build("s3"), f"{settings.NODE_IP}:{port}")) as address:
        yield address


@contextmanager
def _serving(command: Callable[[int], list[str]]) -> Iterator[str]:
    port = _LOWEST + secrets.randbelow(_PORTS)
    silent = subprocess.DEVNULL
    process = subprocess.Popen(namespaces.network_command(command(port)), stdout=silent, stderr=silent)
    try:
        deadline = time.monotonic() + _SECONDS
        while not _listens(process.pid, port):
            assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"nobody listens at port {port} of the node"
            time.sleep(0.05)
        yield f"{settings.NODE_IP}:{port}"
    finally:
        process.kill()
        process.wait()


def _listens(pid: int, port: int) -> bool:
    """Whether somebody does in the network of a process: columns of proc(5), net/tcp."""
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{port:04X}") and row[3] == _LISTENS for row in rows)
