"""What a step needs from its door: a clock, a way to be stopped, someone to tell, a place to write ahead. Protocols
only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from regsweep.api.run import CollectionStatus, RunStep
from regsweep.core.inventory import Census, Repository
from regsweep.core.inventory_file import Taking
from regsweep.core.keepsake import Heading, Saved
from regsweep.core.oci import Digest, Manifest
from regsweep.core.outcome import Collection, Outcome, RunRecord
from regsweep.core.plan import Plan
from regsweep.core.registry_log import ManifestRequest
from regsweep.core.restoration import PutOutcome

Clock = Callable[[], datetime]
"""Now, as an aware datetime in UTC."""


class Detached(BaseException):
    """This process ends, and another will go on from the journal: begin nothing more, and undo nothing.

    No Exception, so that nothing takes it for a failure of the run.
    """


class Stop(Protocol):
    """Asked between any two effects."""

    def check(self) -> None:
        """Raises Cancelled, DeadlineExceeded or PolicyChanged when the run must end, and Detached when this process
        must. Cheap: call it often.
        """

    def wait(self, seconds: float) -> None:
        """Sleep, but wake up and raise as `check` does when asked to stop."""


class Progress(Protocol):
    """Told how a hop goes on. Never raises, never blocks for long."""

    def begin(self, hop: str, total: int | None = None) -> None: ...

    def advance(self, done: int = 1, detail: str = "") -> None: ...

    def say(self, message: str) -> None:
        """One line that a person should see, without credentials."""


class ManifestCache(Protocol):
    """Manifests and created times by digest: immutable, read once, never again. Safe for use by many threads."""

    def manifest(self, digest: Digest) -> Manifest | None: ...

    def keep_manifest(self, body: bytes, media_type: str, manifest: Manifest) -> None: ...

    def created(self, config: Digest) -> str | None:
        """The `created` text of a config blob; "" where it was read and has none; None where it was not read."""

    def keep_created(self, config: Digest, created: str) -> None: ...


class FirstSeen(Protocol):
    """Since when images have been there, for those that say nothing better about their age. Kept from run to run.

    To lose it only makes images look younger. Safe for use by many threads.
    """

    def first_seen(
        self, place: str, wanted: AbstractSet[Digest], present: AbstractSet[Digest], now: datetime
    ) -> Mapping[Digest, datetime]:
        """When each of `wanted` was first asked for in `place`, one repository of one registry: `now` for a new one.

        What is not `present` there any more is forgotten, so that it is new when it comes back. An image that nothing
        can be remembered of is left out.
        """


class Cache(ManifestCache, FirstSeen, Protocol):
    """What a run finds again of those before it."""


class Archive(Protocol):
    """Where a scan leaves what it read, one repository at a time. Raises InvalidInput when it cannot be written."""

    def begin(self, taking: Taking) -> None:
        """Begin, or begin anew: what was added before is void then."""

    def add(self, repository: Repository) -> None: ...

    def unread(self, name: str, reason: str) -> None: ...

    def end(self) -> None:
        """All was read: only now is the archive there."""


class WindowJournal(Protocol):
    """Where the maintenance window is written ahead, so that whoever comes after a crash knows what to undo."""

    def load(self) -> CollectionStatus | None: ...

    def save(self, status: CollectionStatus) -> None:
        """Persist before the effect. Raises when it could not: then the effect must not happen."""


class RunJournal(Protocol):
    """Where a run writes ahead. The operator's is the run object's status; the terminal's is memory and a file."""

    @property
    def window(self) -> WindowJournal: ...

    def step(self) -> RunStep:
        """The last step that was entered: PENDING for a new run."""

    def enter(self, step: RunStep) -> None:
        """Persist `step` before its first effect. Raises when it could not: then the effect must not happen."""

    def plan(self) -> Plan | None:
        """The plan that `planned` kept, whole; None for a run without one."""

    def planned(self, plan: Plan, record: RunRecord | None = None) -> None:
        """Keep the plan, and the run's record so far, where a person can read them and a restart finds them."""

    def swept(self, outcomes: Sequence[Outcome]) -> None:
        """The newest outcomes, as they come, for progress in the status."""

    def restored(self, outcomes: Sequence[PutOutcome]) -> None:
        """The same of a restore."""


class Keepsakes(Protocol):
    """Where manifests are kept before they are deleted, until the next garbage collection of their registry: the
    operator's are ConfigMaps of the run, the terminal's a file.
    """

    def keep(self, heading: Heading, manifests: Iterable[Saved]) -> None:
        """All of them lie safe when this returns. Raises where they do not, and KeepsakeTooLarge: then nothing may be
        deleted.
        """

    def kept(self, plan: Digest) -> Iterator[Saved] | None:
        """What was kept for this plan before, whole; None where nothing was. Raises KeepsakeUnreadable."""

    def source(self) -> Iterator[Saved]:
        """What is to be put back, checked to be whole, anew at each call. Raises AlreadyCollected, NothingToRestore,
        KeepsakeUnreadable, InvalidInput.
        """

    def collected(self) -> None:
        """The registry was collected: what was kept of it can not come back any more, and goes. Never raises."""


class Heard(Protocol):
    """What clients of the registry do while a run deletes, as its own log tells it."""

    def requests(self, deleted: AbstractSet[tuple[str, Digest]]) -> Sequence[ManifestRequest]:
        """Every PUT and DELETE of a manifest since it listens, ordered by their ends. The log is a moment behind: it is
        waited for until it shows what the run has `deleted` (repository and digest), but not for long.
        """


Listen = Callable[[AbstractSet[str]], AbstractContextManager[Heard]]
"""Hear of these repositories from now on. Raises ClusterError where the log cannot be read."""


class Collector(Protocol):
    """Runs the registry's garbage collection behind its safety gate: in a pod, or by commands on this machine."""

    def preflight(self) -> None:
        """Change nothing; raise WorkloadUnfit with the fix where the window could not be entered or left."""

    def collect(self, census: Callable[[], Census]) -> Collection:
        """The whole window: read-only, proof, dry run compared with `census()` (called while nothing can be pushed),
        collection, restart, writable again. Raises CollectError; the registry is writable again, or LiftFailed."""

    def resume(self, census: Callable[[], Census]) -> Collection | None:
        """Go on after a crash from what the journal and the workload say. None: there was no window to finish,
        or it had to be given up; the registry is writable again either way, or LiftFailed."""
