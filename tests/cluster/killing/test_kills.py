"""Whatever dies, and whenever: the registry ends writable, no kept image is lost, nothing is collected twice at once.

A quarter of the table; all of it: KILLS=all pytest -n 6 tests/cluster/killing; other words: the rows that hold them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.access import Cluster
from tests.cluster.killing.cases import ALL, QUARTER, ROW, Case, Fault
from tests.cluster.killing.play import play

pytestmark = [pytest.mark.node, pytest.mark.timeout(1200)]

WORDS = os.environ.get("KILLS", "")
CASES = ALL if WORDS == "all" else tuple(case for case in ALL if WORDS in str(case)) if WORDS else QUARTER


def _rows() -> list[pytest.param]:  # type: ignore[valid-type]
    """The Kubernetes API is taken from everybody; what somebody has to wait out takes a minute longer."""
    marks = {Fault.API: [pytest.mark.alone]} | {
        fault: [pytest.mark.long] for fault in (Fault.NODE, Fault.FROZEN, Fault.RIGHTS)
    }
    return [pytest.param(case, id=" ".join(str(case).split()), marks=marks.get(case.fault, ())) for case in CASES]


@pytest.mark.usefixtures("definitions")
@pytest.mark.parametrize("case", _rows())
def test_whatever_dies_the_registry_is_writable_and_whole(
    case: Case, cluster: Cluster, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    told = play(case, cluster, tmp_path)
    record_property(ROW, str(told))
    assert not told.problems, told


def test_the_quarter_is_one() -> None:
    assert set(QUARTER) <= set(ALL)
    assert len(ALL) <= 4 * len(QUARTER) <= len(ALL) + 8
