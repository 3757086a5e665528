"""The promises S1 to S5 and S13 of docs/safety.md, on registries and policies that nobody thought of.

Every case is held to every promise. The cases come in streams, which share none, so that all workers have their part.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import EXAMPLES
from tests.property.promises import check
from tests.property.strategies import make_case

STREAMS = 16
SIZES = (2, 5, 8, 8, 12, 12, 16, 16)
CASES = EXAMPLES if settings().max_examples == min(EXAMPLES, 2000) else settings().max_examples
"""As many as were asked for; in the fast profile, few."""


@pytest.mark.parametrize("stream", range(STREAMS))
@settings(max_examples=-(-CASES // STREAMS))
@given(number=st.integers(0, 2**40), size=st.sampled_from(SIZES))
def test_every_promise_holds(stream: int, number: int, size: int):
    """Drawn by numbers, so that all kinds of cases are equally likely; a failing one shrinks to a smaller size."""
    check(make_case(number * STREAMS + stream, size))


def test_the_same_numbers_make_the_same_case():
    first, second = make_case(7, 12), make_case(7, 12)
    assert (first.world, first.policy, first.in_use, first.storage) == (
        second.world, second.policy, second.in_use, second.storage,
    )  # fmt: skip
    assert make_case(8, 12).world != first.world
