"""`regsweep run`: run a policy of the cluster now, by creating a RegistryCleanupRun."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regsweep.api.run import Collect
from regsweep.cli import options
from regsweep.cli.cluster import connected, get_policy, get_run, has, result
from regsweep.cli.interrupt import Interrupt
from regsweep.cli.outcome import exit_code
from regsweep.cli.spread import spread
from regsweep.cli.terminal import emit, say
from regsweep.clients.kinds import RUN
from regsweep.errors import DeadlineExceeded

if TYPE_CHECKING:  # a Kubernetes client takes long to load
    from regsweep.clients.kube import Cluster

_POLL_SECONDS = 2.0


@spread
def run(
    *,
    policy: Annotated[str, typer.Argument(help="The policy's name.")],
    namespace: options.Namespace = None,
    mode: options.AnotherMode = None,
    collect: options.Collecting = Collect.AUTO,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the run ends or waits for approval.")] = False,
    timeout: Annotated[int, typer.Option("--timeout", metavar="SECONDS", min=1, help="Of --wait.")] = 6 * 3600,
    cluster: options.ClusterLogin,
) -> None:
    """Run a policy of the cluster now. Prints the name of the run; the operator does the work.

    With --wait the exit code says how the run ended: 0 done, 3 waits for approval, and as for `regsweep apply`.

    \b
    Examples:
      regsweep run nightly -n registry --mode DryRun --wait
      kubectl regsweep run nightly -n registry --mode Delete
    """
    with connected(cluster) as api:
        where = namespace or api.namespace
        get_policy(api, where, policy)
        spec: dict[str, Any] = {"policyRef": {"name": policy}, "collect": collect.value}
        if mode is not None:
            spec["mode"] = mode.value
        made = api.create(
            RUN, where, {"metadata": {"generateName": f"{policy[:200]}-", "namespace": where}, "spec": spec}
        )
        name = str(made["metadata"]["name"])
        emit(name)
        if wait:
            wait_for_end(api, where, name, timeout)


def wait_for_end(api: Cluster, namespace: str, name: str, timeout: int) -> None:
    """Say each step as it comes; return when it is complete, else leave with the run's exit code."""
    told = ""
    end = time.monotonic() + timeout
    with Interrupt(timeout + 60.0, lambda: f"; the run goes on: regsweep status -n {namespace}") as stop:
        while time.monotonic() < end:
            run = get_run(api, namespace, name)
            words = ": ".join(part for part in result(run) if part)
            if words != told:
                say(words)
                told = words
            if has(run, "Complete"):
                return
            if has(run, "Failed"):
                raise typer.Exit(exit_code(result(run)[0]) or 1)
            if has(run, "AwaitingApproval"):
                say(f"look at its plan: regsweep report --run {name} -n {namespace}; then: "
                    f"regsweep approve {name} -n {namespace}")  # fmt: skip
                raise typer.Exit(3)
            stop.wait(_POLL_SECONDS)
    raise DeadlineExceeded(f"run {name} has not ended after {timeout} s; it goes on: `regsweep status -n {namespace}`")
