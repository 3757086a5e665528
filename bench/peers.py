"""The peers: the same requests, asked with as little as can be, and as most tools ask them. Answers are not looked at.

They say what the machine and the registry can do in that moment. A regsweep as fast as bare http.client connections
has nothing left to gain: the registry sets the pace.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import requests

from regsweep.core.oci import ACCEPT

T = TypeVar("T")
Asker = Callable[[], AbstractContextManager[Callable[[T], object]]]
"""Opens what one thread asks with."""

THREADS = 8
TIMEOUT = 60
HEADERS = {"Accept": ", ".join(ACCEPT)}


class Request(NamedTuple):
    method: str
    path: str


@contextmanager
def bare(url: str) -> Iterator[Callable[[Request], None]]:
    """One http.client connection, kept alive: the limit."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT)) as connection:

        def ask(request: Request) -> None:
            connection.request(request.method, request.path, headers=HEADERS)
            answer = connection.getresponse()
            answer.read()
            _expect_success(request, answer.status)

        yield ask


@contextmanager
def session(url: str) -> Iterator[Callable[[Request], None]]:
    """One requests.Session: what most tools use."""
    with requests.Session() as asking:

        def ask(request: Request) -> None:
            answer = asking.request(request.method, url + request.path, headers=HEADERS, timeout=TIMEOUT)
            _expect_success(request, answer.status_code)

        yield ask


def drive(asker: Asker[T], shares: Sequence[Sequence[T]]) -> float:
    """Each share by a thread of its own, all at once. Seconds until the last one is through."""

    def work(share: Sequence[T]) -> None:
        with asker() as ask:
            for item in share:
                ask(item)

    with ThreadPoolExecutor(len(shares)) as pool:
        started = time.perf_counter()
        for _ in pool.map(work, shares):
            pass
        return time.perf_counter() - started


def dealt(items: Sequence[T]) -> list[Sequence[T]]:
    """Items dealt out to the threads like cards."""
    return [items[thread::THREADS] for thread in range(THREADS)]


def _expect_success(request: Request, status: int) -> None:
    if status >= 400:
        raise RuntimeError(f"{request.method} {request.path} gave {status}: this would be no peer")
