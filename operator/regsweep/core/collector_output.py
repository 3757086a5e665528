"""What `registry garbage-collect` prints, read as it comes: marks, what is eligible, the summary, and why it
failed.

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

_DIGEST = r"(sha256:[0-9a-f]{64})"
_MARKING = re.compile(rf"^.+: marking (?:manifest|blob|configuration) {_DIGEST}\s*$")
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
    repositories_seen: int = 0
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


_LINKS = "`find repositories -name link ! -size 71c` in <root>/docker/registry/v2"

_CAUSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"invalid checksum digest (?:format|length)|unsupported digest algorithm"),
        (
            "a revision link in the store is empty or damaged (often after a crash or a full disk). "
            f"{_LINKS} names the file; delete that revision's directory, or restore the file from a backup, and "
            "collect again"
        ),
    ),
    (
        re.compile(r"manifest for digest (sha256:[0-9a-f]{64}): unrecognized manifest schema version 1"),
        (
            "{0} is a schema 1 manifest, which Distribution 3 cannot read: one of them blocks every collection. "
            "Delete it by "
            "digest (or convert it by pulling and pushing the image with Distribution 2.8), and collect again"
        ),
    ),
    (
        re.compile(r"manifest for digest (sha256:[0-9a-f]{64}): "),
        "the manifest {0} is damaged in the store. Delete it by digest, or push its image again, and collect again",
    ),
    (
        re.compile(r"Path not found: /docker/registry/v2/repositories\s*$"),
        (
            "the store has no repositories: it is empty, or storage.filesystem.rootdirectory of that configuration "
            "is not the "
            "directory that the registry serves"
        ),
    ),
    (
        re.compile(r"Path not found: (/docker/registry/v2/repositories/\S+/_layers)"),
        (
            "a repository has no _layers directory, which Distribution 3 cannot read: create the empty directory {0} "
            "under the "
            "storage root, and collect again"
        ),
    ),
    (
        re.compile(r"failed to parse repo name (\S+):"),
        "the directory {0} in the store is not a repository name that the registry accepts: move it out of the store",
    ),
    (
        re.compile(r"unknown flag|unknown shorthand flag|unknown command"),
        "this registry does not know an option of the command, so it did nothing",
    ),
    (
        re.compile(r"configuration error: (.{0,300})"),
        "the registry cannot read its configuration ({0}): name its path in the container's command or args",
    ),
    (re.compile(r"no space left on device"), "the disk is full: free or add space by hand first"),
    (re.compile(r"[Pp]ermission denied"), "the container's user may not delete in the store: fix the files' owner"),
    (re.compile(r"[Rr]ead-only file system"), "the volume is mounted read-only in the registry's container"),
)


def diagnose(stderr: str, exit_code: int | None) -> str:
    """Why garbage-collect failed, and what to do: one paragraph for a person. `stderr`: its last lines."""
    lines = [line for line in stderr.strip().splitlines() if line.strip() and "level=" not in line]
    said = next((line for line in reversed(lines) if "failed to garbage collect" in line), "")
    said = said or next((line for line in lines if "rror:" in line or "panic" in line), lines[-1] if lines else "")
    quoted = f' It said: "{said[-400:]}"' if said else ""
    for pattern, words in _CAUSES:
        if match := pattern.search(stderr):
            return f"garbage-collect failed: {words.format(*match.groups())}.{quoted}"
    if exit_code == 0:
        return (
            f"garbage-collect ended with exit code 0, but without its summary line: it may have done nothing.{quoted}"
        )
    if exit_code == 137:
        return f"garbage-collect was killed (exit code 137): out of memory, or its container was stopped.{quoted}"
    return f"garbage-collect failed with exit code {exit_code}.{quoted}"
