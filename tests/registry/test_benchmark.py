"""The benchmark's measures still run on real registries, at a size that measures nothing. Speed is no test."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import main

MEASURES = ["client", "scan", "sweep", "collect"]


def test_every_measure_gives_its_rows(capsys: pytest.CaptureFixture[str]):
    assert main([*MEASURES, "--rounds", "1", "--tags-per-repository", "2", "-o", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["measure"] for row in rows] == 2 * ["client", "scan", "scan", "scan", "sweep", "collect"]
    assert all(row["value"] > 0 and row["ratios"] for row in rows)
