"""That a process lives, vouched for by the kernel: a lock on a file of its own, which ends with the process and never
before.

A container that starts anew in its pod finds there that the holder of the Lease is dead, and need not wait until the
Lease runs out: its folder, an emptyDir, outlives containers and is seen by this pod alone. Where there is no such file,
as in another pod or on another machine, nothing is known. Source: flock(2).
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_KEPT_SECONDS = 86_400.0
"""The file of a dead holder stays so long: its Lease has run out by then, whoever asks."""

_log = logging.getLogger(__name__)


def folder() -> Path:
    """Of this machine or pod, and of this user alone: others could lock files in the name of anybody."""
    return Path(tempfile.gettempdir()) / f"regsweep-{os.geteuid()}"


@contextlib.contextmanager
def held(name: str, where: Path) -> Iterator[None]:
    """While it lasts, `name` is alive. Where no file can be made, nobody will know, and that is all."""
    file: int | None = None
    try:
        where.mkdir(mode=0o700, exist_ok=True)
        _tidy(where)
        file = os.open(where / name, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        _log.warning("after a crash this operator's Lease has to run out, for %s cannot be locked: %s", where, error)
    try:
        yield
    finally:
        if file is not None:
            with contextlib.suppress(OSError):
                (where / name).unlink(missing_ok=True)
            os.close(file)


def is_dead(name: str, where: Path) -> bool:
    """Whether `name` held a lock here that it holds no more. False where that is not known."""
    try:
        ours = where.stat()
        if ours.st_uid != os.geteuid() or ours.st_mode & 0o022:
            return False
        file = os.open(where / name, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def _tidy(where: Path) -> None:
    """Raises OSError where the folder cannot be read. A file that another one takes away meanwhile is no hindrance."""
    for file in where.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - file.stat().st_mtime > _KEPT_SECONDS and is_dead(file.name, where):
                file.unlink()
