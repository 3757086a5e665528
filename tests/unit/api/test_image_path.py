"""A JSONPath of a policy finds what the RFC says, and its regular expressions take linear time."""

from __future__ import annotations

import pytest

from regsweep.api.image_path import check_cost, compile_path

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


FINE = [
    "$.spec.template.spec['initContainers', 'containers'][*].image",
    "$.spec..template..image",
    "$.c[?match(@.name, 'a|b') && @.image].image",
]
COSTLY = [
    ("$..a..b..image", "more than 2 times"),
    ("$.a[?@..b].image", "in or after a filter"),
    ("$.a[?count($.a[*]) > 1].image", "in or after a filter"),
    ("$" + "[*,*]" * 9, "more than 8 times"),
]


@pytest.mark.parametrize("path", FINE)
def test_a_path_that_is_followed_once_is_fine(path):
    check_cost(path)


@pytest.mark.parametrize(("path", "words"), COSTLY, ids=[path for path, _ in COSTLY])
def test_a_path_that_multiplies_an_object_with_itself_is_refused(path, words):
    compile_path(path)
    with pytest.raises(ValueError, match=words):
        check_cost(path)
