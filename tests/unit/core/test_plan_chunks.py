"""A plan that was cut into pieces comes back as it was, or not at all."""

from __future__ import annotations

import base64
import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core import plan_chunks
from regsweep.core.plan_chunks import from_chunks, to_chunks
from regsweep.errors import PlanUnreadable


@given(st.text())
def test_what_was_cut_comes_back(text: str) -> None:
    assert from_chunks(to_chunks(text)) == text


def test_equal_texts_give_equal_pieces() -> None:
    assert to_chunks("plan" * 1000) == to_chunks("plan" * 1000)


def test_a_large_text_is_cut_into_pieces_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_chunks, "CHUNK_BYTES", 1000)
    text = random.Random(1).randbytes(4000).hex()
    pieces = to_chunks(text)
    assert len(pieces) > 3
    assert all(len(base64.b64decode(piece)) <= 1000 for piece in pieces)
    assert from_chunks(pieces) == text


def test_a_piece_fits_into_a_config_map() -> None:
    assert plan_chunks.CHUNK_BYTES * 4 / 3 < 1_000_000


def test_the_pieces_are_one_gzip_stream() -> None:
    assert gzip.decompress(base64.b64decode(to_chunks("abc")[0])) == b"abc"


def test_a_text_that_needs_too_many_pieces_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_chunks, "CHUNK_BYTES", 1)
    with pytest.raises(PlanUnreadable, match="too large to be kept"):
        to_chunks(random.Random(1).randbytes(100).hex())


WHOLE = to_chunks("a plan that is long enough to be cut in two")


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([], id="nothing"),
        pytest.param(["%%%"], id="no base64"),
        pytest.param([base64.b64encode(b"no gzip").decode()], id="no gzip"),
        pytest.param([WHOLE[0][:-8]], id="the end is missing"),
        pytest.param([*WHOLE, *WHOLE], id="more than one"),
        pytest.param([base64.b64encode(gzip.compress(b"\xff\xfe")).decode()], id="no text"),
    ],
)
def test_damaged_pieces_are_refused(chunks: list[str]) -> None:
    with pytest.raises(PlanUnreadable):
        from_chunks(chunks)


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_chunks, "MAXIMUM_TEXT_BYTES", 1000)
    with pytest.raises(PlanUnreadable, match="too large"):
        from_chunks(to_chunks("x" * 2000))
