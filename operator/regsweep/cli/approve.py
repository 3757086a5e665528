"""`regsweep approve`: let a run that waits do exactly the plan that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from regsweep.api.run import RegistryCleanupRun
from regsweep.cli import options
from regsweep.cli.cluster import connected, get_run, has, result
from regsweep.cli.spread import spread
from regsweep.cli.stored import stored_report
from regsweep.cli.terminal import ask, emit, is_interactive, say
from regsweep.clients.kinds import RUN
from regsweep.core.report.text import render
from regsweep.errors import ApprovalRequired, InvalidInput

if TYPE_CHECKING:  # a Kubernetes client takes long to load
    from regsweep.clients.kube import Cluster


@spread
def approve(
    *,
    run: Annotated[str, typer.Argument(help="The run's name.")],
    namespace: options.Namespace = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    plan: Annotated[
        str | None,
        typer.Option("--plan", metavar="DIGEST", help="Approve only if the run's plan has this digest (sha256:...)."),
    ] = None,
    cluster: options.ClusterLogin,
) -> None:
    """Approve the plan of a run that waits. Shows the plan, asks, and sets spec.approvedPlan to its digest.

    \b
    Examples:
      regsweep approve nightly-x7k2p -n registry
      regsweep approve nightly-x7k2p -n registry --plan sha256:0f3c... --yes
    """
    with connected(cluster) as api:
        where = namespace or api.namespace
        found = get_run(api, where, run)
        digest = _digest(found, plan)
        if not yes:
            _ask(api, found)
        patch = {"metadata": {"resourceVersion": found.metadata.resource_version}, "spec": {"approvedPlan": digest}}
        api.merge(RUN, where, run, patch)
        emit(f"{run}: plan {digest} is approved")


def _digest(run: RegistryCleanupRun, wanted: str | None) -> str:
    """Of the plan that waits. Raises InvalidInput where none does, or another than the wanted one."""
    name = run.metadata.name
    if run.status.plan is None or not has(run, "AwaitingApproval"):
        reason, message = result(run)
        raise InvalidInput(f"run {name} does not wait for approval: {reason}{': ' if message else ''}{message}")
    digest = run.status.plan.digest
    if wanted is not None and wanted != digest:
        raise InvalidInput(
            f"run {name} has the plan {digest}, not {wanted}: look at it with `regsweep report --run {name}`"
        )
    return digest


def _ask(api: Cluster, run: RegistryCleanupRun) -> None:
    if not is_interactive():
        raise ApprovalRequired("there is no terminal to ask at, so nothing was approved: give --yes", "ManualApproval")
    say(render(stored_report(api, run)))
    if not ask(f"Approve exactly this plan of {run.metadata.name}? [y/N]"):
        raise ApprovalRequired("the plan was not approved", "ManualApproval")
