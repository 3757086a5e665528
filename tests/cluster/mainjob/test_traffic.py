"""Clients push and pull during the whole run: pulls never fail, pushes are refused cleanly and succeed afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.push import Pusher
from regsweep.errors import RegistryMisbehaved, RegistryUnreachable, RegsweepError
from tests.cluster.mainjob.builds import COLLECT, KEEP_TWO, Builds, fill
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.content import places
from tests.cluster.mainjob.site import reason_of

pytestmark = pytest.mark.timeout(600)

NEW = "team/pushed-meanwhile"
GRACEFUL = {"REGISTRY_HTTP_SECRET": "an upload may go on at the other replica", "REGISTRY_HTTP_DRAINTIMEOUT": "5s"}


@dataclass(slots=True)
class Client:
    """Does one thing again and again in a thread of its own, and counts."""

    work: Callable[[int], None]
    done: int = 0
    errors: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        number = 0
        while not self._end.is_set():
            number += 1
            try:
                self.work(number)
                self.done += 1
            except RegistryMisbehaved as error:
                (self.refused if "405" in str(error) else self.errors).append(str(error))
            except RegsweepError as error:
                self.errors.append(f"{type(error).__name__}: {error}")
            time.sleep(0.05)

    def end(self) -> None:
        self._end.set()


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_pulls_go_on_and_pushes_are_refused_cleanly(site: MakeSite, version: str) -> None:
    """Two replicas that leave in order (preStop, draintimeout), as docs/operations.md asks for."""
    builds = fill(site(version, replicas=2, graceful=True, environment=GRACEFUL))
    where, pushed = builds.site, list[Artifact]()
    where.apply(mode="Delete", garbageCollection=COLLECT, **KEEP_TWO)
    clients = [
        Client(lambda number: _pull(builds, number)),
        Client(lambda number: pushed.append(_push(builds, number))),
    ]
    threads = [threading.Thread(target=client.go_on, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    try:
        run = where.wait(where.run())
    finally:
        for client in clients:
            client.end()
        for thread in threads:
            thread.join()

    pulls, pushes = clients
    print(f"pulls {pulls.done}, pushes {pushes.done}, refused {len(pushes.refused)}, other {pushes.errors}")
    assert reason_of(run, "Complete") == "Collected"
    assert pulls.errors + pulls.refused == []
    assert pulls.done > 20
    assert pushes.refused  # there was a window
    assert [error for error in pushes.errors if "RegistryUnreachable" not in error] == []
    _push(builds, 100_000)
    with Pusher(where.registry.url) as pusher:
        pusher.pull_all([place for image in pushed for place in places([image])])


def _pull(builds: Builds, number: int) -> None:
    """A client of its own each time, as a node is."""
    image = builds.kept[number % len(builds.kept)]
    with Pusher(builds.site.registry.url) as pusher:
        pusher.pull(image.repository, image.tags[0])


def _push(builds: Builds, number: int) -> Artifact:
    """What was answered 201 counts as pushed."""
    document = image_on((layer(f"new {number}", 2_000),), f"new {number}", datetime.now(UTC))
    image = Artifact(NEW, (f"n{number}",), document)
    with Pusher(builds.site.registry.url) as pusher:
        try:
            pusher.push(image)
        except RegistryUnreachable:
            time.sleep(0.2)
            raise
    return image
