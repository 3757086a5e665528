"""The registry process does what its options say, and leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from regsweep.demo.images import image_on
from regsweep.demo.options import TLS
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import RegistryUnreachable
from tests.certificates import self_signed
from tests.registry.conftest import StartRegistry

ABSENT = "sha256:" + "0" * 64
READ_ONLY_ENV = {"REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled":true}'}


def test_the_binary_says_its_version(registry_binary: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    version = RegistryProcess(registry_binary, tmp_path / "store").version()
    expected = "2.8." if "2.8" in request.node.name else "3."
    assert version.startswith(expected)
    assert len(version.split(".")) == 3


@pytest.mark.parametrize(
    ("options", "status"),
    [({"delete_enabled": True}, 404), ({"delete_enabled": False}, 405)],
    ids=["delete enabled", "delete disabled"],
)
def test_deleting_is_switched_by_an_option(start_registry: StartRegistry, options: dict[str, Any], status: int) -> None:
    answer = requests.delete(f"{start_registry(**options).url}/v2/x/manifests/{ABSENT}", timeout=10)
    assert (answer.status_code, "errors" in answer.json()) == (status, True)


def allowed(registry: RegistryProcess) -> str | None:
    return requests.options(f"{registry.url}/v2/x/manifests/y", timeout=10).headers.get("Allow")


@pytest.mark.parametrize("options", [{"read_only": True}, {"env": READ_ONLY_ENV}], ids=["by config", "by environment"])
def test_read_only(start_registry: StartRegistry, options: dict[str, Any]) -> None:
    assert allowed(start_registry(**options)) == "GET, HEAD"


def test_a_variable_of_this_process_does_not_reach_the_registry(
    start_registry: StartRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in READ_ONLY_ENV.items():
        monkeypatch.setenv(name, value)
    assert "PUT" in (allowed(start_registry()) or "")


def test_a_restart_keeps_address_and_images(start_registry: StartRegistry, now: datetime) -> None:
    registry = start_registry()
    url, pid = registry.url, registry.pid
    with Pusher(url) as pusher:
        pusher.push(image_on((), "restart", now).at("team/app", "v1"))
        registry.restart(read_only=True)
        read_only = allowed(registry)
        pusher.pull("team/app", "v1")
        registry.restart()
        still = allowed(registry)
        registry.restart(read_only=False)
        pusher.push(image_on((), "restart-2", now).at("team/app", "v2"))
    assert (registry.url, read_only, still) == (url, "GET, HEAD", "GET, HEAD")
    assert registry.pid != pid


def test_garbage_collect_frees_what_was_deleted(start_registry: StartRegistry, now: datetime) -> None:
    registry = start_registry()
    gone, kept = (image_on((), name, now).at("team/app", name) for name in ("gone", "kept"))
    with Pusher(registry.url) as pusher:
        pusher.push_all([gone, kept])
        requests.delete(f"{registry.url}/v2/team/app/manifests/{gone.digest}", timeout=10).raise_for_status()
        full = registry.disk_bytes()
        registry.restart(read_only=True)
        dry = registry.garbage_collect(dry_run=True)
        untouched = registry.disk_bytes()
        real = registry.garbage_collect()
        registry.restart(read_only=False)
        pusher.pull("team/app", "kept")
    summary = "3 blobs marked, 3 blobs and 0 manifests eligible for deletion"
    assert [(run.returncode, summary in run.stdout) for run in (dry, real)] == [(0, True)] * 2
    assert real.stderr.count("Deleting blob") == 3
    assert untouched == full
    assert registry.disk_bytes().blobs == full.blobs - sum(gone.document.sizes().values())
    assert registry.disk_bytes().total > registry.disk_bytes().blobs


def test_two_replicas_share_one_storage(start_registry: StartRegistry, now: datetime) -> None:
    first = start_registry()
    second = start_registry(storage=first.storage)
    with Pusher(first.url) as writer, Pusher(second.url) as reader:
        writer.push(image_on((), "shared", now).at("team/app", "v1"))
        reader.pull("team/app", "v1")
    assert first.log_path != second.log_path


def test_tls(start_registry: StartRegistry, tmp_path: Path, now: datetime) -> None:
    certified = self_signed(tmp_path)
    registry = start_registry(tls=TLS(certified.certificate_file, certified.key_file))
    made = image_on((), "tls", now).at("team/app", "v1")
    with Pusher(registry.url, verify=str(certified.certificate_file)) as pusher:
        pusher.push(made)
        assert pusher.pull("team/app", "v1").sizes == made.document.sizes()
    with Pusher(registry.url) as stranger, pytest.raises(RegistryUnreachable, match="SSLError"):
        stranger.pull("team/app", "v1")


def test_a_start_that_fails_shows_the_log(start_registry: StartRegistry, tmp_path: Path) -> None:
    with pytest.raises(RegistryUnreachable, match=r"ended, code [12].*no-such-file"):
        start_registry(tls=TLS(tmp_path / "no-such-file", tmp_path / "no-such-key"))


def test_a_taken_port_is_not_taken_for_our_registry(start_registry: StartRegistry, storages: Path) -> None:
    there = start_registry()
    late = RegistryProcess(there.binary, storages / "late")
    late.port = there.port
    with pytest.raises(RegistryUnreachable, match="address already in use"):
        late.start()
    with pytest.raises(RegistryUnreachable, match="not running"):
        _ = late.pid


def test_it_dies_with_a_parent_that_is_killed(registry_binary: Path, storages: Path) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from regsweep.demo.process import RegistryProcess\n"
        "registry = RegistryProcess(*map(pathlib.Path, sys.argv[1:]))\n"
        "registry.start()\n"
        "print(registry.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(registry_binary), str(storages / "orphan")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert runs(pid)
        parent.send_signal(signal.SIGKILL)
    assert gone_within(pid, 10)


def test_it_dies_with_a_parent_that_forgets_it(registry_binary: Path, storages: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from regsweep.demo.process import RegistryProcess\n"
        "registry = RegistryProcess(*map(pathlib.Path, sys.argv[1:]))\n"
        "registry.start()\n"
        "print(registry.pid)\n"
    )
    command = [sys.executable, "-c", script, str(registry_binary), str(storages / "forgotten")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert gone_within(int(said), 10)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Without an init that reaps, an orphan that was killed stays as a zombie: it runs no more.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while runs(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not runs(pid)
