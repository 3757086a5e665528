"""One pod's log, followed in a thread of its own until it is told to end."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from threading import Event, Lock, Thread

from regsweep.clients.kube import Cluster, Object
from regsweep.core.container_log import LogReader
from regsweep.core.registry_log import ManifestRequest, RequestLog
from regsweep.errors import ClusterDenied, ClusterError, ClusterNotFound

LONGEST_LINE = 64 << 10
"""A longer line tells of no request."""
_AGAIN_SECONDS = 1.0


class Follower:
    """`begun` is true as soon as a line came: nothing that is written from then on is missed. `fault` is the last
    failure.
    """

    def __init__(self, cluster: Cluster, pod: Object, container: str, log: RequestLog) -> None:
        self._cluster, self._container, self._log = cluster, container, log
        self._namespace, self.name = str(pod["metadata"]["namespace"]), str(pod["metadata"]["name"])
        self._reader, self._lock, self._over = LogReader(), Lock(), Event()
        self.fault: ClusterError | None = None

    @property
    def begun(self) -> bool:
        return bool(self._reader.last)

    def start(self, *, from_now: bool) -> None:
        Thread(target=self._follow, args=(1 if from_now else 0,), name=f"log {self.name}", daemon=True).start()

    def end(self) -> None:
        """Its thread ends with the next line, or the next silence."""
        self._over.set()

    def requests(self) -> Sequence[ManifestRequest]:
        with self._lock:
            return tuple(self._log.requests())

    def _follow(self, tail: int) -> None:
        """A connection that ended is made again: a container was restarted, or a line is long in coming."""
        while not self._over.is_set():
            since = self._reader.since
            try:
                with closing(self._open(since, tail)) as pieces:
                    self._read(pieces)
            except (ClusterDenied, ClusterNotFound) as error:
                self.fault = error
                return
            except ClusterError as error:
                self.fault = error
            self._over.wait(_AGAIN_SECONDS)

    def _open(self, since: str, tail: int) -> Generator[bytes, None, None]:
        where = (self._namespace, self.name, self._container)
        return self._cluster.follow(*where, since=since, tail=0 if since else tail)

    def _read(self, pieces: Iterable[bytes]) -> None:
        for stamp, text in self._reader.new(_whole_lines(pieces)):
            with self._lock:
                self._log.take(text.decode("utf-8", "replace"), datetime.fromisoformat(stamp))
            if self._over.is_set():
                return


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in lines)
        rest = rest if len(rest) <= LONGEST_LINE else b""
