"""`regsweep status`: the policies of a cluster and their runs, in two tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.api.run import RegistryCleanupRun
from regsweep.cli import options
from regsweep.cli.cluster import ago, connected, list_policies, list_runs, result
from regsweep.cli.execution import now
from regsweep.cli.spread import spread
from regsweep.cli.terminal import emit
from regsweep.core.report.text import human_bytes
from regsweep.errors import ClusterNotFound

_POLICIES = ("NAMESPACE", "POLICY", "MODE", "SCHEDULE", "READY", "LAST RUN", "SUCCEEDED", "NEXT")
_RUNS = ("NAMESPACE", "RUN", "POLICY", "MODE", "RESULT", "PLANNED", "DELETED", "FREED", "AGE")


@spread
def status(
    *,
    policy: Annotated[str | None, typer.Argument(help="Only this policy and its runs.")] = None,
    namespace: options.Namespace = None,
    everywhere: Annotated[bool, typer.Option("--all-namespaces", "-A", help="In all namespaces.")] = False,
    cluster: options.ClusterLogin,
) -> None:
    """Show policies and runs of a cluster: what is due, what happened, what waits for you.

    \b
    Examples:
      regsweep status -A
      kubectl regsweep status nightly -n registry
    """
    with connected(cluster) as api:
        where = None if everywhere else namespace or api.namespace
        policies = [found for found in list_policies(api, where) if policy in (None, found.metadata.name)]
        runs = [found for found in list_runs(api, where) if policy in (None, found.spec.policy_ref.name)]
    if policy is not None and not policies:
        raise ClusterNotFound(f"there is no RegistryCleanupPolicy {policy} here: `regsweep status -A` shows all")
    emit(tables(policies, runs, now()))


def tables(policies: Sequence[RegistryCleanupPolicy], runs: Sequence[RegistryCleanupRun], moment: datetime) -> str:
    """Both tables as text, and below them a line for each run that waits or failed."""
    if not policies and not runs:
        return "no policies and no runs here"
    parts = []
    if policies:
        parts.append(_table([_POLICIES, *(_policy_row(found, moment) for found in policies)]))
    if runs:
        parts.append(_table([_RUNS, *(_run_row(found, moment) for found in runs)]))
    said = [f"{run.metadata.namespace}/{run.metadata.name}: {message}" for run in runs if (message := _words(run))]
    return "\n\n".join([*parts, "\n".join(said)] if said else parts)


def _policy_row(policy: RegistryCleanupPolicy, moment: datetime) -> tuple[str, ...]:
    spec, state = policy.spec, policy.status
    ready = next((condition for condition in state.conditions if condition.type == "Ready"), None)
    return (
        policy.metadata.namespace,
        policy.metadata.name,
        spec.mode.value,
        "suspended" if spec.suspend else spec.schedule or "by hand",
        "unknown" if ready is None else "yes" if ready.status == "True" else ready.reason,
        state.last_run.result if state.last_run else "never",
        ago(state.last_successful_time, moment) or "never",
        state.next_schedule_time or "",
    )


def _run_row(run: RegistryCleanupRun, moment: datetime) -> tuple[str, ...]:
    state = run.status
    collection = state.garbage_collection
    return (
        run.metadata.namespace,
        run.metadata.name,
        run.spec.policy_ref.name,
        state.mode.value if state.mode else "",
        result(run)[0],
        str(state.plan.deletions) if state.plan else "",
        str(state.deletion.deleted) if state.deletion else "",
        human_bytes(collection.reclaimed_bytes) if collection and collection.reclaimed_bytes is not None else "",
        ago(run.metadata.creation_timestamp, moment),
    )


def _words(run: RegistryCleanupRun) -> str:
    """What a person should know of a run that did not end well, or waits for one."""
    settled = {condition.type for condition in run.status.conditions if condition.status == "True"}
    return result(run)[1] if settled & {"Failed", "AwaitingApproval"} and "Complete" not in settled else ""


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
