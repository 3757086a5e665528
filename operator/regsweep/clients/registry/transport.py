"""One question, one whole answer: login, rate, time and size limits, redirects. Knows nothing of repositories.

Credentials go to the registry's own scheme, host and port alone. A redirect is followed where the caller allows it
(blobs in object storage), never from https to http, and without them.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, ProtocolError

from regsweep.clients.login import Login, Scope
from regsweep.clients.registry.connections import ONCE, PATIENT, Connections
from regsweep.clients.registry.failures import Answer, dropped, failed
from regsweep.clients.registry.target import Target
from regsweep.errors import RegistryMisbehaved, RegistryUnreachable

SMALL = 1 << 20
"""Bytes: the limit of answers that hold little, such as errors, tokens and `/v2/`."""

_READS = 3
_REDIRECTS = 3
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_CHUNK = 64 << 10


@dataclass(frozen=True, slots=True)
class Question:
    """One request. `path` begins with `/v2/`; `what` names it in errors, as `listing the tags of team/app`.

    `limit` is the most bytes of a body that are taken. `once` is for what must not be repeated blindly.
    `read_timeout` is another than the target's, in seconds. `body` is sent as `content_type`.
    """

    method: str
    path: str
    what: str
    scope: Scope = ()
    accept: str = ""
    limit: int = SMALL
    redirects: bool = False
    once: bool = False
    read_timeout: float | None = None
    byte_range: str = ""
    body: bytes | None = field(default=None, repr=False)
    content_type: str = ""


class Transport:
    """Thread-safe. Close it to give its connections back."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._connections = Connections(target)
        self._login = Login(target.root, target.credentials, self._ask_for_token)
        self._pace = _Pace(target.requests_per_second)
        self._home = urlsplit(target.url)[:2]

    def close(self) -> None:
        self._connections.close()

    def ask(self, question: Question) -> Answer:
        """The answer, whatever its status but 401 and, where allowed, a redirect.

        Raises RegistryUnreachable, RegistryDenied, NotARegistry, RegistryMisbehaved.
        """
        answer = self.ask_or_hangup(question)
        if answer is None:
            raise RegistryUnreachable(
                f"{self.target.root}: {question.what} failed: the connection was closed without a whole answer; "
                "look at the registry's log"
            )
        return answer

    def ask_or_hangup(self, question: Question) -> Answer | None:
        """As `ask`, and None where the registry hung up without a whole answer."""
        url = self.target.root + question.path
        sent = self._login.header(question.scope)
        answer, at_home = self._attempt(question, url, sent)
        if answer is not None and answer.status == 401 and at_home:
            sent = self._login.answer(answer.headers.get("www-authenticate", ""), question.scope, sent)
            answer, _ = self._attempt(question, url, sent)
        return answer

    def _attempt(self, question: Question, url: str, authorization: str | None) -> tuple[Answer | None, bool]:
        """The answer, and whether the registry itself gave it: the challenge of another host is no challenge."""
        at_home = True
        for _ in range(1 + _REDIRECTS):
            answer = self._whole(question, url, authorization if at_home else None)
            if answer is None or not (question.redirects and answer.status in _REDIRECT):
                return answer, at_home
            url = self._redirected(url, answer, question)
            at_home = at_home and urlsplit(url)[:2] == self._home
        raise RegistryMisbehaved(f"{self.target.root}: {question.what} was redirected more than {_REDIRECTS} times")

    def _redirected(self, url: str, answer: Answer, question: Question) -> str:
        target = urljoin(url, answer.headers.get("location", ""))
        parts = urlsplit(target)
        if parts.scheme not in {"http", "https"} or (url.startswith("https:") and parts.scheme == "http"):
            raise RegistryMisbehaved(
                f"{self.target.root}: {question.what} was redirected to where no TLS is; correct the storage's redirect"
            )
        return target

    def _whole(self, question: Question, url: str, authorization: str | None) -> Answer | None:
        """The answer with its body. A body that breaks off is asked for again, where that is harmless."""
        headers = self._headers(question, authorization)
        for left in range(0 if question.once else _READS - 1, -1, -1):
            self._pace.wait()
            retry = ONCE if question.once else PATIENT
            try:
                response = self._connections.open(
                    question.method, url, headers, retry, read=question.read_timeout, body=question.body
                )
            except HTTPError as error:
                if dropped(error):
                    return None
                raise failed(error, question.what, self.target.root) from None
            try:
                return self._read(response, question)
            except HTTPError as error:
                if not dropped(error):
                    raise failed(error, question.what, self.target.root) from None
                if not left:
                    break
        raise self._misbehaved(question, "is cut")

    def _headers(self, question: Question, authorization: str | None) -> dict[str, str]:
        wanted = {
            "User-Agent": self.target.user_agent,
            "Accept-Encoding": "identity",
            "Accept": question.accept,
            "Range": question.byte_range,
            "Content-Type": question.content_type,
            "Authorization": authorization,
        }
        return {name: value for name, value in wanted.items() if value}

    def _read(self, response: BaseHTTPResponse, question: Question) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if question.method == "HEAD":
            response.drain_conn()
            return Answer(response.status, MappingProxyType(headers))
        limit = question.limit if response.status == 200 else SMALL
        try:
            body = self._body(response, limit, question)
        except BaseException:
            response.close()  # the rest of its body would be taken for the next answer
            raise
        response.release_conn()
        return Answer(response.status, headers, body)

    def _body(self, response: BaseHTTPResponse, limit: int, question: Question) -> bytes:
        """All of it, in the time of one read: a body that trickles is no answer."""
        end = time.monotonic() + (question.read_timeout or self.target.timeout[1])
        parts, size = [], 0
        while chunk := response.read1(_CHUNK, decode_content=False):
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                raise self._misbehaved(question, f"is larger than {limit} bytes, the most that is taken")
            if time.monotonic() > end:
                raise RegistryUnreachable(
                    f"{self.target.root}: {question.what}: the answer came too slowly; is the registry overloaded?"
                )
        if response.length_remaining:
            raise ProtocolError("body cut")
        return b"".join(parts)

    def _misbehaved(self, question: Question, fault: str) -> RegistryMisbehaved:
        return RegistryMisbehaved(f"{self.target.root}: {question.what}: the answer {fault}; look for a proxy between")

    def _ask_for_token(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        parts = urlsplit(url)
        question = Question("GET", "", f"getting a token at {parts.scheme}://{parts.netloc}")
        headers = {"User-Agent": self.target.user_agent, "Accept-Encoding": "identity", **headers}
        try:
            answer = self._read(self._connections.open("GET", url, headers, PATIENT), question)
        except HTTPError as error:
            raise failed(error, question.what, f"{parts.scheme}://{parts.netloc}") from None
        return answer.status, answer.body


class _Pace:
    """At most so many questions a second, evenly spaced. 0 is no limit."""

    def __init__(self, per_second: int) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        if not self._gap:
            return
        with self._lock:
            now = time.monotonic()
            pause = max(0.0, self._next - now)
            self._next = max(self._next, now) + self._gap
        if pause:
            time.sleep(pause)
