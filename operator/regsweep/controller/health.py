"""Health that means something: do looks go on, is the Lease ours, does the API answer, does the watch tell all.

`/healthz` fails where only a restart helps, `/readyz` until everything was listed once; `/metrics` is for Prometheus.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime, timedelta

from aiohttp import web

from regsweep.controller.metrics import Metrics
from regsweep.controller.scheduler import Key
from regsweep.core.ports import Clock

HEARTBEAT = timedelta(seconds=60)
LISTED = timedelta(minutes=15)

_log = logging.getLogger(__name__)


class Health:
    """Safe for use by many threads. Before `begin`, while the Lease is waited for, there is nothing to be sick of."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heartbeat: Callable[[], datetime] = clock
        self._lease_lost: Callable[[], bool] = lambda: False
        self._listed_at: datetime | None = None
        self._begun_at: datetime | None = None
        self._watched: set[Key] = set()
        self._unwatched: dict[Key, int] = {}

    def begin(self, heartbeat: Callable[[], datetime], lease_lost: Callable[[], bool]) -> None:
        self._heartbeat, self._lease_lost, self._begun_at = heartbeat, lease_lost, self._clock()

    def watched(self, key: Key, there: bool) -> None:
        """The watch told of this object."""
        with self._lock:
            (self._watched.add if there else self._watched.discard)(key)

    def listed(self, keys: Iterable[Key]) -> None:
        """All objects that there are, by a list that was read to its end."""
        with self._lock:
            there = set(keys)
            self._listed_at = self._clock()
            self._watched &= there
            self._unwatched = {key: self._unwatched.get(key, 0) + 1 for key in there - self._watched}

    def problems(self) -> list[str]:
        """Why this process should be started again, in words; empty where it is well."""
        if self._begun_at is None:
            return []
        now, found = self._clock(), []
        if now - self._heartbeat() > HEARTBEAT:
            found.append("the scheduler has not looked at anything for a minute")
        if self._lease_lost():
            found.append("the Lease is lost")
        with self._lock:
            if now - (self._listed_at or self._begun_at) > LISTED:
                found.append("policies and runs could not be listed for 15 minutes")
            if blind := [key for key, times in self._unwatched.items() if times > 1]:
                found.append(f"the watch has not told of {len(blind)} objects, {min(blind)} among them")
        return found

    def ready(self) -> bool:
        return self._listed_at is not None and not self.problems()


def application(health: Health, metrics: Metrics) -> web.Application:
    """The three pages."""

    async def healthz(_: web.Request) -> web.Response:
        problems = health.problems()
        return web.Response(text="\n".join(problems) or "ok", status=500 if problems else 200)

    async def readyz(_: web.Request) -> web.Response:
        ready = health.ready()
        return web.Response(text="ok" if ready else "not ready", status=200 if ready else 503)

    async def numbers(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", numbers)
    return app


@contextlib.asynccontextmanager
async def pages(port: int, app: web.Application) -> AsyncIterator[None]:
    """Serve the application on every address of this machine. 0 is any free port; the log says which."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        _log.info("healthz, readyz and metrics at %s", ", ".join(str(address) for address in runner.addresses))
        yield
    finally:
        await runner.cleanup()
