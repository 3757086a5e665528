"""The ports for stopping and progress in tests that are about neither."""

from __future__ import annotations


class Quiet:
    """Never stops, never waits, tells nobody."""

    def check(self) -> None: ...

    def wait(self, seconds: float) -> None: ...

    def begin(self, hop: str, total: int | None = None) -> None: ...

    def advance(self, done: int = 1, detail: str = "") -> None: ...

    def say(self, message: str) -> None: ...
