from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core import ledger
from regsweep.core.ledger import Ledger
from regsweep.core.oci import Digest
from tests.unit.core.shelf import digest

NAMES = st.frozensets(st.sampled_from([digest(f"blob {number}") for number in range(12)]))
SIZES = st.dictionaries(st.sampled_from([digest(f"blob {number}") for number in range(12)]), st.integers(0, 2**63 - 1))
STEPS = st.lists(st.tuples(NAMES, NAMES, SIZES), max_size=6)


@pytest.mark.parametrize("at_once", [1, 200, 2**20], ids=["every entry", "a few entries", "all"])
@given(steps=STEPS)
def test_the_answers_are_those_of_sets_however_much_is_set_down_at_once(
    at_once: int, steps: list[tuple[frozenset[Digest], frozenset[Digest], dict[Digest, int]]]
) -> None:
    made = Ledger()
    kept: set[Digest] = set()
    held: set[Digest] = set()
    going: dict[Digest, int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "_AT_ONCE", at_once)
        for keep, hold, condemn in steps:
            made.keep(keep)
            made.hold(hold)
            made.condemn(condemn)
            kept |= keep
            held |= hold
            going.update((each, max(size, going.get(each, 0))) for each, size in condemn.items())
    freed = going.keys() - kept - held
    assert made.marks() == len(kept)
    assert made.freed() == sum(going[each] for each in freed)
    assert list(made.freed_digests()) == sorted(freed)
