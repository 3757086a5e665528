"""The retag race, step by step: a registry whose DELETE and PUT are interleaved at will, a sweep beside clients, and
what its log and its files tell afterwards. Times are milliseconds.

PUT writes the manifest's link, then the tag's. DELETE removes the manifest's link, then reads each tag, then removes
those that named the digest, whatever they name by then. Source: Distribution, both majors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from hypothesis import strategies as st

from regsweep.core.lost import Aftermath, Evidence, Span, Traces
from regsweep.core.oci import Digest
from regsweep.core.registry_log import ManifestRequest, Method

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
TAGS = ("a", "b", "c", "d", "new1", "new2", "new3")
OLD = tuple(Digest(f"sha256:old{n}") for n in range(4))
NEW = tuple(Digest(f"sha256:new{n}") for n in range(6))
PLANNED = dict(zip(TAGS, OLD, strict=False))
"""Each old tag names one expired manifest."""


@dataclass(frozen=True, slots=True)
class Push:
    """`reference` is a tag, or "" for a push by digest. The four times follow one another."""

    reference: str
    digest: Digest
    began: int
    link: int
    tag: int
    ended: int
    status: int
    node: str


@dataclass(frozen=True, slots=True)
class Pace:
    """What one round of the sweep takes: from the look to the DELETE's beginning, to the removal of the link, to the
    reading of the tags, to their removal, to its end, to the next look.
    """

    waits: tuple[int, ...]
    node: str


@dataclass(frozen=True, slots=True)
class History:
    pushes: tuple[Push, ...]
    rounds: tuple[Pace, ...]
    skews: dict[str, int]
    """By how much the clock of a node is ahead of the store's."""
    lag: int
    """A file is dated so far before its write, at most."""
    whole_seconds: bool


def _pushes() -> st.SearchStrategy[Push]:
    parts = st.tuples(st.integers(0, 400), *[st.integers(0, 30)] * 3)
    made = st.tuples(
        st.sampled_from((*TAGS, "")), st.sampled_from((*OLD, *NEW)), parts,
        st.sampled_from((201, 201, 201, 201, 500)), st.sampled_from(("n1",) * 19 + ("n2",)),
    )  # fmt: skip
    return made.map(
        lambda it: Push(it[0], it[1], it[2][0], sum(it[2][:2]), sum(it[2][:3]), sum(it[2][:4]), it[3], it[4])
    )


def _waits() -> st.SearchStrategy[tuple[int, ...]]:
    """A DELETE removes the link at once. What follows takes as long as there are tags."""
    look, unlink, other = st.integers(0, 40), st.integers(0, 5), st.integers(0, 60)
    return st.tuples(look, look, unlink, other, other, st.integers(0, 5))


HISTORIES = st.builds(
    History,
    pushes=st.lists(_pushes(), max_size=7).map(tuple),
    rounds=st.tuples(*[st.builds(Pace, _waits(), st.sampled_from(("n1",) * 9 + ("n2",)))] * len(OLD)),
    skews=st.fixed_dictionaries({"n1": st.sampled_from((0, 0, 0, -60, 30, 500)), "n2": st.sampled_from((0, 25, -40))}),
    lag=st.integers(0, 10),
    whole_seconds=st.sampled_from((False, False, False, True)),
)


