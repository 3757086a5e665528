"""Where the terminal keeps what must outlive a process: plans that are being swept, keepsakes, and one lock a registry.

`$XDG_STATE_HOME/regsweep`, else `~/.local/state/regsweep`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from regsweep.core.plan import Plan
from regsweep.errors import InvalidInput, Refused

_PLAN = ".plan.json"
_KEEPSAKE = ".keepsake"

_OLD = timedelta(days=7)
"""A plan lives for a day."""


def journal_file(plan: Plan) -> Path:
    """The file of one plan, named by its registry and policy first, so that the next run with them finds it."""
    return _directory() / f"{_key(plan.registry, plan.policy)}-{plan.digest[7:19]}{_PLAN}"


def journal_files(registry: str, policy: str) -> list[Path]:
    """The plans that were being swept in that registry for that policy, the newest first."""
    found = _directory().glob(f"{_key(registry, policy)}-*{_PLAN}")
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)


def keepsake_file(plan: str) -> Path:
    """Where the deletions of the plan of that digest are kept."""
    return _directory() / f"{plan[7:19]}{_KEEPSAKE}"


def keepsake_files() -> list[Path]:
    """Of all registries, the oldest first."""
    return sorted(_directory().glob(f"*{_KEEPSAKE}"), key=lambda path: (path.stat().st_mtime, path.name))


def is_keepsake(path: Path) -> bool:
    """Whether a file of that name was, or is, one of ours."""
    return path.parent == _directory() and path.name.endswith(_KEEPSAKE)


def forget_old(now: datetime) -> None:
    """Remove what no run came back for: long expired plans, and what a crash left of writing one."""
    for path in _directory().glob(f"*{_PLAN}*"):
        if now.timestamp() - path.stat().st_mtime > _OLD.total_seconds():
            path.unlink(missing_ok=True)


@contextmanager
def alone(registry: str) -> Iterator[None]:
    """Nobody else of this user deletes from that registry, or collects it, from this machine meanwhile (S8).

    The lock ends with the process, however that ends. Raises Refused where another process has it, InvalidInput where
    it cannot be made.
    """
    with _locked(_directory() / f"{_key(registry)}.lock", registry):
        yield


def _locked(path: Path, registry: str) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("ab")
    except OSError as error:
        raise _no_lock(path, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if isinstance(error, BlockingIOError):
            raise Refused(
                f"another regsweep on this machine is at work on {registry}: wait for its end. Nothing was done"
            ) from None
        raise _no_lock(path, error) from None
    return lock


def _no_lock(path: Path, error: OSError) -> InvalidInput:
    return InvalidInput(
        f"{path} cannot be locked ({error.strerror}), and a plan must lie in a file while it is being done: "
        "set XDG_STATE_HOME to a folder where that is possible"
    )


def _directory() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "regsweep"


def _key(*names: str) -> str:
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:12]
