"""The `regsweep` command as a person runs it: in this process for speed, or in one of its own where signals matter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from regsweep.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    def report(self) -> dict[str, Any]:
        """What `-o json` printed: nothing else may stand there."""
        document: dict[str, Any] = json.loads(self.out)
        return document


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs commands with caches and state of their own. There is no terminal."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    folder: Path

    def __call__(self, *arguments: str | Path) -> Ended:
        """In this process."""
        for name, value in self.environment().items():
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.setattr(sys, "argv", ["regsweep", *map(str, arguments)])
        self.capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        said = self.capsys.readouterr()
        assert isinstance(code, int), code
        return Ended(code, said.out, said.err)

    def begin(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """In a process of its own, whose standard error can be read as it comes."""
        return subprocess.Popen(
            [sys.executable, "-m", "regsweep", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment(), **(environment or {})},
        )

    def environment(self) -> dict[str, str]:
        return {
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "KUBECONFIG": str(self.folder / "no-kubeconfig"),
            "COLUMNS": "120",
        }

    def policy(self, url: str, **spec: Any) -> Path:
        """A policy that keeps the two newest images of each repository, in a file. JSON is YAML."""
        keep_two = {"name": "newest", "keep": {"latest": 2, "orderBy": "CreatedTime"}}
        document = {
            "apiVersion": "regsweep.dev/v1alpha1",
            "kind": "RegistryCleanupPolicy",
            "metadata": {"name": "test"},
            "spec": {
                "mode": "Delete",
                "rules": [keep_two],
                "limits": {"maxDeletionPercent": 100},
                **spec,
                "registry": {"url": url, **spec.get("registry", {})},
            },
        }
        path = self.folder / "policy.yaml"
        path.write_text(json.dumps(document))
        return path
