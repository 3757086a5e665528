"""Collect outside Kubernetes: stop the registry, collect, start it again, by three commands of the person at
the terminal.

For Docker and systemd. A stopped registry takes no writes and forgets its blob cache, so stop and start are
both the switch and the restart (S8, S10). There is no dry run: what a command can do is not known. What was
pushed before the stop is whole in the store, and marked by the collector as everything else.

The commands come from the command line alone. No object in a cluster can name one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Protocol

from regsweep.core.collector_output import CollectorOutput
from regsweep.core.diagnosis import Scene, diagnose
from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.core.outcome import Collection
from regsweep.core.ports import Clock, Progress, Stop
from regsweep.errors import CollectFailed, LiftFailed, RegistryError, WorkloadUnfit

_TAIL_BYTES = 4096
_CHUNK = 64 << 10
_ASK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Commands:
    """Shell commands, and their time limits in seconds. `patience`: from the start to the first writable
    answer; `grace`: from asking a late command to end until it counts as one that cannot be ended."""

    stop: str
    collect: str
    start: str
    stop_timeout: float = 300.0
    collect_timeout: float = 6 * 3600.0
    start_timeout: float = 300.0
    patience: float = 120.0
    grace: float = 60.0


class Asked(Protocol):
    """The registry over HTTP: `clients.registry.Reader`."""

    def ping(self) -> None: ...

    def writable(self) -> bool | None: ...


@dataclass(slots=True)
class _Ended:
    """How a command ended: `code` None where it had to be ended, `alive` where even that was not possible."""

    code: int | None = None
    alive: bool = False
    tail: bytes = b""

    def words(self) -> str:
        said = self.tail.decode("utf-8", "replace").strip()[-500:]
        end = "it took too long" if self.code is None else f"exit code {self.code}"
        return f'{end}: "{said}"' if said else end


@dataclass(frozen=True, slots=True)
class CommandCollector:
    """The `Collector` of a registry that is stopped and started by commands."""

    commands: Commands
    registry: Asked
    clock: Clock
    stop: Stop
    progress: Progress
    pause: Callable[[float], object] = field(default_factory=lambda: threading.Event().wait)

    def preflight(self) -> None:
        """Raises WorkloadUnfit where the registry is read-only already; RegistryError where it does not
        answer."""
        self.registry.ping()
        if self.registry.writable() is False:
            raise WorkloadUnfit(
                "the registry is read-only, so nothing can be deleted from it: switch its maintenance mode off first"
            )

    def collect(self, census: Callable[[], Census]) -> Collection:
        """Stop, collect, start, writable. The start command runs whatever came before it, unless the collect
        command may still be running. Raises CollectFailed, or LiftFailed where the registry does not come
        back."""
        self.preflight()
        told = self.registry.writable() is not None
        expected = set(census().marks())
        self.stop.check()
        self.progress.say("no dry run: a command cannot be asked for one. The registry is stopped now")
        begun, output = self.clock(), CollectorOutput(marked=expected.discard)
        wanted = len(expected)
        try:
            failure = self._stop_and_collect(output)
        except LiftFailed:
            raise  # a collector may live: a registry that takes writes beside it loses images
        except BaseException:
            self._start(told)
            raise
        self._start(told)
        if failure:
            raise CollectFailed(f"{failure} The registry was started again and answers")
        return self._result(output, wanted, expected, begun)

    def resume(self, census: Callable[[], Census]) -> Collection | None:
        """Nothing is remembered from one command line to the next: there is no window to go on with."""
        return None

    def _stop_and_collect(self, output: CollectorOutput) -> str:
        """Why nothing, or not all, was collected; "" where it was."""
        ended = _run(self.commands.stop, self.commands.stop_timeout, self.commands.grace)
        if ended.code != 0:
            return f"the stop command failed ({ended.words()}), so nothing was collected."
        if self._answers():
            return (
                "the stop command ended well, and the registry still answers, so nothing was collected: pushes "
                "during a "
                "collection lose images. Let --stop-command stop the registry behind spec.registry.url."
            )
        self.progress.begin("collect")
        ended = _run(self.commands.collect, self.commands.collect_timeout, self.commands.grace, output.feed)
        output.end()
        if ended.alive:
            raise LiftFailed(
                "the collect command did not end when it was asked to, and may still delete, so the registry was left "
                f"stopped: make sure that no garbage-collect runs, then start it by hand: {self.commands.start}"
            )
        if ended.code is None:
            limit = self.commands.collect_timeout
            return f"the collect command took longer than {limit:.0f}s and was ended: what was swept stays swept."
        if ended.code != 0:
            said, scene = ended.tail.decode("utf-8", "replace"), Scene(repository=output.repository)
            return f"the collect command failed: {diagnose(said, ended.code, scene)}"
        if output.summary is None and b"Error:" in ended.tail:
            return diagnose(ended.tail.decode("utf-8", "replace"), 0)
        return ""

    def _answers(self) -> bool:
        try:
            self.registry.ping()
        except RegistryError:
            return False  # as it should be: nobody can push
        return True

    def _start(self, told: bool) -> None:
        """Start, and wait until it answers: writable, where it could be told beforehand."""
        ended = _run(self.commands.start, self.commands.start_timeout, self.commands.grace)
        waited, last = 0.0, "it does not answer"
        while waited <= self.commands.patience:
            try:
                self.registry.ping()
                if not told or self.registry.writable():
                    return
                last = "it is read-only"
            except RegistryError as error:
                last = str(error)
            self.pause(_ASK_SECONDS)
            waited += _ASK_SECONDS
        raise LiftFailed(
            f"the registry did not come back writable within {self.commands.patience:.0f}s after the start command "
            f"({ended.words()}): {last}. Start it by hand: {self.commands.start}"
        )

    def _result(self, output: CollectorOutput, wanted: int, missing: set[Digest], begun: datetime) -> Collection:
        now, summary = self.clock(), output.summary
        if summary is None:
            self.progress.say("the collect command printed no summary of garbage-collect: what it freed is not known")
        elif missing:
            self.progress.say(f"garbage-collect did not mark {len(missing)} digests that live images need: verifying")
        return Collection(
            started_at=begun,
            finished_at=now,
            blobs_marked=summary.marked if summary else 0,
            blobs_expected=wanted,
            blobs_deleted=len(output.eligible),
            manifests_deleted=output.manifests,
            bytes_before=None,
            bytes_after=None,
            write_blocked_seconds=(now - begun).total_seconds(),
            swept=frozenset(output.eligible),
        )


def _run(command: str, timeout: float, grace: float, feed: Callable[[bytes], None] = lambda _: None) -> _Ended:
    """Run a command to its end, in a session of its own, so that an interrupt at the terminal does not cut
    it short.

    A late one is asked to end (SIGTERM, which `docker run` hands on), never killed: what it began might live
    on unseen.
    """
    ended = _Ended()
    process = subprocess.Popen(  # noqa: S602  (the person at the terminal wrote it)
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    reader = threading.Thread(target=_drain, args=(process.stdout, ended, feed), daemon=True)
    reader.start()
    try:
        ended.code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        ended.alive = not _asked_to_end(process, grace)
    except BaseException as error:
        if not _asked_to_end(process, grace):
            raise LiftFailed(f"interrupted, and this command still runs: {command}") from error
        raise
    reader.join(grace if ended.code is not None else _ASK_SECONDS)
    return ended


def _asked_to_end(process: subprocess.Popen[bytes], grace: float) -> bool:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, daemon=True).start()  # its end is nobody's business here any more
        return False
    return True


def _drain(pipe: IO[bytes], ended: _Ended, feed: Callable[[bytes], None]) -> None:
    with pipe:
        while piece := os.read(pipe.fileno(), _CHUNK):
            ended.tail = (ended.tail + piece)[-_TAIL_BYTES:]
            feed(piece)
