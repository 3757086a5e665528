"""Nobody may use what is deleted at the moment of its deletion (S4). Who uses what is read again while a sweep goes on.

What cannot be read again is not known: then nothing more is deleted (S5).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from regsweep.core.inventory import NOTHING_IN_USE, InUse
from regsweep.core.oci import Digest
from regsweep.core.plan import Action
from regsweep.core.ports import Clock
from regsweep.errors import ClusterError, InUseUnknown
from regsweep.steps.sweep.living import Living

READ_AGAIN_AFTER = timedelta(minutes=1)


class Watch:
    """Who uses what, never older than `interval` plus the time that a reading takes. Shared by all repositories.

    A reading that failed is the last one: `failure` says why.
    """

    def __init__(self, read: Callable[[], InUse], clock: Clock, interval: timedelta = READ_AGAIN_AFTER) -> None:
        self._read, self._clock, self._interval = read, clock, interval
        self._lock = Lock()
        self._known: InUse | None = None
        self._read_at: datetime | None = None
        self.failure: InUseUnknown | None = None

    def now(self) -> InUse:
        """The newest reading; a new one where that is too old. Raises InUseUnknown."""
        with self._lock:
            if self.failure is not None:
                raise self.failure
            if self._known is None or self._read_at is None or self._clock() - self._read_at >= self._interval:
                self._known = self._ask()
                self._read_at = self._clock()
            return self._known

    def _ask(self) -> InUse:
        try:
            return self._read()
        except (InUseUnknown, ClusterError) as error:
            self.failure = InUseUnknown(f"what is in use could not be read again, so nothing more is deleted: {error}")
            raise self.failure from error


def nobody_watches() -> InUse:
    """For a policy that asks for no protection of what is used."""
    return NOTHING_IN_USE


class Guard:
    """Looks at one repository's actions. Not shared between threads."""

    def __init__(self, repository: str, living: Living, in_use: Callable[[], InUse]) -> None:
        self._repository, self._living, self._in_use = repository, living, in_use
        self._known = NOTHING_IN_USE
        self._doubt = ""
        self._tags: dict[str, str] = {}
        self._held: set[Digest] = set()

    def user(self, action: Action) -> str:
        """Who uses what `action` deletes, or any image that it holds, in words; empty for nobody.

        Raises InUseUnknown, and RegistryError where it cannot be read what a manifest holds.
        """
        known = self._in_use()
        if known is not self._known:
            self._tags = {tag: user for (name, tag), user in known.tags.items() if name == self._repository}
            self._doubt = known.doubt(self._repository)
            self._hold(known)
            self._known = known
        if self._doubt:
            return self._doubt
        if user := next((self._tags[tag] for tag in action.tags if tag in self._tags), ""):
            return user
        if not self._tags and not known.digests:
            return ""
        targets = {self._living.target(tag): user for tag, user in self._tags.items()}
        for digest in self._living.parts(action.digest):
            if user := known.digests.get(digest) or targets.get(digest) or "":
                return user
        return ""

    def _hold(self, known: InUse) -> None:
        """Keep what used images reach to which no tag leads, and which the plan may not know."""
        for digest in sorted(known.places.get(self._repository, frozenset()) - self._held):
            self._living.spare(digest, holding(known.digests.get(digest, "")))
            self._held.add(digest)


def holding(user: str) -> str:
    """Why a part of an image stays, in words."""
    return f"an image that is in use: {user}"
