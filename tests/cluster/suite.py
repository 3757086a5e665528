#!/usr/bin/env python3
"""All cluster tests, as `make test-cluster` runs them: suite.py WORKERS

Two nodes come up on this machine. On the first one the tests run side by side, for they mostly wait; those with the
mark `alone`, which serve or disturb a whole cluster, run meanwhile on the second one, one after another. With
CLUSTER=existing all run on that cluster, the second kind afterwards.

The exit code is pytest's or the node's own, of the first part that failed. Whatever ends it, the nodes go down.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parent
NODES = ("1", "2")


def main(workers: str) -> int:
    crowd, alone = ["-n", workers, "-m", "not alone"], ["-m", "alone"]
    if os.environ.get("CLUSTER") == "existing":
        codes = [_pytest("1", part).wait() for part in (crowd, alone)]
        return next(filter(None, codes), 0)
    with ExitStack() as stack:
        for node in NODES:
            stack.callback(_down, node)
        starting = [_node(node, "up") for node in NODES]
        if code := next(filter(None, [process.wait() for process in starting]), 0):
            return code
        return _side_by_side(crowd, alone)


def _side_by_side(crowd: list[str], alone: list[str]) -> int:
    """What the second part says is shown in one piece after the first."""
    with ExitStack() as stack, tempfile.TemporaryFile("w+") as said:
        second = _pytest("2", alone, said)
        stack.callback(_end, second)
        first = _pytest("1", crowd)
        stack.callback(_end, first)
        codes = [first.wait()]
        if second.poll() is None:
            print("\nnow the tests that run alone, on the second node, are waited for", flush=True)
        codes.append(second.wait())
        print("\nthe tests that ran alone:", flush=True)
        said.seek(0)
        shutil.copyfileobj(said, sys.stdout)
    return next(filter(None, codes), 0)


def _pytest(node: str, options: list[str], output: IO[str] | None = None) -> subprocess.Popen[bytes]:
    command = ["pytest", "--fail-on-skip", "--timeout=1800", "--durations=15", str(HERE), *options]
    return _start(node, ["-m", *command], output)


def _node(node: str, verb: str) -> subprocess.Popen[bytes]:
    return _start(node, [str(HERE / "node.py"), verb])


def _down(node: str) -> None:
    _node(node, "down").wait()


def _start(node: str, arguments: list[str], output: IO[str] | None = None) -> subprocess.Popen[bytes]:
    environment = os.environ | {"REGSWEEP_NODE": node}
    return subprocess.Popen([sys.executable, *arguments], env=environment, stdout=output, stderr=output)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Lets it take down what it started."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
