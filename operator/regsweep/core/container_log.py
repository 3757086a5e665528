"""A container's log as the Kubernetes API gives it, read again and again from about where it was left: each line once.

The API knows no offset, only a time in whole seconds. So lines are asked for with their times, to the nanosecond, and
those that were read are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d)")


@dataclass(slots=True)
class LogReader:
    """`since` is what to ask for next."""

    last: str = ""
    same: int = 0
    """So many lines of the time `last` were read."""

    @property
    def since(self) -> str:
        """RFC 3339 in whole seconds, as the API takes it; "" for the beginning."""
        return f"{datetime.fromisoformat(self.last).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if self.last else ""

    def take(self, content: bytes) -> bytes:
        """The text of the lines in `content` that are new. An unfinished last line is left for the next time; one
        without a time is not the container's."""
        whole = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
        return b"".join(text for _, text in self.new(whole))

    def new(self, lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
        """Time and text of those that are new among the whole lines of one answer, however long it goes on."""
        before, known = self.last, self.same
        for line in lines:
            stamp, _, text = line.partition(b" ")
            when = stamp.decode("ascii", "replace")
            if not _STAMP.fullmatch(stamp) or when < before:
                continue
            if when == before and known:
                known -= 1
                continue
            self.same = self.same + 1 if when == self.last else 1
            self.last = when
            yield when, text
