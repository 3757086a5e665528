"""Storages that a registry filled once in a run of pytest. A test begins with a copy of its own.

A push costs far more than the copy of what it leaves, and most tests are about something else. All workers share one
folder: the first that asks pushes, the others wait for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regsweep.demo.documents import Artifact
from regsweep.demo.options import RegistryOptions
from regsweep.demo.process import RegistryProcess
from tests.registry.content import push

Rounds = Sequence[Sequence[Artifact]]
"""What is pushed, one list after the other."""


@dataclass(frozen=True, slots=True)
class Originals:
    """The storages of one version of the registry, in a `folder` that processes may share."""

    folder: Path
    binary: Path

    def copy(self, rounds: Rounds, options: RegistryOptions, place: Path) -> Path:
        """All files are as old as in the original: the push times of a storage inventory stay true."""
        return Path(shutil.copytree(self._original(rounds, options), place))

    def _original(self, rounds: Rounds, options: RegistryOptions) -> Path:
        original = self.folder / _name(self.binary, rounds, options)
        with original.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not original.exists():
                self._fill(original.with_suffix(".new"), rounds, options).rename(original)
        return original

    def _fill(self, storage: Path, rounds: Rounds, options: RegistryOptions) -> Path:
        shutil.rmtree(storage, ignore_errors=True)  # of a push that failed
        with RegistryProcess(self.binary, storage, options) as registry:
            for images in rounds:
                push(registry, images)
        return storage


def _name(binary: Path, rounds: Rounds, options: RegistryOptions) -> str:
    """Another one for all that could make another storage."""
    what = [[(image.repository, image.tags, image.digest) for image in images] for images in rounds]
    return hashlib.sha256(repr((binary, options, what)).encode()).hexdigest()
