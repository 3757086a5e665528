"""Redis' protocol, RESP2, as bytes: commands out, replies in. Only what a few commands to one server take.

Source: the Redis serialization protocol specification. Replies that a limit or a broken connection cut short are told
from whole ones: `replies` stops at the first that is not whole.
"""

from __future__ import annotations

from typing import TypeAlias

Reply: TypeAlias = "bytes | int | ErrorReply | list[Reply] | None"
_MAXIMUM_DEPTH = 4


class ErrorReply(str):
    """What the server says where it refuses a command, as `NOAUTH Authentication required.`"""

    __slots__ = ()


class _Cut(Exception):
    """The bytes end in the middle of a reply."""


def command(*words: str) -> bytes:
    """One command as an array of bulk strings."""
    encoded = [word.encode() for word in words]
    return b"".join([b"*%d\r\n" % len(encoded), *(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)])


def replies(content: bytes) -> list[Reply]:
    """Every whole reply at the beginning of `content`. Raises ValueError where it is not the protocol."""
    found: list[Reply] = []
    place = 0
    while place < len(content):
        try:
            reply, place = _reply(content, place, 0)
        except _Cut:
            break
        found.append(reply)
    return found


def _reply(content: bytes, start: int, depth: int) -> tuple[Reply, int]:
    end = content.find(b"\r\n", start)
    if end < 0:
        raise _Cut
    kind, text, after = content[start : start + 1], content[start + 1 : end], end + 2
    match kind:
        case b"+":
            return text, after
        case b"-":
            return ErrorReply(text.decode("utf-8", "replace")), after
        case b":":
            return int(text), after
        case b"$":
            return _bulk(content, int(text), after)
        case b"*" if depth < _MAXIMUM_DEPTH:
            return _array(content, int(text), after, depth)
        case _:
            raise ValueError("not a reply of Redis")


def _bulk(content: bytes, size: int, start: int) -> tuple[Reply, int]:
    if size < 0:
        return None, start
    if len(content) < start + size + 2:
        raise _Cut
    return content[start : start + size], start + size + 2


def _array(content: bytes, size: int, start: int, depth: int) -> tuple[Reply, int]:
    if size < 0:
        return None, start
    items: list[Reply] = []
    for _ in range(size):
        item, start = _reply(content, start, depth + 1)
        items.append(item)
    return items, start
