"""`regsweep operator`: be the operator. The only place where this door opens the other one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from regsweep.cli.options import ClusterLogin
from regsweep.cli.spread import spread
from regsweep.errors import InvalidInput


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


@spread
def operator(
    *,
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", "-n", metavar="NAME", help="Watch this one; may be repeated.")
    ] = None,
    everywhere: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Watch all namespaces.")] = False,
    health_port: Annotated[
        int, typer.Option("--health-port", metavar="PORT", min=0, max=65535, help="Of /healthz, /readyz and /metrics.")
    ] = 8080,
    lease_namespace: Annotated[
        str | None,
        typer.Option("--lease-namespace", metavar="NAME", help="Of its Lease; without it, that of the login."),
    ] = None,
    max_concurrent_runs: Annotated[
        int, typer.Option("--max-concurrent-runs", metavar="NUMBER", min=1, max=64, help="Of different registries.")
    ] = 4,
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="Of the lines on standard error.")] = (
        LogFormat.TEXT
    ),
    cache_dir: Annotated[
        Path | None, typer.Option("--cache-dir", metavar="DIR", help="Where manifests that were read are kept.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what it decides, and what kopf does.")] = False,
    cluster: ClusterLogin,
) -> None:
    """Be the operator: watch policies and runs, and do what they say. This is what the chart starts.

    \b
    Examples:
      regsweep operator --all-namespaces
      regsweep operator -n registry --kubeconfig ~/.kube/config --log-format text
    """
    if everywhere == bool(namespace):
        raise InvalidInput("say what to watch: --namespace NAME (may be repeated), or --all-namespaces")
    from regsweep.controller.main import Options, serve

    serve(
        Options(
            namespaces=tuple(namespace or ()),
            health_port=health_port,
            lease_namespace=lease_namespace,
            max_concurrent_runs=max_concurrent_runs,
            log_format=log_format.value,
            cache_dir=cache_dir,
            verbose=verbose,
            kubeconfig=str(cluster.kubeconfig) if cluster.kubeconfig else None,
            context=cluster.context,
        )
    )
