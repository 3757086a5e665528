"""A question to a store: asked again where its answer does not come whole, and given up where the run is to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from regsweep.core.ports import Stop
from regsweep.errors import ClusterError, StorageUnavailable

ATTEMPTS = 3

A = TypeVar("A")


def answered(ask: Callable[[], A], stop: Stop, failed: str) -> A:
    """What `ask` gives. Raises StorageUnavailable, with `failed` and the last reason, after some attempts."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except (ValueError, ClusterError, OSError) as error:
            if attempt == ATTEMPTS:
                raise StorageUnavailable(f"{failed}: {error}") from error
            stop.wait(attempt)
    raise AssertionError


def watched(pieces: Iterator[bytes], stop: Stop) -> Iterator[bytes]:
    """The same; raises what the Stop raises between two pieces."""
    for piece in pieces:
        stop.check()
        yield piece
