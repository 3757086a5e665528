"""`regsweep demo`: the whole job on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from regsweep.cli import options
from regsweep.cli.interrupt import Interrupt
from regsweep.cli.terminal import progress

_LONGEST_SECONDS = 900.0


def demo(
    registry_binary: Annotated[
        Path,
        typer.Option(
            "--registry-binary", metavar="PATH", help="The `registry` program of CNCF Distribution, 2.8 or 3.x."
        ),
    ],
    quiet: options.Quiet = False,
) -> None:
    """Fill a registry on this machine, clean and collect it, and pull every kept image back.

    Needs no cluster, no Docker and no root, and leaves nothing behind. `make demo` fetches the program, too.

    \b
    Example:
      regsweep demo --registry-binary ./registry
    """
    from regsweep.demo.story import demo as tell

    console = Console(highlight=False)
    with Interrupt(_LONGEST_SECONDS) as stop, progress(quiet=quiet, console=console) as live:
        tell(registry_binary, console, live, stop)
