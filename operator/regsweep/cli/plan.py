"""`regsweep plan`: what would go, and why. Never deletes."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from regsweep.api.policy import Mode
from regsweep.cli import options
from regsweep.cli.connection import with_url
from regsweep.cli.execution import Wish, execute
from regsweep.cli.files import check_writable, one_policy, write_text
from regsweep.cli.in_use import protecting, usage_of
from regsweep.cli.inventories import FileArchive
from regsweep.cli.outcome import finish
from regsweep.cli.spread import spread
from regsweep.cli.storage import files_of
from regsweep.cli.terminal import say
from regsweep.core.plan_file import plan_to_json


@spread
def plan(
    *,
    filename: options.PolicyFile,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the plan to this file, for apply --plan.")
    ] = None,
    save_inventory: Annotated[
        Path | None,
        typer.Option(
            "--save-inventory",
            metavar="FILE",
            help="Keep what was read, of the whole registry, for explain and validate; .gz compresses.",
        ),
    ] = None,
    login: options.Login,
    clusters: options.Clusters,
    showing: options.Showing,
) -> None:
    """Show what a policy would delete, and why. Never deletes.

    \b
    Examples:
      regsweep plan -f policy.yaml
      regsweep plan -f policy.yaml --url http://localhost:5000 --out plan.json
      regsweep apply -f policy.yaml --url http://localhost:5000 --plan plan.json
      regsweep plan -f policy.yaml --context prod --context staging
      regsweep plan -f policy.yaml --save-inventory inventory.gz
      regsweep plan -f policy.yaml --storage-root /var/lib/registry
    """
    written = protecting(one_policy(filename), clusters)
    policy = with_url(written, login.url)
    check_writable(out, showing.html)
    with ExitStack() as stack:
        archive = None
        if save_inventory is not None:
            archive = stack.enter_context(FileArchive(save_inventory, written, policy.spec.registry.url))
        usage = usage_of(policy, clusters, stack)
        files = files_of(policy, login, clusters.home, stack)
        wish = Wish(login, showing, Mode.DRY_RUN, usage=usage, archive=archive, files=files)
        record, made = execute(policy, wish)
    if save_inventory is not None:
        say(f"inventory written to {save_inventory}: regsweep explain --inventory and validate --against read it")
    if out is not None and made is not None:
        write_text(out, plan_to_json(made))
        say(f"plan written to {out}: regsweep apply --plan does exactly it")
    finish(record, showing)
