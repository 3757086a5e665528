"""`regsweep operator`: one process, from its Lease to its last word."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import kopf

from regsweep.clients import lifeline
from regsweep.clients.cache import FileCache, MemoryCache
from regsweep.clients.kinds import POLICY, RUN
from regsweep.clients.kube import Cluster
from regsweep.clients.lease import Lease, Terms
from regsweep.controller import handlers, logs
from regsweep.controller.checks import ask_registry
from regsweep.controller.environment import Environment
from regsweep.controller.events import Events
from regsweep.controller.health import Health, application, pages
from regsweep.controller.metrics import Metrics
from regsweep.controller.operator import Operator, Parts
from regsweep.controller.run_ports import make_ports
from regsweep.core.ports import Cache
from regsweep.errors import ClusterConflict, ClusterDenied, ClusterError, ClusterNotFound
from regsweep.pipeline import run as pipeline

LEASE = "regsweep-operator"
STOP_SECONDS = 75.0
"""For runs to let go: within the 120 s that a pod is given."""
LOST_SECONDS = 15.0
"""After a lost Lease: before anybody else may have it, this process is gone."""
_ASK_LEASE = 2.0
_LOOK_LEASE = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """`namespaces` empty: all. `health_port` 0: any free one. `lease_namespace` None: where the login stands."""

    namespaces: tuple[str, ...] = ()
    health_port: int = 8080
    lease_namespace: str | None = None
    max_concurrent_runs: int = 4
    log_format: str = "text"
    cache_dir: Path | None = None
    verbose: bool = False
    kubeconfig: str | None = None
    context: str | None = None


def serve(options: Options) -> None:
    """Be the operator until SIGTERM or SIGINT. Raises InvalidInput without a login, ClusterDenied or ClusterNotFound
    where both kinds cannot be listed, and ClusterConflict where the Lease was lost.
    """
    logs.configure(options.log_format, verbose=options.verbose)
    cluster, me, alive = Cluster.connect(options.kubeconfig, options.context), identity(), lifeline.folder()
    terms = Terms(is_dead=partial(lifeline.is_dead, where=alive))
    with contextlib.closing(cluster), _cache(options.cache_dir) as cache, lifeline.held(me, alive):
        lease = Lease(cluster, options.lease_namespace or cluster.namespace, LEASE, me, terms)
        asyncio.run(_serve(options, cluster, cache, lease))


async def _serve(options: Options, cluster: Cluster, cache: Cache, lease: Lease) -> None:
    health, metrics, stopping = Health(now), Metrics(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with pages(options.health_port, application(health, metrics)):
        if not await _acquire(lease, stopping):
            return
        events = Events(cluster, now, socket.gethostname())
        fenced = cluster.fenced(partial(_only_the_holder, lease))
        environment = Environment(fenced, now, events, metrics, cache, options.namespaces, lambda: lease.lost)
        ask = partial(ask_registry, cluster=cluster)
        operator = Operator(
            environment, health, options.max_concurrent_runs, Parts(pipeline, make_ports, ask, lease.holder)
        )
        try:
            await asyncio.to_thread(look_for_kinds, environment)
            await asyncio.to_thread(operator.recover)
            health.begin(lambda: operator.scheduler.heartbeat, lambda: lease.lost)
            operator.start()
            _log.info("watching %s", ", ".join(options.namespaces) or "all namespaces")
            await _watch(operator, environment, lease, stopping)
        finally:
            await _finish(operator, lease)


async def _acquire(lease: Lease, stopping: asyncio.Event) -> bool:
    """Wait for the Lease. False where this process is to end before."""
    said = False
    while not stopping.is_set():
        try:
            if await asyncio.to_thread(lease.try_acquire):
                _log.info("%s holds the Lease %s", lease.holder, LEASE)
                return True
            if not said:
                _log.info("another operator holds the Lease %s: waiting for it", LEASE)
            said = True
        except ClusterError as error:
            _log.warning("the Lease cannot be asked for: %s", error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _ASK_LEASE)
    return False


async def _watch(operator: Operator, environment: Environment, lease: Lease, stopping: asyncio.Event) -> None:
    """Until this process is to end. kopf has a thread and a loop of its own: no signal and no page waits for it.

    Raises ClusterConflict where the Lease is lost, and whatever ends kopf.
    """
    end = threading.Event()
    watching = asyncio.create_task(asyncio.to_thread(_run_kopf, operator, environment, lease.holder, end))
    ending = asyncio.create_task(stopping.wait())
    try:
        while not ending.done() and not watching.done():
            await asyncio.wait((watching, ending), timeout=_LOOK_LEASE, return_when=asyncio.FIRST_COMPLETED)
            if lease.lost:
                _exit_soon()
                raise ClusterConflict("the Lease was lost: another operator may be active, so this one ends")
    finally:
        operator.executions.interrupt()
        ending.cancel()
        end.set()
        await watching
    if not stopping.is_set():
        raise ClusterError("the watch of policies and runs has ended: the operator starts again")


def _run_kopf(operator: Operator, environment: Environment, holder: str, end: threading.Event) -> None:
    """`holder` names us to kopf, which would look up the user's name otherwise: in a pod the user has none."""
    kopf.run(
        registry=handlers.registry_of(environment.cluster, operator.seen),
        settings=handlers.settings(),
        identity=holder,  # type: ignore[arg-type]  # a NewType of str that kopf does not export
        standalone=True,
        clusterwide=not environment.namespaces,
        namespaces=environment.namespaces,
        stop_flag=end,
    )


async def _finish(operator: Operator, lease: Lease) -> None:
    """Let go of everything, the Lease last. What does not let go in time ends with the process, as by a SIGKILL: it is
    gone on with after the restart.
    """
    if await asyncio.to_thread(operator.stop, STOP_SECONDS):
        with contextlib.suppress(ClusterError):  # then it runs out by itself
            await asyncio.to_thread(lease.release)
        _log.info("stopped")
        return
    _log.warning("something did not let go within %.0f s: the process ends without it", STOP_SECONDS)
    logging.shutdown()
    os._exit(1)


def _only_the_holder(lease: Lease) -> None:
    """A process that stood still, or was cut off, finds its place taken: what it was about to do is another's now."""
    if lease.lost:
        raise ClusterConflict("the Lease was lost: another operator may be active, so this one changes nothing")


def _exit_soon() -> None:
    timer = threading.Timer(LOST_SECONDS, os._exit, (1,))
    timer.daemon = True
    timer.start()


def look_for_kinds(environment: Environment) -> None:
    """Raises ClusterNotFound or ClusterDenied, with the fix, where policies and runs cannot be listed."""
    for kind in (POLICY, RUN):
        for namespace in environment.namespaces or (None,):
            try:
                next(iter(environment.cluster.list(kind, namespace)), None)
            except ClusterNotFound:
                raise ClusterNotFound(
                    f"this cluster does not know {kind.name}: `regsweep crd | kubectl apply --server-side -f -`"
                ) from None
            except ClusterDenied as error:
                where = f"namespace {namespace}" if namespace else "all namespaces"
                raise ClusterDenied(f"the operator may not list {kind.plural} in {where}: {error}") from None


@contextlib.contextmanager
def _cache(folder: Path | None) -> Iterator[Cache]:
    if folder is None:
        yield MemoryCache()
        return
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(FileCache(folder / "manifests.sqlite", _log.warning)) as cache:
        yield cache


def identity() -> str:
    """Of this very process: the name of a pod alone would outlive a restart of its container."""
    return f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"


def now() -> datetime:
    return datetime.now(UTC)
