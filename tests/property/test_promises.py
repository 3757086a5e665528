"""The promises S1 to S5 and S13 of docs/safety.md, on registries and policies that nobody thought of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given

from tests.property.engine import Decided, decide
from tests.property.promises import PROMISES
from tests.property.strategies import Case, cases


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@given(case=cases)
def test_promise(promise: Callable[[Case, Decided], None], case: Case):
    promise(case, decide(case))
