"""The options that several commands share, each with its help. No secret is ever an option's value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from regsweep.api.policy import Mode
from regsweep.api.run import Collect


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


PolicyFile = Annotated[
    Path,
    typer.Option("--filename", "-f", metavar="FILE", help="The policy, as YAML; - is standard input."),
]
OutputFormat = Annotated[
    Output, typer.Option("--output", "-o", help="Only this goes to standard output; all else goes to standard error.")
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one HTML page to this file, too.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, show_default=False, help="List every deletion; -vv: log every request, too."
    ),
]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir", metavar="DIR", help="Where manifests that were read are kept; without it, ~/.cache/regsweep."
    ),
]
AnotherMode = Annotated[
    Mode | None,
    typer.Option("--mode", metavar="DryRun|Delete", case_sensitive=False, help="Instead of the policy's mode."),
]
Collecting = Annotated[
    Collect,
    typer.Option(
        "--collect",
        metavar="Auto|Skip|Only",
        case_sensitive=False,
        help="Auto: garbage is collected as the policy says. Skip: it is not. Only: nothing is deleted before.",
    ),
]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Without it, the namespace of the login.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How to reach the registry."""

    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Instead of spec.registry.url, for a port-forward.")
    ] = None
    username: Annotated[
        str | None, typer.Option("--username", metavar="NAME", help="User of the registry; needs --password-file.")
    ] = None
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="Holds the password; - is standard input."),
    ] = None
    docker_config: Annotated[
        Path | None,
        typer.Option("--docker-config", metavar="FILE", help="A config.json that holds the login of the registry."),
    ] = None
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", metavar="FILE", help="PEM certificates to trust besides the system's.")
    ] = None
    insecure: Annotated[
        bool, typer.Option("--insecure-skip-tls-verify", help="Accept any certificate of the registry.")
    ] = False
    storage_root: Annotated[
        Path | None,
        typer.Option(
            "--storage-root",
            metavar="DIR",
            help="The registry's rootdirectory, where that is on this machine: read from its files, not over its API.",
        ),
    ] = None


Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig", metavar="FILE", help="Without it: the pod's service account, $KUBECONFIG, ~/.kube/config."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLogin:
    """Which cluster."""

    kubeconfig: Kubeconfig = None
    context: Annotated[
        str | None, typer.Option("--context", metavar="NAME", help="Without it, the kubeconfig's current one.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Which clusters run images of the registry. In the first of them runs the registry, if in any."""

    kubeconfig: Kubeconfig = None
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            metavar="NAME",
            help="Without it, the kubeconfig's current one. May be repeated: what is in use in any of them stays.",
        ),
    ] = None
    in_use: Annotated[
        list[Path] | None,
        typer.Option(
            "--in-use",
            metavar="FILE",
            help="Images in use, as text or from kubectl get -o json; in place of asking a cluster. May be repeated.",
        ),
    ] = None

    @property
    def home(self) -> ClusterLogin:
        return ClusterLogin(kubeconfig=self.kubeconfig, context=self.context[0] if self.context else None)

    @property
    def logins(self) -> tuple[tuple[str, ClusterLogin], ...]:
        """Each cluster with the name that a report calls it: none where there is but one."""
        contexts = tuple(dict.fromkeys(self.context or ()))
        if len(contexts) < 2:
            return (("", self.home),)
        return tuple((name, ClusterLogin(kubeconfig=self.kubeconfig, context=name)) for name in contexts)

    @property
    def are_named(self) -> bool:
        return bool(self.kubeconfig or self.context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What is told, and where."""

    output: OutputFormat = Output.TEXT
    html: Html = None
    quiet: Quiet = False
    verbose: Verbose = 0
    cache_dir: CacheDir = None
