"""What a shell in a read-only registry's pod does to the store beside garbage-collect: look for what the collector
would not see, and remove empty repositories.

It may be called only while every replica is proven read-only: a push into a repository that is being removed is lost.
What was begun here and may still go on is found as a collector is (`process.any_alive`), and ended as one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from regsweep.clients.podexec import Command, ExecResult
from regsweep.core.diagnosis import STORE
from regsweep.errors import ExecFailed
from regsweep.steps.collect import scripts
from regsweep.steps.collect.site import Site

_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_BATCH_BYTES = 4096
"""Names go in the address of an exec's request, which proxies do not let grow for ever."""
_LOOK_SECONDS = 600.0
_REMOVE_SECONDS = 300.0


def unseen(site: Site, pod: str, root: str) -> tuple[str, ...]:
    """Repositories whose manifests the collector does not see, at most 20 of them. Raises ClusterError."""
    return tuple(_names(_run(site, pod, scripts.UNSEEN, (f"{root}/{STORE}",), _LOOK_SECONDS)))


def remove_empty(site: Site, pod: str, root: str, kept: Collection[str]) -> list[str]:
    """Remove every repository without tag, manifest and open upload, but none of `kept`; the names of those that went.
    Raises ClusterError where it cannot be known how it ended."""
    listed = _names(_run(site, pod, scripts.LIST_EMPTY, (f"{root}/{STORE}",), _LOOK_SECONDS))
    removed: list[str] = []
    for batch in _batches([name for name in listed if name not in kept]):
        words = (f"{root}/{STORE}", *batch, scripts.REMOVING)
        removed += _names(_run(site, pod, scripts.REMOVE_EMPTY, words, _REMOVE_SECONDS))
    return removed


def _run(site: Site, pod: str, script: str, words: Sequence[str], timeout: float) -> ExecResult:
    result = site.exec(pod, Command(("sh", "-c", script, "sh", *words), timeout=timeout, limit=8 << 20))
    if not result.ok or result.truncated:
        raise ExecFailed(f"looking into the store of {site.name} in pod {pod} failed: {result.words()}")
    return result


def _names(result: ExecResult) -> Iterator[str]:
    """Whatever is no repository's name is somebody else's directory."""
    return filter(_NAME.fullmatch, result.stdout.decode("utf-8", "replace").splitlines())


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for name in names:
        if batch and sum(map(len, batch)) + len(name) > _BATCH_BYTES:
            yield batch
            batch = []
        batch.append(name)
    if batch:
        yield batch
