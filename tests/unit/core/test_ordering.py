from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.inventory import Tag
from regsweep.core.ordering import alphabetical_key, natural_key, newest_first, semver_key

ASCENDING = [
    "v0.0.1", "0.1.0", "v0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "v1.2.0", "v1.10.0", "2.0.0-0", "2.0.0-9", "2.0.0-10", "2.0.0-10a", "2.0.0",
    "2.0.0_1", "2.0.0_2", "2.0.0_10", "v10.0.0",
]  # fmt: skip


@pytest.mark.parametrize(("older", "newer"), [*pairwise(ASCENDING)])
def test_semver_precedence(older: str, newer: str):
    left, right = semver_key(older), semver_key(newer)
    assert left is not None
    assert right is not None
    assert (left, natural_key(older)) < (right, natural_key(newer))


@pytest.mark.parametrize(
    "tag",
    ["latest", "1", "1.2", "v1", "1234567", "20240101", "01.2.3", "1.2.3-01", "1.2.3.4", "vv1.2.3", "V1.2.3", "1.2.3-",
     "release-1.2.3", "sha-1.2.3", "_1.2.3", "1.2.3_"],
)  # fmt: skip
def test_no_version(tag: str):
    assert semver_key(tag) is None


EQUAL = [("1.0.0", "v1.0.0"), ("2.0.0_1", "2.0.0"), ("2.0.0_10", "2.0.0_2"), ("1.0.0-rc.1_a", "v1.0.0-rc.1_b")]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_a_leading_v_and_build_metadata_have_no_precedence(one: str, other: str):
    assert semver_key(one) == semver_key(other)


@given(st.permutations(["1.0.0", "v1.0.0", "1.0.0_9", "1.0.0_10", "0.9.0", "1.0.1"]))
def test_equal_keys_are_ordered_by_name_whatever_the_order_of_listing(tags: list[str]):
    members = [(semver_key(tag), Tag(tag, None)) for tag in tags]
    expected = ["1.0.1", "v1.0.0", "1.0.0_10", "1.0.0_9", "1.0.0", "0.9.0"]
    assert [tag.name for tag in newest_first(members)] == expected


def test_no_tag_is_lost_in_order():
    assert newest_first([]) == []
    assert [tag.name for tag in newest_first([(1, Tag("a", None)), (1, Tag("b", None))])] == ["b", "a"]


NATURAL = ["1", "2", "10", "a", "a1", "a2", "a2b", "a10", "b-1.9", "b-1.10", "b-01.11", "build"]


@pytest.mark.parametrize(("older", "newer"), [*pairwise(NATURAL)])
def test_natural_order(older: str, newer: str):
    assert natural_key(older) < natural_key(newer)


def test_natural_order_tells_equal_numbers_apart():
    assert natural_key("a01") != natural_key("a1")
    assert sorted(["a1", "a01"], key=natural_key) == ["a01", "a1"]


def test_alphabetical_order_is_that_of_code_points():
    assert sorted(["b", "B", "a10", "a9", "_"], key=alphabetical_key) == ["B", "_", "a10", "a9", "b"]
