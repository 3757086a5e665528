"""Redis' protocol: what is said, and what is understood, also where it was cut short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.resp import ErrorReply, Reply, command, replies


def test_a_command_is_an_array_of_strings_whose_lengths_are_bytes():
    assert command("AUTH", "püß") == "*2\r\n$4\r\nAUTH\r\n$5\r\npüß\r\n".encode()


CASES: list[tuple[bytes, list[Reply]]] = [
    (b"+OK\r\n", [b"OK"]),
    (b":12\r\n$-1\r\n", [12, None]),
    (b"-ERR no\r\n", [ErrorReply("ERR no")]),
    (b"*2\r\n$1\r\n0\r\n*2\r\n$3\r\na\r\n\r\n$0\r\n\r\n", [[b"0", [b"a\r\n", b""]]]),
    (b"*-1\r\n*0\r\n", [None, []]),
]


@pytest.mark.parametrize(("content", "expected"), CASES)
def test_replies_are_read(content, expected):
    assert replies(content) == expected


@given(cut=st.integers(0, 200))
def test_what_is_cut_short_is_not_taken_for_a_reply(cut):
    whole = b"".join(content for content, _ in CASES)
    told = [reply for _, expected in CASES for reply in expected]
    found = replies(whole[:cut])
    assert found == told[: len(found)]
    assert cut < len(whole) or found == told


@pytest.mark.parametrize(
    "content", [b"HTTP/1.1 400\r\n", b":twelve\r\n", b"*1\r\n" * 9 + b"+OK\r\n", b"\x15\x03\x01\r\n"]
)
def test_what_is_no_redis_is_refused(content):
    with pytest.raises(ValueError, match=r"not a reply|invalid literal"):
        replies(content)
