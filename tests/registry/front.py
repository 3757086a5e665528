"""Something that stands in front of a real registry and changes its answers, as a broken proxy does."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`cut` bytes are left out at the end, and the connection is closed there."""

    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=dict)
    cut: int = 0


Change = Callable[[str, Answer], Answer]
"""(path, the registry's answer) to what is answered instead."""


@contextmanager
def front(url: str, change: Change) -> Iterator[tuple[str, list[str]]]:
    """Its URL, and the methods it was asked with."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer: two would wait for each other

        def do(self) -> None:
            asked.append(self.command)
            try:
                answer = change(self.path, _ask(url, self.command, self.path, dict(self.headers.items())))
            except ConnectionError:  # nobody is there: hang up
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body[: len(answer.body) - answer.cut])
            self.close_connection = bool(answer.cut)

        do_GET = do_HEAD = do_DELETE = do_OPTIONS = do  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _ask(url: str, method: str, path: str, headers: Headers) -> Answer:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request(method, path, headers={k: v for k, v in headers.items() if k.lower() != "host"})
        got = connection.getresponse()
        kept = {k: v for k, v in got.getheaders() if k.lower() not in {"connection", "transfer-encoding"}}
        if method != "HEAD":
            kept.pop("Content-Length", None)
        return Answer(got.status, got.read(), kept)
