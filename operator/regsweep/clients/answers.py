"""Answers of the Kubernetes API: bytes become objects, pages of a list, or one of our errors. Each has a limit.

No message holds a credential: the API server's own words name users, objects and rights.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, TypeAlias

import urllib3.exceptions

from regsweep.clients.kinds import Kind
from regsweep.errors import ClusterConflict, ClusterDenied, ClusterError, ClusterNotFound, ClusterUnreachable

Object: TypeAlias = dict[str, Any]
"""A Kubernetes object as its JSON says it."""

MAXIMUM_ANSWER_BYTES = 64 << 20
MAXIMUM_PAGE_BYTES = 16 << 20
"""Of a page of a list: parsed, it takes several times as much. A larger one is asked for in smaller pieces."""
MAXIMUM_ANSWER_SECONDS = 180.0
"""For all of an answer: one that trickles is none."""
MAXIMUM_MESSAGE = 1000
_CHUNK = 256 << 10


class Gone(ClusterError):
    """410: the continue token of a list is too old."""


class TooLarge(ClusterError):
    """An answer of more bytes than are taken."""


def error_of(status: int, content: bytes, request: str) -> ClusterError:
    """Our error for an answer of the Kubernetes API that is not a success: the one place where theirs become
    ours."""
    try:
        said = json.loads(content).get("message")
    except (ValueError, AttributeError, RecursionError):
        said = None
    words = str(said or f"HTTP status {status}")[:MAXIMUM_MESSAGE]
    return _ERRORS.get(status, ClusterUnreachable if status >= 500 else ClusterError)(f"{request}: {words}")


def content_of(answer: urllib3.BaseHTTPResponse, request: str, most: int | None = None) -> bytes:
    """All of it, at most `most` bytes; the connection is good for the next request, or closed."""
    most = most or MAXIMUM_ANSWER_BYTES
    end = time.monotonic() + MAXIMUM_ANSWER_SECONDS
    parts, size = [], 0
    try:
        while chunk := answer.read1(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > most:
                raise TooLarge(f"{request}: the answer is larger than {most} bytes")
            if time.monotonic() > end:
                raise ClusterUnreachable(f"{request}: the answer takes longer than {MAXIMUM_ANSWER_SECONDS:.0f} s")
        if answer.length_remaining:
            raise urllib3.exceptions.ProtocolError("the answer is cut")
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return b"".join(parts)


def page_of(found: Object, kind: Kind) -> tuple[Sequence[Object], str]:
    """The objects and the token of the next page. What is no list, or half of one, must not pass for an empty one."""
    items, meta = found.get("items", ""), found.get("metadata")
    objects = [] if items is None else items
    token = meta.get("continue") or "" if isinstance(meta, dict) else None
    whole = isinstance(objects, list) and isinstance(token, str) and all(map(_is_object, objects))
    if not whole:
        raise ClusterError(f"the list of {kind.plural} is malformed: is {kind.path()} what the Kubernetes API serves?")
    return objects, str(token)


def _is_object(item: Any) -> bool:
    meta = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(meta, dict) and isinstance(meta.get("name"), str)


def object_of(content: bytes, request: str) -> Object:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise ClusterError(f"{request}: the Kubernetes API answered with something that is not a JSON object")
    return parsed


_ERRORS: dict[int, type[ClusterError]] = {
    401: ClusterDenied,
    403: ClusterDenied,
    404: ClusterNotFound,
    409: ClusterConflict,
    410: Gone,
    429: ClusterUnreachable,
}
