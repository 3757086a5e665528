"""A journal and keepsakes that live as long as the process: for the terminal, the demo and tests. After a crash the
next run plans anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from regsweep.api.run import CollectionStatus, RunStep
from regsweep.core.keepsake import Heading, Saved, heading_of, pack, unpack
from regsweep.core.oci import Digest
from regsweep.core.outcome import Outcome, RunRecord
from regsweep.core.plan import Plan
from regsweep.core.restoration import PutOutcome
from regsweep.errors import NothingToRestore


class MemoryWindow:
    """The maintenance window's journal, in memory."""

    def __init__(self) -> None:
        self._status: CollectionStatus | None = None

    def load(self) -> CollectionStatus | None:
        return self._status

    def save(self, status: CollectionStatus) -> None:
        self._status = status


class MemoryJournal:
    """A run's journal, in memory. `given` is a plan that somebody looked at: the run goes on as one that waits for
    approval.
    """

    def __init__(self, given: Plan | None = None) -> None:
        self._plan = given
        self._step = RunStep.AWAITING_APPROVAL if given else RunStep.PENDING
        self.window = MemoryWindow()

    def step(self) -> RunStep:
        return self._step

    def enter(self, step: RunStep) -> None:
        self._step = step

    def plan(self) -> Plan | None:
        return self._plan

    def planned(self, plan: Plan, record: RunRecord | None = None) -> None:
        self._plan = plan

    def swept(self, outcomes: Sequence[Outcome]) -> None:
        """The record keeps them."""

    def restored(self, outcomes: Sequence[PutOutcome]) -> None:
        """The record keeps them."""


class MemoryKeepsakes:
    """What was kept last, packed as everywhere."""

    def __init__(self) -> None:
        self._pieces: tuple[bytes, ...] = ()

    def keep(self, heading: Heading, manifests: Iterable[Saved]) -> None:
        self._pieces = tuple(pack(heading, manifests))

    def kept(self, plan: Digest) -> Iterator[Saved] | None:
        return unpack(self._pieces) if self._pieces and heading_of(self._pieces).plan == plan else None

    def source(self) -> Iterator[Saved]:
        if not self._pieces:
            raise NothingToRestore("nothing is kept: nothing was deleted, or the registry was collected since")
        return unpack(self._pieces)

    def collected(self) -> None:
        self._pieces = ()
