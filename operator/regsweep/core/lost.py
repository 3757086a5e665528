"""Which pushes were lost while manifests were deleted, and what each had pushed: the retag race. Pure.

While a registry executes DELETE of a digest, it has read which tags point there, and then removes them. A tag that is
pushed in that moment goes with them, though its client was told 201. The registry's log proves that push, and when it
was; which digest it pushed is told by elimination: by what could have removed the tag, and by the times at which the
store's files were written. A digest is said only where no other one is possible. Everything else is left to a person.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from regsweep.core.oci import Digest
from regsweep.core.registry_log import ManifestRequest, Method

LOST, HEALED = "sweep.lost-tag", "sweep.healed-tag"
"""Findings: of a tag that is gone and nobody deleted, and of one that was and is there again."""

TICK = timedelta(milliseconds=10)
"""A file may be dated so far before it was written: kernels take the time of their last tick."""

SLACK = timedelta(milliseconds=25)
"""A file's time and one of the log are the same when they are nearer than that: a tick, and what two clocks that agree
may still be apart."""


@dataclass(frozen=True, slots=True)
class Span:
    """When something happened: not before `first`, not after `last`."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Traces:
    """What the files of one repository tell, by the clock of the store.

    `written`: the last PUT of each manifest that is there. `emptied`: when each that is not there any more went.
    """

    written: Mapping[Digest, Span] = field(default_factory=dict)
    emptied: Mapping[Digest, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a sweep saw of one repository.

    `deleted` is what it deleted, or tried to. `left` says of each tag that vanished which deletion lay between the last
    look that showed it and the next one; None where none did. `vanished` are those of them that were not to go.
    `doubtful` tags are there, and may name what was deleted: those that were to go, and new ones.
    """

    repository: str
    deleted: frozenset[Digest]
    left: Mapping[str, Digest | None]
    vanished: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one repository after its sweep.

    `requests` are every PUT and DELETE since before the first deletion, ordered by their ends. `targets` says what each
    pushed tag names now, None for no such tag; one that is there without a manifest is left out. `traces` is None where
    the store cannot be read.
    """

    aftermath: Aftermath
    requests: Sequence[ManifestRequest]
    targets: Mapping[str, Digest | None]
    traces: Traces | None = None


@dataclass(frozen=True, slots=True)
class LostPush:
    """A tag that was pushed, answered 201, and is not there. `digest` is what it named; None where that is not
    certain: then `doubt` says why, and `candidates` are what it may have named, as far as that is known.
    """

    tag: str
    at: datetime
    digest: Digest | None
    candidates: tuple[Digest, ...] = ()
    doubt: str = ""


def lost_pushes(evidence: Evidence) -> tuple[LostPush, ...]:
    """Every push that a deletion of this run removed, by tag. A tag that somebody deleted by its name is not lost."""
    judge = _Judge(evidence)
    return tuple(judge.verdict(push) for push in judge.lost())


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence, self._sweep = evidence, evidence.aftermath
        effective = [r for r in evidence.requests if r.status < 400 or r.status >= 500]
        self._puts = [r for r in effective if r.method is Method.PUT]
        deletes = [r for r in effective if r.method is Method.DELETE]
        self._deletes = [r for r in deletes if r.reference in self._sweep.deleted]
        self._others = [r for r in deletes if r.reference not in self._sweep.deleted]
        self._last = {put.reference: put for put in self._puts if put.of_tag}
        self._longest = max((put.ended - put.began for put in self._puts), default=timedelta())
        self._traces = evidence.traces if self._in_step() else None
        self._writers = self._find_writers()

    def lost(self) -> Iterator[ManifestRequest]:
        """The last push of each tag that is gone, where a deletion of ours may have removed it."""
        taken = {put.reference for put in self._puts if put.status == 201}
        for tag, put in sorted(self._last.items()):
            if tag in taken and self._is_lost(put):
                yield put

    def verdict(self, push: ManifestRequest) -> LostPush:
        deleted, since = self._deleted(push), self._written_since(push)
        possible = deleted if self._named_what_was_deleted(push) else deleted | since
        proven = self._written_by(push)
        found = possible & proven if proven else possible
        doubt = next(self._doubts(push), "")
        if not doubt and len(found) == 1 and len(proven) <= 1:
            return LostPush(push.reference, push.ended, next(iter(found)))
        doubt = doubt or f"{len(possible)} manifests could be what was pushed"
        return LostPush(push.reference, push.ended, None, tuple(sorted(possible)), doubt)

    def _is_lost(self, push: ManifestRequest) -> bool:
        missing = self._evidence.targets.get(push.reference, push) is None
        by_name = any(other.reference == push.reference and other.ended >= push.began for other in self._others)
        return missing and bool(self._culprits(push)) and not by_name

    def _doubts(self, push: ManifestRequest) -> Iterator[str]:
        """Why nothing can be concluded about it at all, in words."""
        evidence, sweep = self._evidence, self._sweep
        if push.status != 201:
            yield f"its last push was answered with {push.status}"
        if any(p is not push and p.reference == push.reference and p.ended >= push.began for p in self._puts):
            yield "it was pushed twice at once"
        if {delete.reference for delete in self._deletes} != sweep.deleted:
            yield "the registry's log does not show all deletions of this run, so it may not show all pushes"
        if len(self._deletes) > len(sweep.deleted):
            yield "somebody else deleted the same manifests"
        if other := next((r for r in self._others if not r.of_tag and r.ended >= push.began), None):
            yield f"somebody else deleted {other.reference}"
        if push.reference in sweep.left and sweep.left[push.reference] is None:
            yield "it vanished once while this run deleted nothing"
        if len({request.node for request in evidence.requests}) > 1:
            yield "the registry runs on several nodes, and their clocks cannot be compared"
        if self._traces is None and not self._named_what_was_deleted(push):
            yield "the times of the store's files cannot be read, or are not by the registry's clock"

    def _culprits(self, push: ManifestRequest) -> Sequence[ManifestRequest]:
        """The deletions that could have removed the tag after that push.

        Not one that was over before it began. Not one after the first that was over after it ended: before the next
        one all tags were listed, and this one was not there. Not one before it was seen for the last time.
        """
        after = [n for n, delete in enumerate(self._deletes) if delete.ended >= push.began]
        if not after:
            return ()
        last = next((n for n in after if self._deletes[n].ended >= push.ended), after[-1])
        vanished = self._sweep.left.get(push.reference)
        seen = next((n for n in after if self._deletes[n].reference == vanished), after[0])
        return self._deletes[seen : max(last, seen) + 1]

    def _named_what_was_deleted(self, push: ManifestRequest) -> bool:
        """The registry removes a tag only where it named the digest that is deleted. So did a push that was over before
        the deletion began, and one of a tag that pointed nowhere before. Any other tag may have named that digest
        until its push, and something else since.
        """
        culprits = self._culprits(push)
        if len(culprits) == 1 and push.ended < culprits[0].began:
            return True
        if self._sweep.left.get(push.reference) in {one.reference for one in culprits}:
            return False
        before = self._deletes.index(culprits[0])
        looked = self._deletes[before - 1].ended if before else None
        since = [p for p in self._puts if p.reference == push.reference and (looked is None or p.ended >= looked)]
        return len(since) == 1

    def _deleted(self, push: ManifestRequest) -> AbstractSet[Digest]:
        """Of what this run deleted, all that the push can have written. What named something else until then is removed
        with that: what it pushed may have been deleted at any time since.
        """
        culprits = self._culprits(push)
        since = culprits if self._named_what_was_deleted(push) else self._deletes[self._deletes.index(culprits[0]) :]
        return {digest for digest in (Digest(one.reference) for one in since) if self._can_have_written(push, digest)}

    def _can_have_written(self, push: ManifestRequest, deleted: Digest) -> bool:
        """What is gone was written before it went; what is there again was not written later than it says."""
        if self._traces is None:
            return True
        span = self._traces.written.get(deleted) or self._traces.emptied.get(deleted)
        return span is None or span.last + SLACK >= push.began

    def _written_since(self, push: ManifestRequest) -> AbstractSet[Digest]:
        """What is there, and was written by that push or put again later."""
        written = self._traces.written if self._traces else {}
        return {digest for digest, span in written.items() if span.last + SLACK >= push.began}

    def _written_by(self, push: ManifestRequest) -> AbstractSet[Digest]:
        """What is there, and what nothing but this push can have written."""
        return {digest for digest, writers in self._writers.items() if {self._puts[n] for n in writers} == {push}}

    def _find_writers(self) -> Mapping[Digest, set[int]]:
        """Of what is there, all pushes, by their place, that can have written it last. Each writes one manifest: what
        alone can have written one has written no other. Nothing where one is left without a writer: that cannot be.
        What is older than the first deletion may have been written before anybody listened.
        """
        spans = self._traces.written.items() if self._traces else ()
        written = {digest: span for digest, span in spans if span.last >= self._deletes[0].began}
        found = {digest: near for digest, span in written.items() if (near := self._near(digest, span))}
        places: dict[int, set[Digest]] = {}
        for digest, writers in found.items():
            for place in writers:
                places.setdefault(place, set()).add(digest)
        sole = [digest for digest, writers in found.items() if len(writers) == 1]
        while sole:
            digest = sole.pop()
            (place,) = found[digest]
            for other in places[place] - {digest}:
                found[other].discard(place)
                if not found[other]:
                    return {}
                sole += [other] if len(found[other]) == 1 else []
            places[place] = {digest}
        return found

    def _near(self, digest: Digest, span: Span) -> set[int]:
        first = bisect_left(self._puts, span.first - SLACK, key=lambda put: put.ended)
        last = bisect_right(self._puts, span.last + SLACK + self._longest, key=lambda put: put.ended)
        near = ((n, self._puts[n]) for n in range(first, last))
        return {n for n, put in near if _meet(put, span) and self._may_have_written(put, digest)}

    def _may_have_written(self, put: ManifestRequest, digest: Digest) -> bool:
        """A push by digest names what it writes; the last one of a tag that is there named what the tag names; and one
        that was lost with what was deleted named that.
        """
        if not put.of_tag:
            return put.reference == digest
        if put.status != 201 or self._last[put.reference] is not put:
            return True
        target = self._evidence.targets.get(put.reference)
        if target is not None:
            return target == digest
        clear = self._is_lost(put) and self._named_what_was_deleted(put) and not next(self._doubts(put), "")
        return digest in self._deleted(put) if clear else True

    def _in_step(self) -> bool:
        """Whether the clock of the store is the registry's: a DELETE begins by removing the link of its manifest."""
        emptied = self._evidence.traces.emptied if self._evidence.traces else {}
        seen = [(delete, span) for delete in self._deletes if (span := emptied.get(Digest(delete.reference)))]
        return all(span.last + TICK >= delete.began and span.first <= delete.ended for delete, span in seen) and any(
            span.first <= delete.began + TICK for delete, span in seen
        )


def _meet(request: ManifestRequest, span: Span) -> bool:
    return request.began - SLACK <= span.last and span.first <= request.ended + SLACK
