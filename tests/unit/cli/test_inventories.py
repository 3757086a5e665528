"""Saved inventories as files: damaged ones are refused by name, and none is there before it is whole."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from regsweep.api.load import load_policy
from regsweep.cli import inventories
from regsweep.core.inventory_file import Taking
from tests.command_line import CommandLine
from tests.saved import REGISTRY, versions
from tests.unit.core.shelf import NOW


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def cut_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes())[:-20])


def broken_gzip(path: Path) -> None:
    data = bytearray(gzip.compress(path.read_bytes()))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def bad_checksum(path: Path) -> None:
    data = bytearray(gzip.compress(path.read_bytes()))
    data[-6] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(cut, "it was cut", id="cut"),
        pytest.param(cut_gzip, "it was cut", id="cut gzip"),
        pytest.param(broken_gzip, "damaged", id="broken gzip"),
        pytest.param(bad_checksum, "damaged", id="checksum of gzip"),
        pytest.param(lambda path: path.write_bytes(b"\x1f\x8bnot gzip"), "damaged", id="only called gzip"),
        pytest.param(lambda path: path.write_bytes(b""), "is not JSON", id="empty"),
        pytest.param(lambda path: path.write_text("registry: x\n"), "is not JSON", id="YAML"),
        pytest.param(lambda path: path.unlink(), "cannot be read: No such file", id="missing"),
        pytest.param(lambda path: (path.unlink(), path.mkdir()), "cannot be read: Is a directory", id="a folder"),
        pytest.param(
            lambda path: path.write_text(path.read_text().replace('"version":1', '"version":2')),
            "is of version 2", id="version",
        ),
        pytest.param(
            lambda path: path.write_text(path.read_text().replace("127.0.0.1:1", "127.0.0.1:2")),
            "was made of http://127.0.0.1:2", id="another registry",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [("validate", "--against"), ("explain", "team/app:v1.0.0", "--inventory")])
def test_an_inventory_that_cannot_be_used(
    regsweep: CommandLine, inventory: Path, command: tuple[str, ...], damage: Callable[[Path], object], words: str
) -> None:
    damage(inventory)
    ended = regsweep(*command, inventory, "-f", regsweep.policy(REGISTRY))
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert str(inventory) in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_without_end_is_not_read_to_its_end(
    regsweep: CommandLine, inventory: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(inventories, "LONGEST_LINE", 10_000)
    with inventory.open("ab") as file:
        file.write(b'{"repository":"' + b"a" * 20_000)
    if packed:
        inventory.write_bytes(gzip.compress(inventory.read_bytes()))
    ended = regsweep("validate", "-f", regsweep.policy(REGISTRY), "--against", inventory)
    assert ended.code == 2
    assert "longer than 10000 bytes" in ended.err


def test_a_file_is_there_only_when_it_is_whole(regsweep: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "new/inventory.gz"
    ended = regsweep("plan", "-f", regsweep.policy(REGISTRY), "--save-inventory", target, "-q")
    assert ended.code == 4
    assert list(target.parent.iterdir()) == []


def test_a_place_that_cannot_be_written_is_known_before_the_work(regsweep: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = regsweep("plan", "-f", regsweep.policy(REGISTRY), "--save-inventory", tmp_path / "file/x", "-q")
    assert ended.code == 2
    assert "cannot be written" in ended.err


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    spec = {"registry": {"url": REGISTRY}}
    kind = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy"}
    policy = load_policy({**kind, "metadata": {"name": "test", "namespace": "n"}, "spec": spec})
    for name in ("inventory", "inventory.gz"):
        path = tmp_path / name
        with inventories.FileArchive(path, policy, REGISTRY) as archive:
            archive.begin(Taking("API", NOW, True, None))
            archive.add(versions("team/app", 2))
            archive.unread("team/broken", "it answers 500")
            archive.end()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with inventories.saved_inventory(path) as saved:
            assert saved.header.policy == "n/test"
            assert [each.name for each in saved.repositories()] == ["team/app", "team/broken"]
