"""A store on this disk, made by hand, and the two ways to read it: by the walk, and by the scripts in a local shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from regsweep.clients.kube import Cluster
from regsweep.clients.podexec import Command, ContainerRef
from regsweep.core.oci import OCI_MANIFEST, Digest, digest_of
from regsweep.core.ports import Clock
from regsweep.errors import ExecFailed
from regsweep.steps.storage.directory import DirectoryStore
from regsweep.steps.storage.pod import PodStore
from regsweep.steps.storage.scripts import BLOBS, NEEDED, REPOSITORIES

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = 86_400
APPLETS = ("sh", *NEEDED)


class Tree:
    """The files of a registry below `root`, written at `now`, or so many days earlier."""

    def __init__(self, root: Path, now: Clock = lambda: NOW) -> None:
        self.root, self.now = root, now
        self.repositories = root / REPOSITORIES
        self.repositories.mkdir(parents=True, exist_ok=True)
        (root / BLOBS).mkdir(parents=True, exist_ok=True)

    def write(self, path: Path | str, content: bytes | str = b"", days: float = 0) -> Path:
        file = self.repositories / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        at = self.now().timestamp() - days * DAY
        os.utime(file, (at, at))
        return file

    def blob(self, body: bytes) -> Digest:
        digest = digest_of(body)
        folder = self.root / BLOBS / digest[7:9] / digest[7:]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").write_bytes(body)
        return digest

    def data(self, digest: str) -> Path:
        return self.root / BLOBS / digest[7:9] / digest[7:] / "data"

    def manifest(self, repository: str, document: dict[str, Any], days: float = 1) -> Digest:
        digest = self.blob(json.dumps(document).encode())
        self.revision(repository, digest, days)
        (self.repositories / repository / "_layers").mkdir(exist_ok=True)
        return digest

    def image(self, repository: str, seed: str, *tags: str, days: float = 1, **more: Any) -> Digest:
        config = self.blob(json.dumps({"created": "2026-01-02T03:04:05Z", "seed": seed}).encode())
        layer = self.blob(seed.encode())
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
            **more,
        }
        digest = self.manifest(repository, document, days)
        for tag in tags:
            self.tag(repository, tag, digest, days)
        return digest

    def index(self, repository: str, *children: Digest, tags: tuple[str, ...] = (), days: float = 1) -> Digest:
        entries = [_descriptor(OCI_MANIFEST, child) for child in children]
        digest = self.manifest(repository, {"schemaVersion": 2, "manifests": entries}, days)
        for tag in tags:
            self.tag(repository, tag, digest, days)
        return digest

    def tag(self, repository: str, tag: str, digest: str, days: float = 1) -> Path:
        folder = f"{repository}/_manifests/tags/{tag}"
        self.write(f"{folder}/index/sha256/{digest[7:]}/link", digest, days)
        return self.write(f"{folder}/current/link", digest, days)

    def layer(self, repository: str, digest: str, days: float = 1) -> Path:
        return self.write(f"{repository}/_layers/sha256/{digest[7:]}/link", digest, days)

    def revision(self, repository: str, digest: str, days: float = 1) -> Path:
        return self.write(f"{repository}/_manifests/revisions/sha256/{digest[7:]}/link", digest, days)


def _descriptor(media_type: str, digest: Digest) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": 10}


def by_walk(root: Path) -> DirectoryStore:
    return DirectoryStore(root, lambda: NOW)


def by_shell(root: Path, path: str | None = None) -> PodStore:
    """As in a pod, by the shell and the tools of `path`."""

    def stream(_: Cluster, pod: ContainerRef, command: Command) -> Iterator[bytes]:
        return _printed(command, path)

    return PodStore(cast("Cluster", None), ContainerRef("n", "p", "c"), str(root), stream)


def _printed(command: Command, path: str | None) -> Iterator[bytes]:
    environment = {"PATH": path or os.environ["PATH"]}
    program = shutil.which(command.argv[0], path=environment["PATH"])
    assert program is not None
    with tempfile.TemporaryFile() as given:
        given.write(command.stdin or b"")
        given.seek(0)
        process = subprocess.Popen(
            [program, *command.argv[1:]], env=environment, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    out, err = process.communicate(timeout=60)
    if len(out) > command.limit:
        raise ExecFailed("it printed too much")
    yield from (out[at : at + 1000] for at in range(0, len(out), 1000))
    if process.returncode:
        raise ExecFailed(f"exit code {process.returncode}: {err.decode()}")


def shells(folder: Path) -> Iterator[str | None]:
    """This machine's own tools, and those of busybox where it has one. In the cluster's pods there is nothing else."""
    yield None
    busybox = os.environ.get("REGSWEEP_BUSYBOX") or shutil.which("busybox")
    if busybox:
        folder.mkdir()
        for applet in APPLETS:
            (folder / applet).symlink_to(busybox)
        yield str(folder)
