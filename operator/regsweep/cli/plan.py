"""`regsweep plan`: what would go, and why. Never deletes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regsweep.api.policy import Mode
from regsweep.cli import options
from regsweep.cli.connection import Login, with_url
from regsweep.cli.execution import Wish, execute
from regsweep.cli.files import one_policy, write_text
from regsweep.cli.outcome import finish
from regsweep.core.plan_file import plan_to_json


def plan(
    filename: options.PolicyFile,
    out: Annotated[Path | None, typer.Option("--out", help="Write the plan to this file, for apply --plan.")] = None,
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
    """Show what a policy would delete, and why. Never deletes.

    Example: regsweep plan -f policy.yaml --out plan.json, then regsweep apply -f policy.yaml --plan plan.json
    """
    policy = with_url(one_policy(filename), url)
    login = Login(url, username, password_file, docker_config, ca_file, insecure)
    record, made = execute(policy, Wish(login, cache_dir, quiet, verbose, Mode.DRY_RUN))
    if out is not None and made is not None:
        write_text(out, plan_to_json(made))
        typer.echo(f"plan written to {out}", err=True)
    finish(record, output, details=verbose > 0, html=html)
