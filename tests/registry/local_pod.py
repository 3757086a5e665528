"""A pod's shell on this machine: what a step would run in the registry's pod runs here, beside a real registry."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any

from regsweep.clients.podexec import Command, ExecResult


def local_site() -> Any:
    """A Site that can exec and nothing else; the pod's name does not matter."""
    return SimpleNamespace(exec=_exec, name="Deployment registry/registry")


def _exec(pod: str, command: Command) -> ExecResult:
    done = subprocess.run(
        command.argv, input=command.stdin or b"", capture_output=True, check=False, timeout=command.timeout
    )
    return ExecResult(done.returncode, done.stdout, done.stderr)
