"""A registry's log: which PUT and DELETE of a manifest it completed, and when. Pure: text becomes values.

Distribution 2.8 and 3.x write two lines for a request. One, of level info, knows when the request ended and what it
took; as text, or as JSON. The other, in the form of Apache's combined log, knows the second in which it began, and
stands in where the level is above info. What a line says of a client beside that is not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import unquote


class Method(StrEnum):
    PUT = "PUT"
    DELETE = "DELETE"


class Form(StrEnum):
    """Of a line: with a duration, of a request that failed (there at every level), of the access log."""

    COMPLETED = "completed"
    FAILED = "failed"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class ManifestRequest:
    """`reference` is a tag or a digest. It did not begin before `began`, and not end after `ended`: by the clock of
    `node`, the machine on which that registry runs.
    """

    method: Method
    repository: str
    reference: str
    began: datetime
    ended: datetime
    status: int
    node: str = ""

    @property
    def of_tag(self) -> bool:
        return ":" not in self.reference


@dataclass(slots=True)
class RequestLog:
    """The requests of one registry, as its log tells them line by line; of `repositories` alone. Where there are more
    than `most`, none: half of them prove nothing.
    """

    node: str
    repositories: AbstractSet[str]
    most: int = 100_000
    _found: dict[Form, list[ManifestRequest]] = field(default_factory=lambda: {form: [] for form in Form})

    def take(self, line: str, written: datetime) -> None:
        """`written` is when the line came into the log."""
        found = request_of(line, written, self.node)
        if found is None or found[1].repository not in self.repositories:
            return
        form, request = found
        if len(self._found[form]) <= self.most:
            self._found[form].append(request)

    def requests(self) -> Sequence[ManifestRequest]:
        """Each once: of the access log where there is nothing better."""
        completed = self._found[Form.COMPLETED]
        if any(len(found) > self.most for found in self._found.values()):
            return []
        return [*completed, *self._found[Form.FAILED]] if completed else self._found[Form.ACCESS]


def request_of(line: str, written: datetime, node: str = "") -> tuple[Form, ManifestRequest] | None:
    """What one line tells; None for every other line. `written` is when it came into the log."""
    if "/manifests/" not in line or not any(method in line for method in Method):
        return None
    found = _accessed(line, written) or _completed(line)
    if found is None or found.method not in set(Method) or not (place := _URI.search(found.uri)):
        return None
    repository, reference = unquote(place["repository"]), unquote(place["reference"])
    return found.form, ManifestRequest(
        Method(found.method), repository, reference, found.began, found.ended, found.status, node
    )


@dataclass(frozen=True, slots=True)
class _Line:
    form: Form
    method: str
    uri: str
    began: datetime
    ended: datetime
    status: int


def _accessed(line: str, written: datetime) -> _Line | None:
    found = _ACCESS.search(line)
    began = _clf_time(found["time"]) if found else None
    if found is None or began is None:
        return None
    return _Line(Form.ACCESS, found["method"], found["uri"], began, max(began, written), int(found["status"]))


def _completed(line: str) -> _Line | None:
    fields = dict(_fields(line))
    form = _FORMS.get(fields.get("msg") or fields.get("message") or "")
    ended = _time(fields.get("time") or fields.get("@timestamp") or "")
    took, status = _duration(fields.get("http.response.duration", "")), fields.get("http.response.status", "")
    if form is None or ended is None or took is None or not status.isdecimal():
        return None
    method, uri = fields.get("http.request.method", ""), fields.get("http.request.uri", "")
    return _Line(form, method, uri, ended - took, ended, int(status))


_FORMS = {"response completed": Form.COMPLETED, "response completed with error": Form.FAILED}
_ACCESS = re.compile(
    r'\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(?P<method>[A-Z]+) (?P<uri>\S+) HTTP/[\d.]+" '
    r"(?P<status>\d{3}) "
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_URI = re.compile(r"/v2/(?P<repository>[^?]+)/manifests/(?P<reference>[^/?]+)(?:\?.*)?")
_FIELD = re.compile(r'(?P<key>[\w.@-]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\S*))')
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def _fields(line: str) -> Iterator[tuple[str, str]]:
    """Of a line as JSON, or as logrus writes text."""
    if line.lstrip().startswith("{"):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            return
        yield from ((str(key), str(value)) for key, value in document.items())
        return
    for found in _FIELD.finditer(line):
        quoted = found["quoted"]
        yield found["key"], found["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def _time(text: str) -> datetime | None:
    """RFC 3339; to the microsecond, downwards."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _clf_time(text: str) -> datetime | None:
    """As `27/Nov/2026:08:47:49 +0000`, in English whatever the locale."""
    try:
        month = _MONTHS.index(text[3:6]) + 1
        return _time(f"{text[7:11]}-{month:02}-{text[:2]}T{text[12:20]}{text[21:24]}:{text[24:26]}")
    except ValueError:
        return None


def _duration(text: str) -> timedelta | None:
    """As Go writes it: `796.354µs`, `1m2.5s`. Rounded up to the next millisecond, so that no beginning is too late."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return timedelta(milliseconds=int(seconds * 1000) + 1)
