"""One repository while manifests come back to it: what is there, what is missing, what was put."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from regsweep.clients.registry import Putter
from regsweep.core.oci import Digest
from regsweep.core.ports import Stop
from regsweep.core.restoration import Put, PutOutcome, Turn

_NAMED = 3


class Shelf:
    """Looks at all manifests first. Not shared between threads."""

    def __init__(self, name: str, turns: Sequence[Turn], putter: Putter, concurrency: int, stop: Stop) -> None:
        self._name, self.turns, self._putter, self._stop = name, turns, putter, stop
        ours = [turn.digest for turn in turns]
        foreign = sorted({child for turn in turns for child in turn.children} - set(ours))
        with ThreadPoolExecutor(concurrency, thread_name_prefix="look") as pool:
            known = [*ours, *foreign]
            self._there = {digest for digest, there in zip(known, pool.map(self._stands, known), strict=True) if there}
        self._failed: dict[Digest, str] = {}

    def put(self, turn: Turn) -> PutOutcome:
        """The manifest, under its own digest."""
        if turn.digest in self._there:
            return self._outcome(turn, "", Put.PRESENT)
        fault = self._missing(turn) or self._sent(turn, turn.digest) or self._proven(turn)
        if fault:
            self._failed[turn.digest] = fault
            return self._outcome(turn, "", Put.FAILED, fault)
        self._there.add(turn.digest)
        return self._outcome(turn, "", Put.RESTORED)

    def tag(self, turn: Turn, tag: str) -> PutOutcome:
        """One tag of a manifest, unless it names something else by now: who moved it wanted that."""
        if fault := self._failed.get(turn.digest):
            return self._outcome(turn, tag, Put.FAILED, fault)
        now = self._putter.head(self._name, tag)
        if now is not None:
            moved = now.digest != turn.digest
            message = f"the tag points at {now.digest} now" if moved else ""
            return self._outcome(turn, tag, Put.SKIPPED if moved else Put.PRESENT, message)
        fault = self._sent(turn, tag)
        return self._outcome(turn, tag, Put.FAILED if fault else Put.RESTORED, fault)

    def standing(self) -> list[Turn]:
        """Those that are in the registry now."""
        return [turn for turn in self.turns if turn.digest in self._there]

    def _missing(self, turn: Turn) -> str:
        """What it needs and has not, in words; empty where all is there."""
        if lost := [child for child in turn.children if child not in self._there]:
            why = next((self._failed[child] for child in lost if child in self._failed), "")
            return f"{_gone('manifest', lost)}{f' ({why})' if why else ''}"
        return ""

    def _sent(self, turn: Turn, reference: str) -> str:
        saved = turn.saved
        unknown = self._putter.put_manifest(self._name, reference, saved.body, saved.media_type)
        return "" if unknown is None else _gone("config, layer or manifest", unknown)

    def _proven(self, turn: Turn) -> str:
        """A registry whose cache was not told of a collection takes a manifest, and gives none back."""
        if self._putter.manifest(self._name, turn.digest) is not None:
            return ""
        return "the registry took it and does not give it back: restart the registry, and do the restore again"

    def _stands(self, digest: Digest) -> bool:
        self._stop.check()
        return self._putter.head(self._name, digest) is not None

    def _outcome(self, turn: Turn, tag: str, result: Put, message: str = "") -> PutOutcome:
        return PutOutcome(self._name, turn.digest, tag, result, message)


def _gone(what: str, digests: Sequence[str]) -> str:
    more = f" and {len(digests) - _NAMED} more" if len(digests) > _NAMED else ""
    return f"the {what} {', '.join(digests[:_NAMED])}{more} is not in the registry any more"
