"""A collector as a door would make it, for tests on this machine: pods are reached by forwards to their addresses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from regsweep.api.policy import GarbageCollection, WorkloadRef
from regsweep.api.run import CollectionStatus
from regsweep.clients import kube
from regsweep.clients.cache import MemoryCache
from regsweep.clients.kinds import POD, WORKLOADS
from regsweep.clients.registry import Deleter, Reader, Target
from regsweep.core.collector_job import LABEL
from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.push import Pusher
from regsweep.steps.collect import Pace, PodCollector, Site
from regsweep.steps.collect.leftover import Hands, leftovers, lift
from regsweep.steps.scan import census
from tests.cluster.access import EXISTING
from tests.cluster.outside import forward
from tests.cluster.registries import RunningRegistry


class Killed(BaseException):
    """The process of the conductor is gone: it does nothing any more, not even lift."""


@dataclass(slots=True)
class Ports:
    """Journal, stop and progress. `kill_at` ends the conductor when it writes that step: the effect does not come."""

    kill_at: str = ""
    status: CollectionStatus | None = None
    steps: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    dead: bool = False

    def load(self) -> CollectionStatus | None:
        return self.status

    def save(self, status: CollectionStatus) -> None:
        self.check()
        self.status = status
        self.steps.append(str(status.step))
        if status.step == self.kill_at:
            self.dead = True
            raise Killed

    def check(self) -> None:
        if self.dead:
            raise Killed

    def wait(self, seconds: float) -> None:
        self.check()
        time.sleep(seconds)

    def begin(self, hop: str, total: int | None = None) -> None: ...

    def advance(self, done: int = 1, detail: str = "") -> None: ...

    def say(self, message: str) -> None:
        self.said.append(message)


class Neighbour:
    """Reaches pods of the node from this machine; on an existing cluster their addresses must be reachable."""

    def __init__(self) -> None:
        self._forwards: dict[str, forward.Forward] = {}
        self._stack = ExitStack()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def target(self, url: str) -> Target:
        host = urlsplit(url).netloc
        if EXISTING:
            return Target(url=url)
        with self._lock:
            if host not in self._forwards:
                self._forwards[host] = forward.start(host)
                self._stack.callback(self._forwards[host].close)
        return Target(url=f"http://127.0.0.1:{self._forwards[host].port}", timeout=(5, 10))

    def probe(self, url: str) -> Any:
        return _Probe(self.target(url))


@dataclass(frozen=True, slots=True)
class _Probe:
    target: Target

    def writable(self) -> bool | None:
        with Reader(self.target) as reader:
            return reader.writable()


@dataclass(frozen=True, slots=True)
class Scene:
    """One registry with its collector."""

    api: kube.Cluster
    registry: RunningRegistry
    neighbour: Neighbour

    def collector(self, ports: Ports, **spec: Any) -> PodCollector:
        options = self.registry.options

        def sleep(seconds: float) -> None:
            ports.check()
            time.sleep(seconds)

        return PodCollector(
            Site(
                cluster=self.api,
                namespace=self.registry.namespace,
                workload=WorkloadRef(kind=options.kind, name=options.name),
                spec=GarbageCollection.model_validate(
                    {"mode": "ReadOnly", "timeout": "5m", "rolloutTimeout": "2m"} | spec
                ),
                probe_for=self.neighbour.probe,
                journal=ports,
                clock=lambda: datetime.now(UTC),
                stop=ports,
                progress=ports,
                run="run-1",
                pace=Pace(poll=0.5, lift_patience=120),
                sleep=sleep,
            )
        )

    def collectors(self) -> list[kube.Object]:
        """The pods of the Jobs that collect for it."""
        return list(self.api.list(POD, self.registry.namespace, labels=LABEL))

    def lift(self) -> None:
        """As somebody who knows no more than the marker on the workload."""
        ports = Ports()
        hands = Hands(
            cluster=self.api,
            probe_for=self.neighbour.probe,
            journal=ports,
            clock=lambda: datetime.now(UTC),
            stop=ports,
            progress=ports,
            pace=Pace(poll=0.5, lift_patience=120),
        )
        for left in leftovers(self.api, self.registry.namespace):
            lift(left, hands, "run-1")

    def census(self) -> Census:
        with Reader(Target(url=self.registry.url)) as reader:
            return census(reader, MemoryCache(), concurrency=2, stop=Ports(), progress=Ports())

    def fill(self, count: int = 8) -> list[Artifact]:
        """Push `count` images, delete every second one, and say which are kept."""
        shared = layer("base", 100_000)
        now = datetime.now(UTC)
        images = [Artifact("team/app", (f"v{n}",), image_on((shared,), f"seed {n}", now)) for n in range(count)]
        with Pusher(self.registry.url) as pusher:
            pusher.push_all(images)
        with Deleter(Target(url=self.registry.url)) as deleter:
            for each in images[1::2]:
                assert deleter.delete_manifest(each.repository, Digest(each.digest))
        return images[::2]

    def stored_bytes(self) -> int:
        script = "find /var/lib/registry/docker/registry/v2/blobs -type f -name data -exec stat -c %s {} +"
        return sum(int(line) for line in self.registry.exec("sh", "-c", script).split())

    def needed_bytes(self, kept: Sequence[Artifact]) -> int:
        """The bytes of what can be pulled, each digest once; every pull is whole or raises ImagesDamaged."""
        sizes: dict[str, int] = {}
        with Pusher(self.registry.url) as pusher:
            for each in kept:
                for reference in each.references:
                    sizes |= pusher.pull(each.repository, reference).sizes
        return sum(sizes.values())

    def push_one(self, repository: str) -> Artifact:
        image = Artifact(repository, ("v1",), image_on((), f"in {repository}", datetime.now(UTC)))
        with Pusher(self.registry.url) as pusher:
            pusher.push(image)
        return image

    def push_one_more(self) -> None:
        self.push_one("team/later")

    def delete(self, image: Artifact) -> None:
        with Deleter(Target(url=self.registry.url)) as deleter:
            assert deleter.delete_manifest(image.repository, Digest(image.digest))

    def workload(self) -> kube.Object:
        return self.api.get(WORKLOADS[self.registry.options.kind], self.registry.namespace, self.registry.options.name)


Enter = Callable[..., Scene]
