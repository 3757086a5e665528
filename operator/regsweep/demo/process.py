"""One registry process on loopback: started, asked, restarted, collected, and never left behind.

Runs a given `registry` binary (Distribution 2.8 or 3.x) on a storage folder. It may not choose, fetch or
build the binary.
"""

from __future__ import annotations

import http.client
import os
import re
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from regsweep.demo.child import Child
from regsweep.demo.options import INSTANCE_HEADER, RegistryOptions, configuration
from regsweep.errors import InvalidInput, RegistryUnreachable

START_SECONDS = 20.0
COLLECT_SECONDS = 900.0
LOG_TAIL = 2000


class Collection(NamedTuple):
    """What `registry garbage-collect` left: exit code, standard output, standard error."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class DiskBytes:
    """Bytes in files: `blobs` counts blob data alone, `total` every file of the storage."""

    blobs: int
    total: int


class RegistryProcess:
    """A registry on `storage`, running inside `with`. Config and log lie beside the storage, named by port.

    It ends when this process does, however that ends (`Child`). Not for use by two threads at once.
    """

    def __init__(self, binary: Path, storage: Path, options: RegistryOptions | None = None) -> None:
        if not os.access(binary, os.X_OK) or not binary.is_file():
            raise InvalidInput(f"registry binary {binary}: no executable file; give the path of a `registry` binary")
        self.binary = binary
        self.storage = storage
        self.options = options or RegistryOptions()
        self.port = _free_port()
        self._child: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"{'https' if self.options.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def config_path(self) -> Path:
        return self.storage.with_name(f"{self.storage.name}-{self.port}.yml")

    @property
    def log_path(self) -> Path:
        return self.storage.with_name(f"{self.storage.name}-{self.port}.log")

    @property
    def pid(self) -> int:
        """Process id of the running registry. Raises RegistryUnreachable when it does not run."""
        if self._child is None:
            raise RegistryUnreachable(f"the registry at {self.url} is not running")
        return self._child.pid

    def start(self) -> None:
        """Run it until it answers. Raises RegistryUnreachable with the end of its log if it does not."""
        instance = secrets.token_hex(8)
        self.storage.mkdir(parents=True, exist_ok=True)
        self.config_path.write_text(configuration(self.options, self.storage, self.port, instance))
        command: list[str | Path] = [self.binary, "serve", self.config_path]
        try:
            self._child = Child(command, self.log_path, _environment(self.options.env))
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._wait(self._child, instance)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process; the storage stays. Stopping twice is allowed."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def restart(self, *, read_only: bool | None = None) -> None:
        """Stop and start at the same address; `read_only` None leaves that as it is."""
        self.stop()
        if read_only is not None:
            self.options = replace(self.options, read_only=read_only)
        self.start()

    def version(self) -> str:
        """Three numbers, such as 2.8.3 or 3.1.2, by the binary itself."""
        command: list[str | Path] = [self.binary, "--version"]
        try:
            text = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout
        except OSError as error:
            raise self._unusable(error) from error
        found = re.search(r"\bv?(\d+\.\d+\.\d+)", text)
        if not found:
            raise InvalidInput(
                f"registry binary {self.binary}: --version says {text.strip()!r}, which names no version"
            )
        return found[1]

    def garbage_collect(self, *, dry_run: bool = False) -> Collection:
        """The registry's own mark and sweep, in a second process. The caller sees to read-only."""
        options = ["--dry-run"] if dry_run else []
        command: list[str | Path] = [self.binary, "garbage-collect", *options, self.config_path]
        environment = _environment({**self.options.env, "REGISTRY_LOG_LEVEL": "info"})
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=COLLECT_SECONDS, check=False
        )
        return Collection(done.returncode, done.stdout, done.stderr)

    def disk_bytes(self) -> DiskBytes:
        """What the storage takes now, by file sizes. Exact while nobody writes."""
        return DiskBytes(_bytes_below(self.storage / "docker/registry/v2/blobs"), _bytes_below(self.storage))

    def log_tail(self) -> str:
        """The end of the log, for error messages."""
        return self.log_path.read_bytes()[-LOG_TAIL:].decode(errors="replace").strip()

    def _unusable(self, error: OSError) -> InvalidInput:
        return InvalidInput(f"registry binary {self.binary} cannot be run here ({error.strerror}); give another")

    def _wait(self, child: Child, instance: str) -> None:
        end = time.monotonic() + START_SECONDS
        answer = "no answer"
        while time.monotonic() < end:
            if child.exit_code is not None:
                raise RegistryUnreachable(f"{self.binary} ended, code {child.exit_code}; its log: {self.log_tail()}")
            try:
                answer = self._instance()
            except (OSError, http.client.HTTPException) as error:
                answer = f"{type(error).__name__}"
            if answer == instance:
                return
            time.sleep(0.02)
        raise RegistryUnreachable(
            f"{self.url}: {answer} in {START_SECONDS:g} s from {self.binary}; its log: {self.log_tail()}"
        )

    def _instance(self) -> str:
        """Who answers at our address. Nothing secret goes there, so the certificate need not be trusted."""
        client = socket.socket()
        if self.options.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            # Before it connects: CPython 3.11 leaves a socket open whose peer goes away before it is wrapped.
            client = context.wrap_socket(client)
        with client:
            client.settimeout(2)
            client.connect(("127.0.0.1", self.port))
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            connection.sock = client
            connection.request("GET", "/v2/")
            return connection.getresponse().getheader(INSTANCE_HEADER) or "somebody else answers at that port"


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Ours without REGISTRY_ variables, which override the config; 3.x exports traces if not told."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    return {**inherited, "OTEL_TRACES_EXPORTER": "none", **extra}
