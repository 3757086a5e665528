"""A text that should name an image and does not: which repositories it could mean. Nothing is deleted in those (S5).

Between the first and the last part that cannot be read, anything may have been meant. What stands before and after it
has to be there, so that one broken text does not stop the cleaning of a whole registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from regsweep.core.addresses import ANY_HOST, Address, Addresses
from regsweep.core.reference import (
    DOCKER_HUB,
    MAXIMUM_LENGTH,
    MalformedReference,
    parse_host,
    split_host,
    split_tag,
    trimmed,
)

_SHOWN = 200
_UNREADABLE = re.compile(r"[$%][A-Za-z0-9_]*|[^A-Za-z0-9._:/@\[\]-]")
"""A variable's name, or a character that no reference has."""
_NAME_AND_REST = re.compile(r"(.*/[A-Za-z0-9._-]+)[:@][^/]*", re.DOTALL)
_PORT = re.compile(r":[0-9]+(?=/)")
_LOGIN = re.compile(r"[^/\s]*:[^/\s]*@(?=[^/\s]*/)")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is certain of a text: how it begins, how it ends, and whether anything is unreadable between.

    `shown` is the text for a person, cut, and without what looks like a password.
    """

    shown: str
    beginnings: tuple[str, ...]
    ending: str
    open: bool

    def may_mean(self, repository: str, addresses: Addresses) -> bool:
        """Whether the text could have been meant for `repository` of the registry at `addresses`."""
        return any(
            self._fits(f"{host}/{path}", any_port=not address.port)
            for address in addresses.spellings()
            for path in address.paths(repository)
            for host in self._hosts(address)
        )

    def _hosts(self, address: Address) -> Iterator[str]:
        if address.host == ANY_HOST:
            yield f"{self.beginnings[0].partition(':')[0].partition('/')[0]}:{address.port}"
            return
        yield f"{address.host}:{address.port}" if address.port else address.host
        if address.port in ("80", "443"):
            yield address.host

    def _fits(self, written: str, *, any_port: bool) -> bool:
        ending = _PORT.sub("", self.ending, count=1) if any_port else self.ending
        for beginning in self.beginnings:
            start = _PORT.sub("", beginning, count=1) if any_port else beginning
            if not self.open:
                if written == start:
                    return True
            elif written.startswith(start) and written.endswith(ending) and len(written) >= len(start + ending):
                return True
        return False


def doubt_about(text: str) -> Doubt:
    """What a text that `parse_reference` refuses leaves open."""
    shown = _LOGIN.sub("***@", text.strip())
    whole = trimmed(text)
    if len(whole) > MAXIMUM_LENGTH:
        return Doubt(f"{shown[:_SHOWN]}...", ("",), "", open=True)
    name = re.sub("//+", "/", _without_tag(whole)).lower()
    parts = list(_UNREADABLE.finditer(name))
    start, end = (parts[0].start(), parts[-1].end()) if parts else (len(name), len(name))
    cut = "..." if len(shown) > _SHOWN else ""
    is_open = bool(parts) or not name[-1:].isalnum()
    ending = _ending(name[end:]) if _is_closed(name) else ""
    return Doubt(shown[:_SHOWN] + cut, tuple(dict.fromkeys(_beginnings(name[:start]))), ending, is_open)


def _without_tag(text: str) -> str:
    """The name alone, where it is certain where it ends: not within an expression that is still open."""
    found = _NAME_AND_REST.fullmatch(text)
    if found is None:
        return text
    return found[1] if _is_closed(found[1]) else text


def _ending(text: str) -> str:
    """How the path ends. Without slash and tag, it may as well be the end of a tag that begins unreadably."""
    name, tag = split_tag(text.partition("@")[0])
    return name if tag is not None or "/" in name else ""


def _is_closed(text: str) -> bool:
    return all(text.count(left) == text.count(right) for left, right in ("{}", "()", "<>"))


def _beginnings(text: str) -> Iterator[str]:
    """As it is written, and with the host that a name without one has."""
    yield text
    if "/" in text:
        host, path = split_host(text)
        try:
            yield f"{parse_host(host)}/{path}"
        except MalformedReference:
            return
    elif not set(text) & set(".:[") and text:
        yield f"{DOCKER_HUB}/{text}"
        yield f"{DOCKER_HUB}/library/{text}"
