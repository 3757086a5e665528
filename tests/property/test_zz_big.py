"""What a lost push had pushed: never said wrongly, whatever raced with what, and whatever the clocks say."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings

from regsweep.core.lost import lost_pushes
from tests.property.race import HISTORIES, History, Race


@pytest.mark.parametrize("with_files", [True, False], ids=["with files", "log alone"])
@settings(max_examples=8000)
@given(history=HISTORIES)
def test_no_tag_comes_back_with_another_digest_than_was_pushed(history: History, with_files: bool) -> None:
    race = Race(history).run()
    for lost in lost_pushes(race.evidence(with_files=with_files)):
        assert lost.tag not in race.tags
        event(f"said: {lost.digest is not None}")
        if lost.digest is not None:
            assert lost.digest == race.told[lost.tag], lost
