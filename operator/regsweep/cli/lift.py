"""`regsweep lift` and `regsweep guard`: make registries writable again that nobody else makes so."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from regsweep.cli import options
from regsweep.cli.cluster import connected
from regsweep.cli.execution import now
from regsweep.cli.interrupt import Interrupt
from regsweep.cli.spread import spread
from regsweep.cli.terminal import emit, progress, say
from regsweep.clients.registry import PodProbe, Target, at_pod
from regsweep.errors import InvalidInput, LiftFailed, RegsweepError, door
from regsweep.pipeline.memory import MemoryWindow

if TYPE_CHECKING:  # a Kubernetes client takes long to load
    from regsweep.clients.kube import Cluster
    from regsweep.steps.collect.leftover import Leftover

Namespaces = Annotated[
    list[str] | None,
    typer.Option("--namespace", "-n", metavar="NAME", help="May be repeated. Without it, the namespace of the login."),
]
Everywhere = Annotated[bool, typer.Option("--all-namespaces", "-A", help="In all namespaces.")]
Timeout = Annotated[
    int, typer.Option("--timeout", metavar="SECONDS", min=1, help="For each registry, until it is called failed.")
]


@spread
def lift(
    *,
    workload: Annotated[
        str | None, typer.Argument(help="Only this one: its name, or KIND/NAME as `deployment/registry`.")
    ] = None,
    namespace: Namespaces = None,
    everywhere: Everywhere = False,
    timeout: Timeout = 600,
    uninstall: Annotated[
        str | None,
        typer.Option(
            "--uninstall",
            metavar="NAMESPACE/DEPLOYMENT",
            help="Stop this operator first, and take the finalizers off all policies and runs afterwards.",
        ),
    ] = None,
    cluster: options.ClusterLogin,
) -> None:
    """End the maintenance of registries whose operator is gone: writable again, every replica restarted and asked.

    Finds them by their marker. A registry that somebody is at work in is left alone: delete that run instead, and it
    ends by itself. Prints one line for each registry that is writable again.

    \b
    Examples:
      regsweep lift -A
      kubectl regsweep lift deployment/registry -n registry
    """
    with connected(cluster) as api:
        where = _where(api, namespace, everywhere)
        if uninstall is not None:
            _stop_operator(api, uninstall, timeout)
        found = [left for left in _leftovers(api, where) if workload is None or _is_named(left, workload)]
        if workload is not None and not found:
            raise InvalidInput(f"{workload} is not in maintenance here: `regsweep lift -A` finds every one that is")
        if not found:
            say("no registry is in maintenance here")
        _lift_all(api, found, timeout)
        if uninstall is not None:
            _take_finalizers(api, where)


@spread
def guard(
    *,
    namespace: Namespaces = None,
    everywhere: Everywhere = False,
    timeout: Timeout = 600,
    cluster: options.ClusterLogin,
) -> None:
    """Lift what is overdue and what nobody is at work in: for a CronJob that stands in for an operator that is gone.

    Overdue is a registry in maintenance whose deadline has passed: rolloutTimeout (twice) and timeout of its policy's
    garbageCollection. Does nothing where all is well. Ends with 4 where a registry stays read-only.

    \b
    Example:
      regsweep guard -n registry -n other-registry
    """
    with connected(cluster) as api:
        overdue = []
        for left in _leftovers(api, _where(api, namespace, everywhere)):
            if left.overdue(now()):
                overdue.append(left)
            else:
                say(f"{left}: run {left.marker.run} has it until {left.marker.deadline:%Y-%m-%d %H:%M} UTC")
        _lift_all(api, overdue, timeout)


def _where(api: Cluster, namespaces: list[str] | None, everywhere: bool) -> list[str | None]:
    if everywhere and namespaces:
        raise InvalidInput("--all-namespaces and --namespace exclude each other")
    return [None] if everywhere else [*(namespaces or [api.namespace])]


def _leftovers(api: Cluster, namespaces: Iterable[str | None]) -> Iterator[Leftover]:
    from regsweep.steps.collect.leftover import leftovers

    for namespace in namespaces:
        yield from leftovers(api, namespace)


def _is_named(left: Leftover, words: str) -> bool:
    kind, _, name = words.rpartition("/")
    short = {"deploy": "deployment", "sts": "statefulset"}.get(kind.lower(), kind.lower()).rstrip("s")
    return name == left.workload.name and short in {"", left.workload.kind.lower()}


def _lift_all(api: Cluster, found: Iterable[Leftover], timeout: int) -> None:
    """Each by itself. Raises the first failure when all were tried."""
    failed: list[RegsweepError] = []
    for left in found:
        try:
            _lift(api, left, timeout)
        except RegsweepError as error:
            say(f"{left}: {error}")
            failed.append(error)
    if failed:
        worst = next((error for error in failed if isinstance(error, LiftFailed)), failed[0])
        raise typer.Exit(door(worst).exit_code)


def _lift(api: Cluster, left: Leftover, timeout: int) -> None:
    from regsweep.steps.collect import Pace
    from regsweep.steps.collect.leftover import Hands, lift

    still = f"; {left} may be read-only still: run the same command again"
    with Interrupt(timeout + 600.0, lambda: still) as stop, progress(quiet=False) as live:
        hands = Hands(
            cluster=api,
            probe_for=lambda url: PodProbe(at_pod(Target(url=url), url)),
            journal=MemoryWindow(),
            clock=now,
            stop=stop,
            progress=live,
            pace=replace(Pace(), lift_patience=float(timeout)),
        )
        unasked = lift(left, hands, f"lift-{secrets.token_hex(4)}")
    for url in unasked:
        say(f"{url} could not be asked from here whether it accepts writes; its pod was made without the switch")
    _free_policy(api, left)
    emit(f"{left} is writable again")


def _free_policy(api: Cluster, left: Leftover) -> None:
    """Its policy is held by a finalizer only because of the maintenance. Where there are no such kinds any more, or no
    right to them, the registry is writable all the same."""
    from regsweep.api.meta import ObjectMeta
    from regsweep.clients.finalizers import MAINTENANCE, take_finalizer
    from regsweep.clients.kinds import POLICY

    try:
        for found in api.list(POLICY, left.namespace):
            if found["metadata"]["uid"] == left.marker.policy_uid:
                take_finalizer(api, POLICY, ObjectMeta.model_validate(found["metadata"]), MAINTENANCE)
    except RegsweepError as error:
        say(f"the finalizer of its policy was not looked at: {error}")


def _take_finalizers(api: Cluster, namespaces: Iterable[str | None]) -> None:
    """Of all policies and runs: nobody is there any more to take them off."""
    from regsweep.api.meta import ObjectMeta
    from regsweep.clients.finalizers import EXECUTING, MAINTENANCE, take_finalizer
    from regsweep.clients.kinds import POLICY, RUN

    for namespace in namespaces:
        for kind, finalizer in ((POLICY, MAINTENANCE), (RUN, EXECUTING)):
            for found in api.list(kind, namespace):
                take_finalizer(api, kind, ObjectMeta.model_validate(found["metadata"]), finalizer)


def _stop_operator(api: Cluster, words: str, timeout: int) -> None:
    """Scale it to zero, and wait until its last pod is gone: it would go on with what is to be ended here."""
    from regsweep.clients.kinds import DEPLOYMENT, POD
    from regsweep.core.workload import alive, selector

    namespace, _, name = words.partition("/")
    if not namespace or not name:
        raise InvalidInput(f"--uninstall takes NAMESPACE/DEPLOYMENT, not {words!r}")
    api.merge(DEPLOYMENT, namespace, name, {"spec": {"replicas": 0}})
    with Interrupt(float(timeout)) as stop:
        while True:
            found = api.get(DEPLOYMENT, namespace, name)
            counted = int((found.get("status") or {}).get("replicas") or 0)  # without those that are on their way out
            if not counted and not any(alive(pod) for pod in api.list(POD, namespace, labels=selector(found))):
                break
            stop.wait(1.0)
    say(f"operator {words} is stopped")
