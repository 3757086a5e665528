"""What the files of a repository tell about the time of its pushes and deletions, for the judge in `core.lost`.

The registry writes the link of a revision at each push of that manifest, and leaves its folder when it deletes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from regsweep.core.lost import Span, Traces
from regsweep.core.oci import Digest
from regsweep.core.ports import Stop
from regsweep.steps.storage.answers import Pieces, opening
from regsweep.steps.storage.asking import answered, watched
from regsweep.steps.storage.store import Store

_SECOND = timedelta(seconds=1)
_LINE = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))? \+0000 \./\S*/_manifests/revisions/sha256/([0-9a-f]{64})(/link)?"
)


def read_traces(store: Store, repository: str, stop: Stop) -> Traces:
    """Raises StorageUnavailable where they cannot be had whole after some attempts: a push may cross a walk."""
    return answered(
        lambda: _traces(watched(store.traces(repository), stop)),
        stop,
        f"{store.name}: the times of {repository} cannot be read",
    )


def _traces(pieces: Iterable[bytes]) -> Traces:
    answer = Pieces(pieces)
    opening(answer)
    written: dict[Digest, Span] = {}
    folders: dict[Digest, Span] = {}
    while (line := answer.line()) != "find 0":
        if line.startswith("find "):
            raise ValueError(f"its listing ended with {line.removeprefix('find ')}")
        if found := _LINE.fullmatch(line):
            times = written if found[4] else folders
            times[Digest(f"sha256:{found[3]}")] = _span(found[1], found[2] or "")
    if answer.line() != "end":
        raise ValueError("it does not end as an answer")
    answer.finish()
    return Traces(written, {digest: span for digest, span in folders.items() if digest not in written})


def _span(second: str, fraction: str) -> Span:
    """Without a fraction the time is known to the second, and no clock was ever compared with it better than that."""
    at = datetime.fromisoformat(second).replace(tzinfo=UTC)
    if not fraction.strip("0"):
        return Span(at - _SECOND, at + 2 * _SECOND)
    exact = at + timedelta(microseconds=int(fraction.ljust(9, "0")[:6]))
    return Span(exact, exact)
