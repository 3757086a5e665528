"""Whatever dies, and whenever: the registry ends writable, no kept image is lost, nothing is collected twice at once.

A quarter of the table; all of it: KILLS=all pytest tests/cluster/killing -s; with other words, the rows that hold them.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cluster.access import Cluster
from tests.cluster.killing.cases import ALL, ALONE, QUARTER, Case
from tests.cluster.killing.collectors import Collectors
from tests.cluster.killing.stage import Told, play

pytestmark = [pytest.mark.node, pytest.mark.timeout(5000)]

MANIFEST = Path(__file__).resolve().parents[3] / "deploy/crds.yaml"
AT_ONCE = int(os.environ.get("KILLS_AT_ONCE") or 6)
WORDS = os.environ.get("KILLS", "")
CASES = ALL if WORDS == "all" else tuple(case for case in ALL if WORDS in str(case)) if WORDS else QUARTER


def test_whatever_dies_the_registry_is_writable_and_whole(cluster: Cluster, tmp_path: Path) -> None:
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(MANIFEST))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(MANIFEST))
    alone = [case for case in CASES if case in ALONE]

    with Collectors() as collectors:

        def one(case: Case) -> Told:
            told = play(case, cluster, collectors, tmp_path)
            print(told, flush=True)
            return told

        with ThreadPoolExecutor(AT_ONCE) as pool:
            rows = list(pool.map(one, [case for case in CASES if case not in ALONE]))
        rows += map(one, alone)

    table = "\n".join(str(row) for row in rows)
    print(f"\nversion, fault, step; seconds until the last refused push; how the run ended\n{table}")
    assert not [row for row in rows if row.problems], table


def test_the_quarter_is_one() -> None:
    assert set(QUARTER) <= set(ALL)
    assert len(ALL) <= 4 * len(QUARTER) <= len(ALL) + 8
