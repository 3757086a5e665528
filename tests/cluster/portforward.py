"""`kubectl port-forward` that outlives the pods of a Service: kubectl ends with its pod, so it is begun again."""

import re
import select
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_ANNOUNCED_SECONDS = 30
_PAUSE_SECONDS = 0.3


@contextmanager
def port_forward(kubectl: Sequence[str], service: str, port: int, environment: Mapping[str, str]) -> Iterator[int]:
    """The port of this machine's loopback; the same one all the time. Between two pods nobody listens there."""
    forward = _Forward([*kubectl, "port-forward", f"service/{service}"], port, environment)
    local = forward.begin()
    keeper = threading.Thread(target=forward.keep, args=(local,), daemon=True)
    keeper.start()
    try:
        yield local
    finally:
        forward.end()
        keeper.join()


class _Forward:
    """One process after another. `end` may come from another thread than `keep`."""

    def __init__(self, command: list[str], port: int, environment: Mapping[str, str]) -> None:
        self._command, self._port, self._environment = command, port, environment
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> int:
        """The port that kubectl chose. Raises TimeoutError or ConnectionError."""
        process = self._start("")
        assert process is not None
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], _ANNOUNCED_SECONDS)[0]:
            raise TimeoutError(f"kubectl port-forward said nothing in {_ANNOUNCED_SECONDS} s")
        line = process.stdout.readline()
        announced = re.search(r"127\.0\.0\.1:(\d+)", line)
        if announced is None:
            raise ConnectionError(f"kubectl port-forward did not start: {line!r}")
        return int(announced[1])

    def keep(self, local: int) -> None:
        while True:
            process = self._process
            if process is not None:
                process.communicate()
            if self._ended.wait(_PAUSE_SECONDS):
                return
            self._start(str(local))

    def end(self) -> None:
        with self._lock:
            self._ended.set()
            if self._process is not None:
                self._process.terminate()

    def _start(self, local: str) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._ended.is_set():
                return None
            self._process = subprocess.Popen(
                [*self._command, f"{local}:{self._port}"],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            return self._process
