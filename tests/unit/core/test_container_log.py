"""A log that is read in pieces: each line once, whatever overlaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.container_log import LogReader


def _line(tick: int, text: str, zone: str = "Z") -> bytes:
    """Half seconds."""
    return f"2026-01-01T10:{tick // 120:02}:{tick // 2 % 60:02}.{tick % 2 * 5}00000000{zone} {text}\n".encode()


@given(
    ticks=st.lists(st.integers(0, 40), max_size=30).map(sorted),
    reads=st.lists(st.integers(0, 30), max_size=8).map(sorted),
)
def test_every_line_once_in_its_order(ticks, reads):
    lines = [_line(tick, f"line {number}") for number, tick in enumerate(ticks)]
    reader, read = LogReader(), b""
    for count in [*reads, len(lines)]:
        asked = [line for line in lines[:count] if line[:19].decode() + "Z" >= reader.since]
        read += reader.take(b"".join(asked))
    assert read.decode().splitlines() == [f"line {number}" for number in range(len(lines))]


def test_an_unfinished_line_is_left_for_the_next_time():
    reader = LogReader()
    assert reader.take(_line(1, "one") + _line(2, "two")[:-3]) == b"one\n"
    assert reader.take(_line(1, "one") + _line(2, "two")) == b"two\n"


def test_what_is_no_line_of_the_container_is_left_out():
    assert LogReader().take(b"unable to retrieve container logs for containerd://0\n" + _line(1, "one")) == b"one\n"


def test_what_to_ask_for_next_is_in_utc():
    reader = LogReader()
    assert reader.since == ""
    reader.take(_line(1, "one", "+08:00"))
    assert reader.since == "2026-01-01T02:00:00Z"
