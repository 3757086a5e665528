from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.api.pattern import compile_pattern, is_expression

MATCHES = [
    ("app", "app", True),
    ("app", "app2", False),
    ("app", "my-app", False),
    ("*", "app", True),
    ("*", "team/app", False),
    ("**", "team/app", True),
    ("team/*", "team/app", True),
    ("team/*", "team/sub/app", False),
    ("team/**", "team/sub/app", True),
    ("team/**", "team", False),
    ("team/**", "team2/app", False),
    ("**/app", "app", True),
    ("**/app", "a/b/app", True),
    ("**/app", "a/b/my-app", False),
    ("a/**/z", "a/z", True),
    ("a/**/z", "a/b/c/z", True),
    ("a**/z", "az", False),
    ("a**/z", "ab/c/z", True),
    ("a***z", "a/b/z", True),
    ("v?", "v1", True),
    ("v?", "v", False),
    ("v?", "v/", False),
    ("v1.*", "v1.2", True),
    ("v1.*", "v12", False),
    ("{dev,test}-*", "test-1", True),
    ("{dev,test}-*", "prod-1", False),
    ("{a,b/{c,d}}/x", "b/d/x", True),
    ("{a,b/{c,d}}/x", "b/x", False),
    ("{**/a,b}", "x/y/a", True),
    ("pr{,-old}", "pr", True),
    ("v[0-9]", "v7", True),
    ("v[0-9]", "vx", False),
    ("v[!0-9]", "vx", True),
    ("v[!0-9]", "v7", False),
    ("v[^0-9]", "v7", False),
    ("v[^0-9]", "vx", True),
    ("v[!0-9]", "v/", False),
    ("v[!-a]", "v-", False),
    ("v[!-a]", "v9", True),
    ("v[!a-]", "v-", False),
    ("v[._-]", "v-", True),
    ("/^v[0-9]+$/", "v10", True),
    ("/^v[0-9]+$/", "v10-rc", False),
    ("/rc/", "v1-rc1", True),
    ("/^(?i)RC/", "rc1", True),
]


@pytest.mark.parametrize(("pattern", "name", "expected"), MATCHES, ids=[f"{p} {n}" for p, n, _ in MATCHES])
def test_match(pattern: str, name: str, expected: bool):
    assert compile_pattern(pattern).matches(name) is expected


PLAIN = st.builds("".join, st.tuples(
    st.sampled_from(["", "*", "**"]), st.text("ab/.-", max_size=4), st.sampled_from(["", "*", "**"])
))  # fmt: skip


@given(PLAIN.filter(lambda glob: not is_expression(glob)), st.text("ab/.-", max_size=7))
def test_a_glob_that_is_compared_says_what_its_expression_says(glob: str, name: str):
    matcher = compile_pattern(glob)
    assert matcher.matches(name) is (matcher.expression.search(name) is not None)


@pytest.mark.parametrize("name", ["é", "v1é", "\u65e5\u672c", ""])
def test_a_name_of_any_characters_can_be_asked_for(name: str):
    assert compile_pattern("/^v1.$/").matches(name) is (name == "v1é")
    assert compile_pattern("[!a]").matches(name) is (name == "é")


REFUSED = [
    ("[a", "unclosed [ or a class that is none"),
    ("[]", "unclosed [ or a class that is none"),
    ("[a/b]", "unclosed [ or a class that is none"),
    ("[.-9]", "unclosed [ or a class that is none"),
    ("[z-a]", "invalid character class range"),
    ("{a", "unpaired brace"),
    ("{a,{b}", "unpaired brace"),
    ("a}", "outside of braces"),
    ("a,b", "outside of braces"),
    (r"v\d+", "between slashes"),
    ("^v.*", "between slashes"),
    ("(a|b)", "between slashes"),
    ("image:tag", "between slashes"),
    ("//", "empty regular expression"),
    ("/(/", "RE2 understands: missing )"),
    (r"/(a)\1/", "RE2 understands: invalid escape"),
    ("/(?=a)/", "RE2 understands: invalid perl operator"),
    ("/((a{100}){100}){100}/", "RE2 understands"),
]


@pytest.mark.parametrize(("pattern", "message"), REFUSED, ids=[pattern for pattern, _ in REFUSED])
def test_a_pattern_that_could_not_mean_what_its_author_thinks_is_refused(pattern: str, message: str):
    with pytest.raises(ValueError) as refused:
        compile_pattern(pattern)
    assert message in str(refused.value)
    assert repr(pattern) in str(refused.value)


GROUPS = [
    (r"/^(.*?)-[0-9a-f]{7,}$/", "main-0123abc", "main"),
    (r"/^(.*?)-[0-9a-f]{7,}$/", "main", None),
    (r"/^(v)?(?P<group>[a-z]+)-/", "vmain-1", "main"),
    (r"/^(x)?y/", "y", ""),
]


@pytest.mark.parametrize(("pattern", "name", "expected"), GROUPS, ids=[f"{p} {n}" for p, n, _ in GROUPS])
def test_group(pattern: str, name: str, expected: str | None):
    assert compile_pattern(pattern).group(name) == expected


def test_an_expression_that_would_hang_other_engines_ends():
    assert compile_pattern("/^(a+)+$/").matches("a" * 120 + "!") is False
