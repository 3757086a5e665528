"""WWW-Authenticate as RFC 9110 writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.clients.challenge import Challenge, parse_challenges


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("", []),
        ("Basic", [Challenge("basic")]),
        ('Basic realm="Registry Realm"', [Challenge("basic", {"realm": "Registry Realm"})]),
        (
            'Bearer realm="https://auth.example/token?x=1,2",service="r",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {"realm": "https://auth.example/token?x=1,2", "service": "r", "scope": "repository:a/b:pull,push"},
                )
            ],
        ),
        (
            'Basic realm="one", Bearer realm="two" , service = three',
            [Challenge("basic", {"realm": "one"}), Challenge("bearer", {"realm": "two", "service": "three"})],
        ),
        (r'Basic realm="say \"hi\" \\ there"', [Challenge("basic", {"realm": r'say "hi" \ there'})]),
        (
            'Negotiate dGVzdA==, Basic realm="x"',
            [Challenge("negotiate"), Challenge("basic", {"realm": "x"})],
        ),
        ("BEARER Realm=x, REALM=y", [Challenge("bearer", {"realm": "x"})]),
        ('realm="nobody"', []),
        ('Basic realm="never closed', [Challenge("basic")]),
    ],
    ids=["empty", "bare", "basic", "bearer", "two", "escapes", "token68", "case", "no scheme", "open quote"],
)
def test_challenges(header: str, challenges: list[Challenge]):
    assert list(parse_challenges(header)) == challenges


words = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
values = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=30)
parameters = st.dictionaries(words, values, max_size=5)


def written(challenge: Challenge) -> str:
    quoted = (
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in challenge.parameters.items()
    )
    return f"{challenge.scheme} {', '.join(quoted)}".strip()


@given(st.lists(st.builds(Challenge, words, parameters), max_size=4))
def test_what_is_written_is_read(challenges: list[Challenge]):
    assert list(parse_challenges(", ".join(written(challenge) for challenge in challenges))) == challenges


@given(st.text(max_size=300))
def test_any_text_is_read_to_an_end(header: str):
    for challenge in parse_challenges(header):
        assert challenge.scheme == challenge.scheme.lower()
