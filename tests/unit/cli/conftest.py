"""The command line without a registry and without a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import CommandLine
from tests.saved import keeping, save, versions
from tests.unit.core.shelf import NOW


@pytest.fixture
def regsweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    return CommandLine(monkeypatch, capsys, tmp_path)


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Two repositories of six and three versions, taken while two of each were kept."""
    return save(tmp_path / "inventory", [versions("team/app", 6), versions("team/web", 3)], keeping(2), NOW)
