"""A small HTTP server on loopback whose every answer the test writes: faults that no real registry makes on demand."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

CONTENT = {"Docker-Distribution-Api-Version": "registry/2.0"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `cut` bytes are left out at the end, `pause` seconds lie between single bytes."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    pause: float = 0.0
    hang_up: bool = False


Answer = Callable[[Asked], Reply]


def as_json(document: Any, status: int = 200, **headers: str) -> Reply:
    kind = {"Content-Type": "application/json", **CONTENT}
    return Reply(
        status, json.dumps(document).encode(), {**kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


def registry_error(status: int, code: str, **headers: str) -> Reply:
    return as_json({"errors": [{"code": code, "message": "as told"}]}, status, **headers)


@dataclass
class Server:
    """Running. `asked` grows with every request."""

    url: str
    asked: list[Asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Answer
    asked: list[Asked]

    def do(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Asked(self.command, parts.path, parse_qsl(parts.query), dict(self.headers.items()), body)
        self.asked.append(seen)
        self.reply(type(self).answer(seen))

    do_GET = do_HEAD = do_DELETE = do_OPTIONS = do_PUT = do  # noqa: N815

    def reply(self, reply: Reply) -> None:
        self.close_connection = bool(reply.hang_up or reply.cut)
        if reply.hang_up:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            with suppress(OSError):
                self.write(reply)

    def write(self, reply: Reply) -> None:
        body = reply.body[: len(reply.body) - reply.cut]
        for place in range(len(body)) if reply.pause else ():
            self.wfile.write(body[place : place + 1])
            time.sleep(reply.pause)
        if not reply.pause:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what many of these tests are about."""


@contextmanager
def serve(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    asked: list[Asked] = []
    handler = type("Scripted", (Handler,), {"answer": staticmethod(answer), "asked": asked})
    with Quiet(("127.0.0.1", 0), handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Server(f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}", asked)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def start_server() -> Iterator[Callable[..., Server]]:
    with ExitStack() as running:
        yield lambda answer, context=None: running.enter_context(serve(answer, context))


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without their backoff."""
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda self, response=None: None)


@pytest.fixture
def talk_nonsense() -> Iterator[str]:
    """The URL of a server that greets with something that is no HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(4096)
                    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
