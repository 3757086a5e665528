"""Which tests go to the same process of xdist: those of the main job to a few, for each installs an operator."""

from __future__ import annotations

from itertools import count

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

INSTALLATIONS = 3
"""In so many processes, of all, is the operator installed."""


class Spreading(LoadScopeScheduling):
    """Larger groups begin first: what takes longest does not begin last."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._of_main_job: dict[str, int] = {}
        self._number = count()

    def _split_scope(self, nodeid: str) -> str:
        """The same for a test whenever it is asked: by its place among those that were asked for first."""
        if "/mainjob/" not in nodeid:
            return nodeid
        if nodeid not in self._of_main_job:
            self._of_main_job[nodeid] = next(self._number) % INSTALLATIONS
        return f"mainjob-{self._of_main_job[nodeid]}"
