"""`regsweep apply`: all of it. On a terminal it shows the plan and asks; elsewhere it needs --yes or --plan."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.api.run import Collect
from regsweep.cli import options
from regsweep.cli.collecting import commands_of, hands_of
from regsweep.cli.connection import with_url
from regsweep.cli.execution import Confirm, Wish, execute, now
from regsweep.cli.files import MAXIMUM_PLAN_BYTES, check_writable, one_policy, read_text
from regsweep.cli.in_use import protecting, usage_of
from regsweep.cli.outcome import finish
from regsweep.cli.spread import spread
from regsweep.cli.state import alone
from regsweep.cli.storage import files_of
from regsweep.cli.terminal import ask, is_interactive, say
from regsweep.cli.unfinished import command_again, unfinished
from regsweep.core.plan import Plan
from regsweep.core.plan_file import plan_from_json
from regsweep.core.report.text import human_bytes
from regsweep.errors import ApprovalRequired

_SHOWN = 20


@spread
def apply(
    *,
    filename: options.PolicyFile,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Do exactly the plan in this file; that counts as its approval."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. A plan over a limit, or approval: Manual, needs --plan.")
    ] = False,
    mode: options.AnotherMode = None,
    collect: options.Collecting = Collect.AUTO,
    stop_command: Annotated[
        str | None, typer.Option("--stop-command", metavar="COMMAND", help="Stops the registry, before collecting.")
    ] = None,
    collect_command: Annotated[
        str | None,
        typer.Option(
            "--collect-command", metavar="COMMAND", help="Runs registry garbage-collect, while it is stopped."
        ),
    ] = None,
    start_command: Annotated[
        str | None, typer.Option("--start-command", metavar="COMMAND", help="Starts the registry again.")
    ] = None,
    login: options.Login,
    clusters: options.Clusters,
    showing: options.Showing,
) -> None:
    """Clean a registry as a policy says: plan, delete, collect, and prove that every kept image is whole.

    Deletes only where spec.mode (or --mode) is Delete. On a terminal it shows the plan and asks first.

    Deleting alone frees no space: collecting does. In a pod of the cluster, or with --kubeconfig or --context where
    pods can be reached by their addresses, it collects as spec.garbageCollection says; elsewhere by three commands.

    \b
    Examples:
      regsweep apply -f policy.yaml --mode Delete
      regsweep apply -f policy.yaml --plan plan.json
      regsweep apply -f policy.yaml --mode Delete --yes \\
        --stop-command "docker stop registry" --start-command "docker start registry" \\
        --collect-command "docker run --rm --volumes-from registry registry:3 \\
          garbage-collect /etc/distribution/config.yml"
    """
    policy = protecting(with_url(one_policy(filename), login.url), clusters)
    check_writable(showing.html)
    given = plan_from_json(read_text(plan, MAXIMUM_PLAN_BYTES)) if plan else None
    wanted = mode or policy.spec.mode
    commands = commands_of(stop_command, collect_command, start_command)
    try:
        with ExitStack() as stack:
            if wanted is Mode.DELETE:
                stack.enter_context(alone(policy.spec.registry.url))
                given = given or unfinished(policy, now(), yes=yes)
            confirm = None if given or yes or wanted is Mode.DRY_RUN else _confirmation(policy)
            usage = usage_of(policy, clusters, stack)
            hands = hands_of(policy, commands, clusters.home, stack)
            files = files_of(policy, login, clusters.home, stack)
            again = command_again()
            wish = Wish(login, showing, wanted, collect, given, confirm, hands, again, usage, files=files)
            record, _ = execute(policy, wish)
    except ApprovalRequired as error:
        raise ApprovalRequired(f"{error} {_APPROVE}", error.reason) from None
    if wanted is Mode.DRY_RUN:
        say("regsweep: spec.mode is DryRun, so nothing was deleted: --mode Delete does it")
    finish(record, showing)


_APPROVE = "To approve it: `regsweep plan --out FILE`, look at it, and `regsweep apply --plan FILE`."


def _confirmation(policy: RegistryCleanupPolicy) -> Confirm:
    """The question to the person at the terminal. Raises ApprovalRequired where nobody is there."""
    if not is_interactive():
        raise ApprovalRequired(
            "there is no terminal to ask at, so nothing was begun: "
            "give --yes, or --plan with a plan that you looked at",
            "ManualApproval",
        )
    return lambda plan: _ask(policy, plan)


def _ask(policy: RegistryCleanupPolicy, plan: Plan) -> bool:
    counts, bound = plan.counts, "up to " if plan.bytes_are_upper_bound else ""
    for action in plan.actions[:_SHOWN]:
        names = ", ".join(action.tags) or "no tag"
        say(f"  {action.repository}@{action.digest[:19]} ({names}) {action.reason}")
    if len(plan.actions) > _SHOWN:
        say(f"  ... and {len(plan.actions) - _SHOWN} more; `regsweep plan -v` lists all")
    what = (
        f"Delete {counts.deleted_manifests} of {counts.manifests} manifests ({counts.deleted_tags} of {counts.tags} "
        f"tags, {bound}{human_bytes(plan.bytes)}) from {policy.spec.registry.url}?"
    )
    if not plan.over_limit:
        return ask(f"{what} [y/N]")
    for sentence in plan.over_limit:
        say(f"OVER A LIMIT: {sentence}")
    return ask(f"{what} Type the number of manifests to go on:", (str(counts.deleted_manifests),))
