"""Stop, collect, start: by real shell commands that write down what was run, and a registry that does as they say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.errors import CollectFailed, LiftFailed, RegistryUnreachable, WorkloadUnfit
from regsweep.steps.commands import CommandCollector, Commands

A, B = (Digest("sha256:" + letter * 64) for letter in "ab")
CENSUS = Census((), {"app": frozenset({A})}, {})
PRINTED = (
    f"app: marking manifest {A} \\n\\n1 blobs marked, 1 blobs and 0 manifests eligible for deletion\\n"
    f"blob eligible for deletion: {B}\\n"
)


@dataclass(slots=True)
class Registry:
    """It is up while the file `up` exists."""

    folder: Path
    read_only: bool = False
    said: list[str] = field(default_factory=list)

    def ping(self) -> None:
        if not (self.folder / "up").exists():
            raise RegistryUnreachable("no connection")

    def writable(self) -> bool | None:
        return not self.read_only

    def collector(
        self, collect: str, *, stop: str = "rm up", start: str = "touch up", **limits: float
    ) -> CommandCollector:
        place = f"cd {self.folder} && echo"
        commands = Commands(
            f"{place} stop >>ran && {stop}", f"{place} collect >>ran && {collect}", f"{place} start >>ran && {start}"
        )
        commands = replace(commands, **({"patience": 2.0} | limits))  # type: ignore[arg-type]
        return CommandCollector(commands, self, lambda: datetime.now(UTC), self, self, pause=lambda _: None)

    def ran(self) -> list[str]:
        return (self.folder / "ran").read_text().split()

    def check(self) -> None: ...

    def wait(self, seconds: float) -> None: ...

    def begin(self, hop: str, total: int | None = None) -> None: ...

    def advance(self, done: int = 1, detail: str = "") -> None: ...

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "up").touch()
    return Registry(tmp_path)


def test_stop_collect_start_and_the_output_is_read(registry):
    result = registry.collector(f"printf '{PRINTED}'").collect(lambda: CENSUS)
    assert registry.ran() == ["stop", "collect", "start"]
    assert (result.blobs_marked, result.blobs_expected, result.blobs_deleted) == (1, 1, 1)
    assert (result.swept, result.bytes_before) == (frozenset({B}), None)
    assert "no dry run" in registry.said[0]


def test_a_silent_command_is_believed_and_told(registry):
    result = registry.collector("true").collect(lambda: CENSUS)
    assert (result.blobs_marked, result.swept) == (0, frozenset())
    assert "printed no summary" in registry.said[-1]


FAILURES = [
    ("echo 'failed to garbage collect: failed to mark: x' >&2; exit 1", {}, "failed to mark: x"),
    ("echo 'Error: unknown flag: --quiet' >&2", {}, "does not know an option"),
    ("sleep 30", {"collect_timeout": 0.2}, "took longer than 0s and was ended"),
]


@pytest.mark.parametrize(("collect", "limits", "words"), FAILURES, ids=["exit 1", "unknown flag", "too long"])
def test_whatever_happens_the_registry_is_started(registry, collect, limits, words):
    with pytest.raises(CollectFailed, match=words):
        registry.collector(collect, **limits).collect(lambda: CENSUS)
    assert registry.ran() == ["stop", "collect", "start"]


def test_a_failed_stop_collects_nothing(registry):
    with pytest.raises(CollectFailed, match=r"the stop command failed \(exit code 7"):
        registry.collector("true", stop="exit 7").collect(lambda: CENSUS)
    assert registry.ran() == ["stop", "start"]


def test_a_stop_that_stops_nothing_collects_nothing(registry):
    with pytest.raises(CollectFailed, match="the registry still answers"):
        registry.collector("true", stop="true").collect(lambda: CENSUS)
    assert registry.ran() == ["stop", "start"]


def test_a_registry_that_does_not_come_back_is_told(registry):
    with pytest.raises(LiftFailed, match="did not come back writable within 2s"):
        registry.collector("true", start="false").collect(lambda: CENSUS)


def test_beside_a_collector_that_will_not_end_nothing_is_started(registry):
    with pytest.raises(LiftFailed, match="the registry was left stopped"):
        registry.collector("trap '' TERM; sleep 3 & wait; sleep 3", collect_timeout=0.2, grace=0.3).collect(
            lambda: CENSUS
        )
    assert registry.ran() == ["stop", "collect"]


def test_a_census_that_cannot_be_taken_stops_nothing(registry):
    def broken() -> Census:
        raise RegistryUnreachable("half a catalog")

    with pytest.raises(RegistryUnreachable):
        registry.collector("true").collect(broken)
    assert not (registry.folder / "ran").exists()


def test_a_read_only_registry_is_refused(registry):
    registry.read_only = True
    with pytest.raises(WorkloadUnfit, match="read-only"):
        registry.collector("true").preflight()
