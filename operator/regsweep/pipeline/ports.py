"""What a door asks of the pipeline, and what it lends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.api.run import Collect
from regsweep.clients.registry import Deleter, DeleteState, Putter, Reader
from regsweep.core.inuse import Usage
from regsweep.core.plan import Plan
from regsweep.core.ports import Archive, Cache, Clock, Collector, Keepsakes, Listen, Progress, RunJournal, Stop
from regsweep.core.restoration import Image
from regsweep.pipeline.memory import MemoryKeepsakes
from regsweep.steps.storage import Store


@dataclass(frozen=True, slots=True)
class Request:
    """What a door asks for.

    `approved` is the digest of a plan that a person looked at: exactly that plan is applied. `confirm` is asked once
    with
    the finished plan before anything is deleted (a terminal's question): True counts as approval, False refuses.
    `restore` puts these images back, or all where it is empty, and does nothing else.
    """

    policy: RegistryCleanupPolicy
    mode: Mode
    collect: Collect = Collect.AUTO
    approved: str | None = None
    confirm: Callable[[Plan], bool] | None = None
    restore: tuple[Image, ...] | None = None

    @property
    def policy_name(self) -> str:
        meta = self.policy.metadata
        return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name


@dataclass(frozen=True, slots=True)
class Ports:
    """What the run works with. `deleter` and `probe` are called only when something is to be deleted (S11).

    `probe` asks about one repository: rights may be given for each. `usage` reads anew who uses what; it raises
    InUseUnknown, naming the right or the cluster that is missing, and is asked only where the policy says
    `protect.inUse`. With an `archive` the whole registry is read, and left there. `putter` is called only to put
    something back. `keepsakes` that no door gives live as long as the process. `storage` finds the registry's files; it
    raises StorageUnavailable. `listen` hears what clients push while the run deletes.
    Where one of them is None, `storage_missing` or `listen_missing` says why.
    """

    reader: Reader
    deleter: Callable[[], Deleter]
    probe: Callable[[str], DeleteState]
    cache: Cache
    clock: Clock
    stop: Stop
    progress: Progress
    journal: RunJournal
    collector: Collector | None = None
    enable_delete: Callable[[], None] | None = None
    usage: Callable[[], Usage] | None = None
    archive: Archive | None = None
    keepsakes: Keepsakes = field(default_factory=MemoryKeepsakes)
    putter: Callable[[], Putter] | None = None
    storage: Callable[[], Store] | None = None
    storage_missing: str = "nothing here reaches the registry's pods"
    listen: Listen | None = None
    listen_missing: str = "nothing here reads the log of the registry's pods"
