"""The options that several commands share, each with its help. No secret is ever an option's value."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


PolicyFile = Annotated[
    Path, typer.Option("--filename", "-f", help="The policy, as YAML; - reads standard input.", show_default=False)
]
Url = Annotated[str | None, typer.Option("--url", help="Instead of spec.registry.url, for a port-forward.")]
Username = Annotated[str | None, typer.Option("--username", help="User of the registry; needs --password-file.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="A file that holds the password; - reads standard input.")
]
DockerConfig = Annotated[
    Path | None, typer.Option("--docker-config", help="A Docker config.json that holds the login of the registry.")
]
CaFile = Annotated[Path | None, typer.Option("--ca-file", help="PEM certificates to trust besides the system's.")]
Insecure = Annotated[bool, typer.Option("--insecure-skip-tls-verify", help="Accept any certificate.")]
CacheDir = Annotated[
    Path | None, typer.Option("--cache-dir", help="Where manifests that were read are kept.", show_default="user cache")
]
OutputFormat = Annotated[
    Output, typer.Option("--output", "-o", help="Only this goes to standard output; all else goes to standard error.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML page to this file, too.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Verbose = Annotated[
    int, typer.Option("--verbose", "-v", count=True, help="List every deletion; twice: say every request, too.")
]
