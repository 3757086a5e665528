"""Output as it comes: whole only where the command ended well; and every way in which it does not."""

from __future__ import annotations

import json
from collections import deque
from types import SimpleNamespace
from typing import Any, cast

import pytest
import websocket

from regsweep.clients import podexec
from regsweep.clients.kube import Cluster
from regsweep.clients.podexec import Command, ContainerRef, execute, stream
from regsweep.errors import ExecFailed

HERE = ContainerRef("n", "p", "c")
BINARY, CLOSE = websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_CLOSE
WELL = b"\x03" + json.dumps({"status": "Success"}).encode()
CAUSES = {"causes": [{"reason": "ExitCode", "message": "69"}]}
BADLY = b"\x03" + json.dumps({"status": "Failure", "details": CAUSES}).encode()


class Socket:
    """Plays frames; None is a read that times out."""

    def __init__(self, *frames: Any) -> None:
        self.frames = deque(frames)
        self.sent: list[bytes] = []
        self.closed = False

    def recv_data_frame(self, control_frame: bool) -> tuple[int, Any]:
        if not self.frames:
            return CLOSE, None
        frame = self.frames.popleft()
        if frame is None:
            raise websocket.WebSocketTimeoutException("slow")
        if isinstance(frame, Exception):
            raise frame
        return BINARY, SimpleNamespace(data=frame)

    def send_binary(self, data: bytes) -> None:
        self.sent.append(data)

    def settimeout(self, seconds: float) -> None: ...

    def ping(self) -> None: ...

    def shutdown(self) -> None:
        self.closed = True


def streamed(socket: Socket, monkeypatch: pytest.MonkeyPatch, **command: Any) -> list[bytes]:
    monkeypatch.setattr(podexec, "_connect", lambda *_: socket)
    return list(stream(cast("Cluster", None), HERE, Command(("sh",), **command)))


def test_what_it_prints_comes_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    socket = Socket(b"\x01one", None, b"\x02complains", b"\x01two", WELL)
    assert streamed(socket, monkeypatch) == [b"one", b"two"]
    assert socket.closed


ENDS = [
    pytest.param([b"\x01one", b"\x02no such folder", BADLY], "exit code 69: no such folder", id="exit code"),
    pytest.param([b"\x01one"], "its end is unknown", id="closed without a status"),
    pytest.param([b"\x01one", websocket.WebSocketException("cut")], "the connection broke: cut", id="cut"),
    pytest.param([b"\x01one", OSError("reset")], "the connection broke: reset", id="reset"),
    pytest.param([b"\x01one", b"\x01" + b"x" * 100, WELL], "more than 50 bytes", id="too much"),
]


@pytest.mark.parametrize(("frames", "words"), ENDS)
def test_an_end_that_is_not_well_is_an_error(frames: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = Socket(*frames)
    with pytest.raises(ExecFailed, match=words):
        streamed(socket, monkeypatch, limit=50)
    assert socket.closed


def test_a_command_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExecFailed, match="longer than its time limit"):
        streamed(Socket(b"\x01one"), monkeypatch, timeout=-1.0)


def test_who_stops_reading_lets_go_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    socket = Socket(b"\x01one", b"\x01two", WELL)
    monkeypatch.setattr(podexec, "_connect", lambda *_: socket)
    pieces = stream(cast("Cluster", None), HERE, Command(("sh",)))
    assert next(pieces) == b"one"
    pieces.close()  # type: ignore[attr-defined]
    assert socket.closed


@pytest.mark.parametrize("knows_its_end", [True, False])
def test_standard_input_is_closed_only_for_those_who_wait_for_that(
    knows_its_end: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = [] if knows_its_end else [b"\xff\x00"]
    socket = Socket(b"\x01one", WELL)
    assert streamed(socket, monkeypatch, stdin=b"words", knows_its_end=knows_its_end) == [b"one"]
    assert socket.sent == [b"\x00words", *closing]
    socket = Socket(b"\x01one", WELL)
    monkeypatch.setattr(podexec, "_connect", lambda *_: socket)
    assert execute(cast("Cluster", None), HERE, Command(("sh",), b"words", knows_its_end=knows_its_end)).ok
    assert socket.sent == [b"\x00words", *closing]
