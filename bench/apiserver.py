"""A real API server to read from: etcd and kube-apiserver, two processes on loopback, filled before it starts.

Objects go into etcd as JSON, which the API server reads as well as its own encoding: so each has a status, as if it had
run, and none is made one by one. Both programs are those of the cluster tests (tests/cluster/README.md).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cluster import settings
from tests.parts.build import build

READY_SECONDS = 120
TOKEN = "bench"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ApiServer:
    """`kubeconfig` is a login that may do everything."""

    url: str
    authority: Path

    @property
    def kubeconfig(self) -> dict[str, Any]:
        authority = base64.b64encode(self.authority.read_bytes()).decode()
        return {
            "clusters": [{"name": "c", "cluster": {"server": self.url, "certificate-authority-data": authority}}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }


@contextmanager
def api_server(folder: Path, pods: Iterable[dict[str, Any]]) -> Iterator[ApiServer]:
    """Ends with the block. Raises TimeoutError for a program that does not answer; its output is in `folder`."""
    client, peer, port = _free_ports(3)
    store, url = f"http://127.0.0.1:{client}", f"https://127.0.0.1:{port}"
    with ExitStack() as stack:
        stack.enter_context(_running(folder / "etcd.log", _etcd(folder, store, f"http://127.0.0.1:{peer}")))
        _wait(f"{store}/health", folder / "etcd.log")
        _fill(store, pods)
        stack.enter_context(_running(folder / "apiserver.log", _apiserver(folder, store, port)))
        authority = folder / "certificates/apiserver.crt"
        _wait(f"{url}/readyz", folder / "apiserver.log", authority)
        yield ApiServer(url, authority)


def etcd_program() -> str:
    """Of the cluster tests' node, or of this machine. Raises FileNotFoundError."""
    ours = settings.TREE / "usr/bin/etcd"
    found = str(ours) if ours.exists() else shutil.which("etcd")
    if found is None:
        raise FileNotFoundError("etcd is missing: `python3 tests/cluster/node.py bootstrap`, or install it")
    return found


def _etcd(folder: Path, store: str, peer: str) -> list[str]:
    return [
        etcd_program(), f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", f"--listen-client-urls={store}",
        f"--advertise-client-urls={store}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}", "--quota-backend-bytes=8000000000",
    ]  # fmt: skip


def _apiserver(folder: Path, store: str, port: int) -> list[str]:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    for name, content in (("accounts.key", private), ("accounts.pub", public)):
        (folder / name).write_bytes(content)
    (folder / "tokens").write_text(f"{TOKEN},bench,bench,system:masters\n")
    return [
        str(build("kubernetes") / "kube-apiserver"), f"--etcd-servers={store}", "--bind-address=127.0.0.1",
        f"--secure-port={port}", f"--cert-dir={folder / 'certificates'}", f"--token-auth-file={folder / 'tokens'}",
        "--authorization-mode=AlwaysAllow", "--service-cluster-ip-range=10.89.0.0/24",
        "--service-account-issuer=https://bench", f"--service-account-key-file={folder / 'accounts.pub'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
    ]  # fmt: skip


def _fill(store: str, pods: Iterable[dict[str, Any]]) -> None:
    left = iter(pods)
    with requests.Session() as session:
        session.trust_env = False
        while some := list(islice(left, _AT_ONCE)):
            puts = [
                {"requestPut": {"key": _base64(_key(pod).encode()), "value": _base64(json.dumps(pod).encode())}}
                for pod in some
            ]
            session.post(f"{store}/v3/kv/txn", json={"success": puts}, timeout=60).raise_for_status()


def _key(pod: dict[str, Any]) -> str:
    return f"/registry/pods/{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@contextmanager
def _running(log: Path, command: list[str]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={"PATH": os.defpath})
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _wait(url: str, log: Path, authority: Path | None = None) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            verify = str(authority) if authority else True
            if requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, verify=verify, timeout=5).ok:
                return
        except (requests.RequestException, OSError):
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{url} does not answer:\n{log.read_text()[-3000:]}")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]
