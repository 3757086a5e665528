"""What `registry garbage-collect` prints, read as it comes: marks, what is eligible, and the summary.

Distribution 2.8 and 3.x print alike (measured, 2.8.2 to 3.1.2): on stdout `<repo>: marking manifest <digest>
`, `<repo>: marking blob <digest>`, then `N blobs marked, M blobs and K manifests eligible for deletion`,
then one `blob eligible for deletion: <digest>` right before each deletion. The real run and the dry run
print the same. Exit code 0 without the summary is no success: an unknown flag ends like that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from regsweep.core.oci import Digest

MAXIMUM_LINE_BYTES = 64 << 10
"""A longer line is none of the collector's; it is cut here."""

_MAXIMUM_NAME = 255
_DIGEST = r"(sha256:[0-9a-f]{64})"
_MARKING = re.compile(rf"^.+: marking (?:manifest|blob|configuration) {_DIGEST}\s*$")
_REPOSITORY = re.compile(r"^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$")
_ELIGIBLE_BLOB = re.compile(rf"^blob eligible for deletion: {_DIGEST}\s*$")
_ELIGIBLE_MANIFEST = re.compile(r"^manifest eligible for deletion: ")
_SUMMARY = re.compile(r"^(\d+) blobs marked, (\d+) blobs and (\d+) manifests eligible for deletion\s*$")


@dataclass(frozen=True, slots=True)
class Summary:
    """The collector's last word: distinct digests marked (manifests included), blobs and manifests that
    go."""

    marked: int
    blobs: int
    manifests: int


@dataclass(slots=True)
class CollectorOutput:
    """Feed it stdout in pieces of any size; `marked` is called for each mark. Holds eligible blobs, and no
    marks."""

    marked: Callable[[Digest], object]
    summary: Summary | None = None
    eligible: set[Digest] = field(default_factory=set)
    manifests: int = 0
    repository: str = ""
    """The last one that was walked: where it stopped, if it failed."""
    _rest: bytes = b""

    def feed(self, piece: bytes) -> None:
        *lines, rest = (self._rest + piece).split(b"\n")
        self._rest = rest[:MAXIMUM_LINE_BYTES]
        for line in lines:
            self._line(line.decode("utf-8", "replace"))

    def end(self) -> None:
        """There is no more: the last line may lack its newline."""
        rest, self._rest = self._rest, b""
        if rest:
            self._line(rest.decode("utf-8", "replace"))

    def _line(self, line: str) -> None:
        if match := _MARKING.match(line):
            self.marked(Digest(match[1]))
        elif match := _ELIGIBLE_BLOB.match(line):
            self.eligible.add(Digest(match[1]))
        elif _ELIGIBLE_MANIFEST.match(line):
            self.manifests += 1
        elif match := _SUMMARY.match(line):
            self.summary = Summary(int(match[1]), int(match[2]), int(match[3]))
        elif len(line) <= _MAXIMUM_NAME and _REPOSITORY.match(line):
            self.repository = line