@dataclass(slots=True)
class Race:
    """Runs a history. `evidence` is what can be known afterwards; `told` the digest of each tag's last push that was
    answered 201.
    """

    history: History
    tags: dict[str, Digest] = field(default_factory=lambda: dict(PLANNED))
    links: dict[Digest, int] = field(default_factory=lambda: dict.fromkeys(OLD, -10_000))
    emptied: dict[Digest, int] = field(default_factory=dict)
    requests: list[ManifestRequest] = field(default_factory=list)
    deleted: set[Digest] = field(default_factory=set)
    left: dict[str, Digest | None] = field(default_factory=dict)
    told: dict[str, Digest] = field(default_factory=dict)
    _shown: dict[str, Digest] = field(default_factory=dict)
    _between: Digest | None = None

    def run(self) -> Race:
        waiting: list[tuple[int, int, Callable[[], None]]] = []
        for number, push in enumerate(self.history.pushes):
            waiting.append((push.link, number, partial(self._link, push)))
            waiting.append((push.tag, number, partial(self._tag, push)))
            waiting.append((push.ended, number, partial(self._answered, push)))
        events = sorted(waiting, key=lambda it: it[:2])
        now = 0

        def until(moment: int) -> None:
            while events and events[0][0] <= moment:
                events.pop(0)[2]()

        for digest, pace in zip(OLD, self.history.rounds, strict=True):
            now = self._round(digest, pace, now, until)
        until(now)
        self._look(())
        until(10_000)
        return self

    def _round(self, digest: Digest, pace: Pace, now: int, until: Callable[[int], None]) -> int:
        look, begin, unlink, read, remove, end = pace.waits
        until(now + look)
        self._look([tag for tag, named in PLANNED.items() if named == digest])
        now += look
        on_it = {tag for tag, named in self._shown.items() if named == digest}
        moved = [tag for tag, named in PLANNED.items() if named == digest and self._shown.get(tag, digest) != digest]
        if on_it - {tag for tag, named in PLANNED.items() if named == digest} or moved:
            return now
        began = now + begin
        if digest not in self.links:
            return began
        until(began + unlink)
        self.emptied[digest] = began + unlink
        self.links.pop(digest, None)
        until(began + unlink + read)
        going = [tag for tag, named in self.tags.items() if named == digest]
        until(began + unlink + read + remove)
        for tag in going:
            self.tags.pop(tag, None)
        ended = began + unlink + read + remove + end
        self._log(Method.DELETE, digest, (began, ended), 202, pace.node)
        self.deleted.add(digest)
        self._between = digest
        return ended

    def _look(self, suspects: object) -> None:
        for tag in self._shown.keys() - self.tags.keys():
            self.left[tag] = self._between
        again = set(suspects) if isinstance(suspects, list) else set()
        for tag in self.tags.keys() - self._shown.keys():
            self.left.pop(tag, None)
        self._shown = {
            tag: named if tag in again or tag not in self._shown else self._shown[tag]
            for tag, named in self.tags.items()
        }
        self._between = None

    def _link(self, push: Push) -> None:
        self.links[push.digest] = push.link
        self.emptied.pop(push.digest, None)

    def _tag(self, push: Push) -> None:
        if push.reference and push.status == 201:
            self.tags[push.reference] = push.digest

    def _answered(self, push: Push) -> None:
        self._log(Method.PUT, push.reference or push.digest, (push.began, push.ended), push.status, push.node)
        if push.reference and push.status == 201:
            self.told[push.reference] = push.digest

    def _log(self, method: Method, reference: str, window: tuple[int, int], status: int, node: str) -> None:
        began, ended = (_time(moment + self.history.skews[node]) for moment in window)
        self.requests.append(ManifestRequest(method, "app", reference, began, ended, status, node))

    def evidence(self, *, with_files: bool) -> Evidence:
        pushed = {push.reference for push in self.history.pushes if push.reference}
        traces = Traces(
            {digest: self._dated(moment) for digest, moment in self.links.items()},
            {digest: self._dated(moment) for digest, moment in self.emptied.items()},
        )
        return Evidence(
            Aftermath("app", frozenset(self.deleted), dict(self.left)),
            tuple(sorted(self.requests, key=lambda request: request.ended)),
            {tag: self.tags.get(tag) for tag in pushed if self.tags.get(tag) in (None, *self.links)},
            traces if with_files else None,
        )

    def _dated(self, moment: int) -> Span:
        stamp = _time(moment - self.history.lag)
        if self.history.whole_seconds:
            second = stamp.replace(microsecond=0)
            return Span(second - timedelta(seconds=1), second + timedelta(seconds=2))
        return Span(stamp, stamp)


def _time(moment: int) -> datetime:
    return START + timedelta(milliseconds=moment)
