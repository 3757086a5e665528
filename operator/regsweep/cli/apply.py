"""`regsweep apply`: all of it. On a terminal it shows the plan and asks; elsewhere it needs --yes or --plan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.cli import options
from regsweep.cli.connection import Login, with_url
from regsweep.cli.execution import CollectorFactory, Confirm, Wish, execute, now
from regsweep.cli.files import MAXIMUM_PLAN_BYTES, one_policy, read_text
from regsweep.cli.outcome import finish
from regsweep.cli.terminal import ask
from regsweep.core.plan import Plan
from regsweep.core.plan_file import plan_from_json
from regsweep.core.report.text import human_bytes
from regsweep.errors import ApprovalRequired, InvalidInput
from regsweep.steps.commands import CommandCollector, Commands


def apply(
    filename: options.PolicyFile,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Do exactly the plan in this file; that counts as its approval.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. A plan over a limit still needs --plan.")
    ] = False,
    mode: Annotated[Mode | None, typer.Option("--mode", help="Instead of spec.mode.", case_sensitive=False)] = None,
    stop_command: Annotated[
        str | None, typer.Option("--stop-command", help="Stops the registry, before it is collected.")
    ] = None,
    collect_command: Annotated[
        str | None, typer.Option("--collect-command", help="Runs `registry garbage-collect`, while it is stopped.")
    ] = None,
    start_command: Annotated[str | None, typer.Option("--start-command", help="Starts the registry again.")] = None,
    url: options.Url = None,
    username: options.Username = None,
    password_file: options.PasswordFile = None,
    docker_config: options.DockerConfig = None,
    ca_file: options.CaFile = None,
    insecure: options.Insecure = False,
    cache_dir: options.CacheDir = None,
    output: options.OutputFormat = options.Output.TEXT,
    html: options.Html = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Clean a registry as a policy says: plan, delete, collect, and prove that every kept image is whole.

    Deletes only where spec.mode (or --mode) is Delete. On a terminal it shows the plan and asks first.
    """
    policy = with_url(one_policy(filename), url)
    given = plan_from_json(read_text(plan, MAXIMUM_PLAN_BYTES)) if plan else None
    wanted = mode or policy.spec.mode
    collector = _collector(Commands(stop_command, collect_command, start_command))
    login = Login(url, username, password_file, docker_config, ca_file, insecure)
    wish = Wish(login, cache_dir, quiet, verbose, wanted, given, _confirmation(policy, wanted, yes=yes), collector)
    record, _ = execute(policy, wish)
    if wanted is Mode.DRY_RUN:
        typer.echo("regsweep: spec.mode is DryRun, so nothing was deleted: --mode Delete does it", err=True)
    finish(record, output, details=verbose > 0, html=html)


def _confirmation(policy: RegistryCleanupPolicy, mode: Mode, *, yes: bool) -> Confirm | None:
    """Who is asked: the person at the terminal, or nobody. Raises ApprovalRequired where somebody should be, and is
    not there.
    """
    if mode is Mode.DRY_RUN or yes:
        return None
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ApprovalRequired(
            "there is no terminal to ask at, so nothing was deleted: "
            "give --yes, or --plan with a plan that you looked at",
            "ManualApproval",
        )
    return lambda plan: _ask(policy, plan)


def _ask(policy: RegistryCleanupPolicy, plan: Plan) -> bool:
    counts, bound = plan.counts, "up to " if plan.bytes_are_upper_bound else ""
    for action in plan.actions[:20]:
        names = ", ".join(action.tags) or "no tag"
        typer.echo(f"  {action.repository}@{action.digest[:19]} ({names}) {action.reason}", err=True)
    if len(plan.actions) > 20:
        typer.echo(f"  ... and {len(plan.actions) - 20} more; `regsweep plan -v` lists all", err=True)
    for sentence in plan.over_limit:
        typer.echo(f"over a limit: {sentence}", err=True)
    return ask(
        f"Delete {counts.deleted_manifests} of {counts.manifests} manifests ({counts.deleted_tags} tags, {bound}"
        f"{human_bytes(plan.bytes)}) from {policy.spec.registry.url}?"
    )


def _collector(commands: Commands) -> CollectorFactory | None:
    """Raises InvalidInput where only some of the three commands are given."""
    given = [commands.stop, commands.collect, commands.start]
    if not any(given):
        return None
    if not all(given):
        raise InvalidInput("--stop-command, --collect-command and --start-command go together: stop, collect, start")
    return lambda reader, stop, progress: CommandCollector(commands, reader, now, stop, progress)
