"""Threads for a scan: `concurrency` that ask the registry, and as many leaders that only wait for them.

One huge repository and many small ones both keep all askers busy. An asker never waits for another, so nothing can
lock up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Self, TypeVar

from regsweep.core.ports import Stop

Q = TypeVar("Q")
A = TypeVar("A")


class Crew:
    """Ends its threads when `with` ends. Every question is preceded by a look whether the run must stop."""

    def __init__(self, concurrency: int, stop: Stop) -> None:
        self._askers = ThreadPoolExecutor(concurrency, thread_name_prefix="ask")
        self._leaders = ThreadPoolExecutor(concurrency, thread_name_prefix="lead")
        self._in_flight = concurrency
        self._stop = stop

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leaders.shutdown(wait=False, cancel_futures=True)
        self._askers.shutdown(wait=True, cancel_futures=True)
        self._leaders.shutdown(wait=True)

    def in_order(self, lead: Callable[[Q], A], errands: Iterable[Q]) -> Iterator[tuple[Q, A]]:
        """Each errand with its result, in their order; as many are under way or done ahead as there are leaders."""
        rest = iter(errands)
        ahead: deque[tuple[Q, Future[A]]] = deque()

        def begin(count: int) -> None:
            ahead.extend((errand, self._leaders.submit(lead, errand)) for errand in islice(rest, count))

        begin(self._in_flight)
        while ahead:
            errand, future = ahead.popleft()
            result = future.result()
            begin(1)
            yield errand, result

    def ask(self, ask: Callable[[Q], A], questions: Iterable[Q]) -> list[A]:
        """All answers, in order. The first failure is raised, and what was not asked yet is not asked."""
        futures = [self._askers.submit(self._checked, ask, question) for question in questions]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def _checked(self, ask: Callable[[Q], A], question: Q) -> A:
        self._stop.check()
        return ask(question)
