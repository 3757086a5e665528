"""Real registries: every test here that asks for `registry_binary` or `start_registry` runs on 2.8 and on 3.x.

The binaries are those of `tests/parts/build.py`, or the ones that REGSWEEP_REGISTRY2 and REGSWEEP_REGISTRY3 name.
Without a binary a test fails with the builder's words: nothing is skipped.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import bcrypt
import pytest

from regsweep.demo.documents import Artifact
from regsweep.demo.options import RegistryOptions
from regsweep.demo.process import RegistryProcess
from tests.command_line import CommandLine
from tests.parts.build import BuildFailed, build
from tests.registry.stored import store

HERE = Path(__file__).parent
SERVICE = HERE / "service.py"
MEMORY_BYTES = 4 << 30
BINARIES = pytest.StashKey[dict[str, Path | str]]()
"""Part to its path, or to the words of why there is none."""


class StartRegistry(Protocol):
    """Starts a registry with fields of RegistryOptions, on new storage or the one given; stops it after the test."""

    def __call__(self, storage: Path | None = None, **options: Any) -> RegistryProcess: ...


class StorageWith(Protocol):
    """A new storage with these images: as if they had been pushed, one after the other. What the process remembers of
    a push is not there."""

    def __call__(self, images: Iterable[Artifact]) -> Path: ...


class StartService(Protocol):
    """Starts a registry as StartRegistry does, that the commands for `regsweep apply` can stop and start."""

    def __call__(self, storage: Path | None = None, **options: Any) -> tuple[RegistryProcess, list[str]]: ...


def pytest_configure() -> None:
    # Half of what a registry costs here is its own runtime: these live for seconds, and several at a time.
    os.environ.setdefault("GOGC", "400")
    os.environ.setdefault("GOMAXPROCS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.registry)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build before the first test: a build takes longer than a test may."""
    wanted = any(item.path.is_relative_to(HERE) for item in session.items)
    if wanted and not session.config.option.collectonly:
        session.config.stash[BINARIES] = {name: _binary(name) for name in ("registry2", "registry3", "s3")}


def _binary(name: str) -> Path | str:
    given = os.environ.get(f"REGSWEEP_{name.upper()}")
    if given:
        return Path(given)
    try:
        return build(name)
    except BuildFailed as error:
        return str(error)


@pytest.fixture(scope="session", params=["registry2", "registry3"], ids=["2.8", "3"])
def registry_binary(request: pytest.FixtureRequest) -> Path:
    """The path of a registry program, once of each version."""
    return program(request, request.param)


def program(request: pytest.FixtureRequest, part: str) -> Path:
    """The path of a part, or the test fails with the builder's words."""
    found = request.config.stash[BINARIES][part]
    if isinstance(found, str):
        pytest.fail(f"{part} could not be built: {found}", pytrace=False)
    return found


@pytest.fixture(scope="session")
def storages() -> Iterator[Path]:
    """A folder for storages, which are larger than what a test keeps: in memory where there is room for all workers,
    for a fifth of the time goes to a disk otherwise.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_BYTES
    with tempfile.TemporaryDirectory(prefix="regsweep-", dir=memory if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture
def new_storage(storages: Path) -> Iterator[Callable[[], Path]]:
    """Where a storage of this test may be made."""
    with tempfile.TemporaryDirectory(dir=storages) as folder:
        count = iter(range(100))
        yield lambda: Path(folder) / f"registry{next(count)}"


@pytest.fixture
def start_registry(registry_binary: Path, new_storage: Callable[[], Path]) -> Iterator[StartRegistry]:
    with ExitStack() as running:

        def start(storage: Path | None = None, **options: Any) -> RegistryProcess:
            place = storage or new_storage()
            return running.enter_context(RegistryProcess(registry_binary, place, RegistryOptions(**options)))

        yield start


@pytest.fixture
def storage_with(new_storage: Callable[[], Path]) -> StorageWith:
    def storage(images: Iterable[Artifact]) -> Path:
        place = new_storage()
        store(images, place)
        return place

    return storage


@pytest.fixture
def registry(start_registry: StartRegistry, storage_with: StorageWith, images: list[Artifact]) -> RegistryProcess:
    """A registry that holds the `images` of the file that asks for it."""
    return start_registry(storage_with(images))


@pytest.fixture
def start_service(start_registry: StartRegistry, tmp_path: Path) -> Iterator[StartService]:
    folders: list[Path] = []

    def start(storage: Path | None = None, **options: Any) -> tuple[RegistryProcess, list[str]]:
        registry, folder = start_registry(storage, **options), tmp_path / f"service{len(folders)}"
        folder.mkdir()
        folders.append(folder)
        (folder / "pid").write_text(str(registry.pid))
        (folder / "command").write_text(f"{registry.binary}\n{registry.config_path}\n{registry.port}\n")
        (folder / "environment").write_text(json.dumps(dict(registry.options.env)))
        return registry, _commands(folder)

    yield start
    for folder in folders:
        if (folder / "log").exists():  # a start command began another process
            os.kill(int((folder / "pid").read_text()), signal.SIGTERM)


def _commands(folder: Path) -> list[str]:
    run, place = f"{shlex.quote(sys.executable)} {shlex.quote(str(SERVICE))}", shlex.quote(str(folder))
    return [part for verb in ("stop", "collect", "start") for part in (f"--{verb}-command", f"{run} {verb} {place}")]


@pytest.fixture
def regsweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    return CommandLine(monkeypatch, capsys, tmp_path)


@pytest.fixture
def htpasswd(tmp_path: Path) -> Path:
    """A password file for the user `pusher` with the password `opensesame`."""
    path = tmp_path / "htpasswd"
    path.write_bytes(b"pusher:" + bcrypt.hashpw(b"opensesame", bcrypt.gensalt(4)) + b"\n")
    return path


@pytest.fixture(scope="session")
def now() -> datetime:
    """The time that made images are made for."""
    return datetime(2026, 3, 1, 12, tzinfo=UTC)
