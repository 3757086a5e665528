"""How this command can collect, and switch deletes on: in the registry's pod, by three commands, or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from regsweep.api.policy import CollectMode, RegistryCleanupPolicy
from regsweep.cli.execution import Hands, Surroundings, now
from regsweep.cli.options import ClusterLogin
from regsweep.cli.terminal import say
from regsweep.clients.registry import PodProbe, at_pod
from regsweep.core.ports import Collector
from regsweep.errors import InvalidInput

if TYPE_CHECKING:  # a Kubernetes client takes long to load, and most commands need none
    from regsweep.clients.kube import Cluster
    from regsweep.steps.collect import Site
    from regsweep.steps.commands import Commands

_NOT_COLLECTED = (
    "regsweep: spec.garbageCollection.mode is {mode}, and nothing here can collect: to free the space, run it in the "
    "cluster, or give --kubeconfig where pods can be reached by their addresses, or --stop-command, --collect-command "
    "and --start-command"
)


def commands_of(stop: str | None, collect: str | None, start: str | None) -> Commands | None:
    """Raises InvalidInput where only some of the three are given."""
    if stop and collect and start:
        from regsweep.steps.commands import Commands

        return Commands(stop, collect, start)
    if stop or collect or start:
        raise InvalidInput("--stop-command, --collect-command and --start-command go together: stop, collect, start")
    return None


def hands_of(policy: RegistryCleanupPolicy, commands: Commands | None, login: ClusterLogin, stack: ExitStack) -> Hands:
    """What can be done to the registry's workload from here; `stack` closes it. Commands win over the policy's own way
    of collecting. Raises InvalidInput where a kubeconfig is named and gives no login.
    """
    spec = policy.spec
    if spec.registry.workload_ref is None or not in_reach(login):
        if _collects(policy) and commands is None:
            say(_NOT_COLLECTED.format(mode=spec.garbage_collection.mode.value))
        return Hands(_by_commands(commands) if commands else None)
    from regsweep.cli.cluster import connected
    from regsweep.pipeline.workload import switch_deletes_on
    from regsweep.steps.collect import PodCollector

    cluster = stack.enter_context(connected(login))

    def collector(around: Surroundings) -> Collector:
        return PodCollector(_site(policy, cluster, around))

    def enable_delete(around: Surroundings) -> None:
        switch_deletes_on(_site(policy, cluster, around), around.reader.target)

    return Hands(
        _by_commands(commands) if commands else collector if _collects(policy) else None,
        enable_delete if spec.registry.enable_delete else None,
    )


def _collects(policy: RegistryCleanupPolicy) -> bool:
    return policy.spec.garbage_collection.mode is not CollectMode.DISABLED


def in_reach(login: ClusterLogin) -> bool:
    """Whether the registry's workload is to be looked for: inside a cluster, or where one is named."""
    return bool(login.kubeconfig or login.context or os.environ.get("KUBERNETES_SERVICE_HOST"))


def _by_commands(commands: Commands) -> Callable[[Surroundings], Collector]:
    from regsweep.steps.commands import CommandCollector

    return lambda around: CommandCollector(commands, around.reader, now, around.stop, around.progress)


def _site(policy: RegistryCleanupPolicy, cluster: Cluster, around: Surroundings) -> Site:
    from regsweep.steps.collect import Site

    workload = policy.spec.registry.workload_ref
    if workload is None:
        raise InvalidInput("spec.registry.workloadRef is not set: name the workload that runs the registry")
    return Site(
        cluster=cluster,
        namespace=policy.metadata.namespace or cluster.namespace,
        workload=workload,
        spec=policy.spec.garbage_collection,
        probe_for=lambda url: PodProbe(at_pod(around.reader.target, url)),
        journal=around.window,
        clock=now,
        stop=around.stop,
        progress=around.progress,
        run=f"apply-{secrets.token_hex(4)}",
    )
