"""What every part of the controller works with. A value; made once at the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regsweep.clients.kube import Cluster
from regsweep.controller.events import Events
from regsweep.controller.metrics import Metrics
from regsweep.core.ports import Cache, Clock


@dataclass(frozen=True, slots=True)
class Environment:
    """`namespaces` are those that are watched; empty for all. `lost` tells whether another operator may be active."""

    cluster: Cluster
    clock: Clock
    events: Events
    metrics: Metrics
    cache: Cache
    namespaces: tuple[str, ...] = ()
    lost: Callable[[], bool] = lambda: False
