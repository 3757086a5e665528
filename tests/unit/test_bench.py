"""The benchmark still runs: each measure once, at a size that measures nothing. Speed is no test."""

from __future__ import annotations

import json

import pytest

from bench import engine, inuse
from bench.made import MANIFESTS_PER_TAG, made_repository
from bench.pods import PODS_OF_ONE_OWNER, made_pod
from bench.rows import Ratio, Row, as_json, as_table, ratio, take_turns
from tests.unit.steps.inuse.fake_api import FakeApi


def test_the_engine_is_measured_in_all_shapes_at_two_sizes():
    rows = list(engine.measure(60, engine.cost, engine.inventory))
    assert [(row.measure, row.subject, row.what) for row in rows] == [
        ("engine", "60 tags", words) for words in engine.SHAPES.values()
    ]
    assert all(row.value > 0 and row.ratios[0].median > 0 for row in rows)


def test_a_process_of_its_own_says_what_it_cost():
    assert engine.apart("many", 60).seconds > 0
    assert engine.inventory_apart("many", 60) >= 0


@pytest.mark.parametrize("shape", engine.SHAPES)
@pytest.mark.parametrize("tags", [1, 60, 2999])
def test_a_shape_has_so_many_tags_and_its_largest_repository_last(shape: str, tags: int):
    found = engine.sizes(shape, tags)
    assert (sum(found), max(found), min(found) > 0) == (tags, found[-1], True)


@pytest.mark.parametrize("shape", engine.SHAPES)
def test_the_made_registry_keeps_some_and_lets_some_go(shape: str):
    """A policy that keeps all, or nothing, would measure another engine."""
    assert 0 < engine.cost(shape, 3000).deleted < 3000 * MANIFESTS_PER_TAG


def test_the_made_registry_is_of_the_stated_size():
    repository = made_repository(0, 0, 100)
    assert (len(repository.tags), len(repository.manifests)) == (100, 100 * MANIFESTS_PER_TAG)


def test_half_of_the_made_pods_images_are_of_the_registry_and_all_are_read():
    api = FakeApi()
    owners = 4
    pods = [made_pod(number) for number in range(owners * PODS_OF_ONE_OWNER)]
    api.lists["pods"] = [pods[:25], pods[25:]]
    found = inuse.cost(api)  # type: ignore[arg-type]
    by_tag_and_by_digest, sidecars_by_digest = 2 * owners, owners
    assert (found.images, found.seconds > 0) == (by_tag_and_by_digest + sidecars_by_digest, True)


def test_a_ratio_is_taken_round_by_round():
    assert ratio("it", [2.0, 9.0, 4.0], [1.0, 3.0, 8.0]) == Ratio("it", 2.0, 0.5, 3.0)


def test_runs_take_turns_and_the_first_round_does_not_count():
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = take_turns(2, {"a": lambda: run("a"), "b": lambda: run("b")})
    assert order == ["a", "b"] * 3
    assert found == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


ROW = Row("scan", "registry 3", "cold", 1234.5, "tags/s", (Ratio("it", 0.5, 0.25, 1.0),), {"requests a tag": 2.0})


def test_a_row_is_printed():
    assert as_table([ROW]).splitlines()[2] == (
        "| scan    | registry 3 | cold | 1,234 tags/s | 0.50 (0.25 to 1.00) of it     | 2.00 requests a tag |"
    )
    assert json.loads(as_json([ROW]))["rows"][0]["ratios"] == [{"to": "it", "median": 0.5, "least": 0.25, "most": 1.0}]
