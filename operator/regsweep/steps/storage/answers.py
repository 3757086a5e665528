"""The answers of a store: bytes that come in pieces become batches of records. Pure; memory is bounded by a batch.

```text
store 1 1795748448               the format, and the clock of the store in seconds
./a/_manifests/tags/v1/current/link:sha256:...    a link's content, where it is well-formed
D ./a/_manifests                 a directory
S 1795748448 71 ./a/...          a file: last written (seconds), size (bytes), path
L, F, I, -                       a symbolic link; foreign; a repository without a legal name; not there (any more)
ended 0                          how the listing itself ended: in the last batch
+ 4                              the end of a batch, and how many records (all but contents) it has
tags 0                           the end of a part, and how its reader ended
end
```

Half an answer is no answer (S5): whatever is cut, or does not count up, raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LONGEST_LINE = 8 << 10
LARGEST_BATCH = 10_000
"""Lines: `scripts` asks for less than a tenth of it at once."""

FORMAT = "store 1"


@dataclass(frozen=True, slots=True)
class Record:
    """One thing in the store. `mark` is D, S, L, F, I or -; `written` (seconds since 1970) and `size` are a file's."""

    mark: str
    path: str
    written: int = 0
    size: int = 0


@dataclass(slots=True)
class Batch:
    records: list[Record] = field(default_factory=list)
    contents: dict[str, str] = field(default_factory=dict)
    """By path: the digest that a link holds; "" where it holds several."""
    ended: int | None = None


class Pieces:
    """Bytes in pieces, read as lines or by count."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = bytearray()

    def line(self) -> str:
        """The next line without its end. Raises ValueError where there is no whole one, or where it is no ASCII."""
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            if searched > LONGEST_LINE:
                raise ValueError("a line has no end")
            self._fetch()
        found = bytes(self._held[:end])
        del self._held[: end + 1]
        return found.decode("ascii")

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises ValueError where there are less."""
        while len(self._held) < count:
            self._fetch()
        found = bytes(self._held[:count])
        del self._held[:count]
        return found

    def finish(self) -> None:
        """Raises ValueError where anything follows."""
        if self._held or any(self._pieces):
            raise ValueError("it goes on after its end")

    def _fetch(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            raise ValueError("it was cut off")
        self._held += piece


def opening(pieces: Pieces) -> int:
    """The clock of the store, in seconds since 1970, from the first line."""
    found = re.fullmatch(rf"{FORMAT} ([0-9]{{1,12}})", pieces.line())
    if found is None:
        raise ValueError("it does not begin as an answer")
    return int(found[1])


def batches(pieces: Pieces, part: str) -> Iterator[Batch]:
    """The batches of one part, to the line that ends it."""
    ended: int | None = None
    batch = Batch()
    closing = re.compile(rf"{part} ([0-9]+)")
    while True:
        line = pieces.line()
        if count := _COUNT.fullmatch(line):
            if int(count[1]) != len(batch.records):
                raise ValueError(f"a batch of {count[1]} has {len(batch.records)} records")
            ended = batch.ended if batch.ended is not None else ended
            yield batch
            batch = Batch()
        elif closed := closing.fullmatch(line):
            if batch.records or batch.contents or closed[1] != "0" or ended != 0:
                raise ValueError(f"its part {part!r} ended with {ended} and {closed[1]}")
            return
        else:
            _add(batch, line)


def closing(pieces: Pieces) -> None:
    if pieces.line() != "end":
        raise ValueError("it does not end as an answer")
    pieces.finish()


_COUNT = re.compile(r"\+ ([0-9]+)")
_ENDED = re.compile(r"ended ([0-9]+)")
_FILE = re.compile(r"S (-?[0-9]{1,15}) ([0-9]{1,18}) (\S+)")
_OTHER = re.compile(r"([DLFI-]) (\S.*)")
_CONTENT = re.compile(r"(\./\S+/current/link):(sha256:[0-9a-f]{64})")


def _add(batch: Batch, line: str) -> None:
    if len(batch.records) + len(batch.contents) > LARGEST_BATCH:
        raise ValueError("a batch has no end")
    if found := _FILE.fullmatch(line):
        batch.records.append(Record("S", found[3], int(found[1]), int(found[2])))
    elif found := _OTHER.fullmatch(line):
        batch.records.append(Record(found[1], found[2]))
    elif found := _CONTENT.fullmatch(line):
        batch.contents[found[1]] = "" if found[1] in batch.contents else found[2]
    elif (found := _ENDED.fullmatch(line)) and batch.ended is None:
        batch.ended = int(found[1])
    else:
        raise ValueError(f"a line is none of its own: {line[:100]!r}")
