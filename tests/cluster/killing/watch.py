"""When a registry was read-only last, and every pod that it ever had."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from regsweep.clients.kinds import POD
from regsweep.errors import ClusterError
from tests.cluster.mainjob.site import Site


class Watch:
    """Looks all the time; what it saw before `begin` does not count."""

    def __init__(self, site: Site) -> None:
        self._site, self._begun, self._end = site, False, threading.Event()
        self.last_read_only = 0.0
        self.pods: set[str] = set()

    def begin(self) -> None:
        self._begun = True

    def end(self) -> None:
        self._end.set()

    def look(self) -> None:
        while not self._end.wait(0.5):
            if self._begun and self._site.read_only():
                self.last_read_only = time.monotonic()

    def list(self) -> None:
        api, namespace = self._site.cluster.api, self._site.namespace
        while not self._end.wait(1.0):
            try:
                self.pods |= {pod["metadata"]["uid"] for pod in api.list(POD, namespace, labels="app=registry")}
            except ClusterError:
                continue  # the API is away


@contextmanager
def watching(site: Site) -> Iterator[Watch]:
    watch = Watch(site)
    threads = [threading.Thread(target=look, daemon=True) for look in (watch.look, watch.list)]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        watch.end()
        for thread in threads:
            thread.join()
