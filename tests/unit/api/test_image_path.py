"""A JSONPath of a policy finds what the RFC says, and its regular expressions take linear time."""

from __future__ import annotations

import pytest

from regsweep.api.image_path import compile_path

CONTAINERS = {"c": [{"name": "app", "image": "a:1"}, {"name": "sidecar", "image": "b:2"}, {"name": 7, "image": "c:3"}]}

PATHS = [
    ("$.c[*].image", ["a:1", "b:2", "c:3"]),
    ("$..image", ["a:1", "b:2", "c:3"]),
    ("$.c[?@.name == 'app'].image", ["a:1"]),
    ("$.c[?match(@.name, 'ap.')].image", ["a:1"]),
    ("$.c[?match(@.name, 'a')].image", []),
    ("$.c[?match(@.name, 'a|app')].image", ["a:1"]),
    ("$.c[?search(@.name, '[cd]{1}a')].image", ["b:2"]),
    ("$.c[?search(@.name, '(')].image", []),
    ("$.c[?search(@.image, @.name)].image", []),
    ("$.nothing[*].image", []),
]


@pytest.mark.parametrize(("path", "found"), PATHS, ids=[path for path, _ in PATHS])
def test_a_path_finds(path, found):
    assert compile_path(path).find(CONTAINERS).values() == found


def test_an_expression_that_would_take_years_elsewhere_takes_no_time():
    found = compile_path("$.c[?match(@.image, '(a*)*(a*)*b')].image").find({"c": [{"image": "a" * 2000}]})
    assert found.values() == []
