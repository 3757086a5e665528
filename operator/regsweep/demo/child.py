"""A child process that does not outlive this one. Knows nothing of registries."""

from __future__ import annotations

import atexit
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 10.0


class Child:
    """`command` with its output appended to `log`, in a session of its own: Ctrl-C reaches only us.

    A watcher kills it when this process dies, even by SIGKILL: a shell that waits for the end of a pipe which
    only we hold. (PR_SET_PDEATHSIG would follow the thread that started the child, and is Linux's alone.)
    """

    def __init__(self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str]) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill -9 "$1"', "watcher", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """TERM, then KILL. Stopping twice is allowed."""
        atexit.unregister(self.stop)
        # The watcher goes first: once the child is reaped, its process id may belong to somebody else.
        self._watcher.kill()
        self._watcher.communicate()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
