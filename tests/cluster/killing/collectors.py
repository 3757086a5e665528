"""Which garbage-collect processes live, and in which pods: seen from this machine, on which the node runs."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_POD = re.compile(r"pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})")
_EVERY_SECONDS = 0.2


class Collectors:
    """Looks all the time, as a context."""

    def __init__(self) -> None:
        self._seen: list[frozenset[tuple[str, str]]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, name="collectors", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def most(self, pods: set[str]) -> int:
        """The largest number of collections, dry or not, that were seen at once in these pods, by their UIDs."""
        counts = [sum(pod in pods for _, pod in living) for living in self._seen]
        return max(counts, default=0)

    def _look(self) -> None:
        known: dict[str, str] = {}
        while not self._end.wait(_EVERY_SECONDS):
            living = _living(known)
            if living and (not self._seen or self._seen[-1] != living):
                self._seen.append(living)


def _living(known: dict[str, str]) -> frozenset[tuple[str, str]]:
    """(process, pod) of each. `known` remembers what a process is: "" for no collector."""
    found: dict[str, str] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            key = folder.name
            pod = known.get(key)
            if pod is None:
                pod = known[key] = pod_of(folder)
            if pod and _collects(folder):
                found[key] = pod
    for gone in [key for key in known if not Path("/proc", key).exists()]:
        del known[gone]
    return frozenset(found.items())


def pod_of(folder: Path) -> str:
    """The UID of the pod that a process of this machine belongs to, by its folder in /proc; "" for none."""
    try:
        match = _POD.search((folder / "cgroup").read_text())
    except OSError:
        return ""
    return match[1].replace("_", "-") if match else ""


def _collects(folder: Path) -> bool:
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return len(words) > 1 and words[0].endswith(b"registry") and words[1] == b"garbage-collect"
