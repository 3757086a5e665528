"""The catalog and the tags, to their end. A short answer is never taken for a full one.

What Distribution does at the end of a catalog page (read in its source, and measured):

- The page's last repository is `p/0x`, the last child of `p` whose name begins with a digit, and `p` is a repository
  too: 2.8 answers without a Link although there is more; 3.x hangs up without an answer.
- The page ends anywhere among such children of `p`: 2.8 leaves `p` out of the next page, because `p` sorts before
  `p/0x` and is stored after it.

So a catalog ends only where an answer to "what comes after the last name" holds nothing new; a hang-up is asked again
with pages of another size; and each `p` that may have been left out is asked for by its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from regsweep.clients.registry.failures import Answer, unexpected
from regsweep.clients.registry.transport import Question, Transport
from regsweep.errors import NotARegistry, RegistryMisbehaved, RegistryUnreachable

PAGE_SIZES = tuple(most - less for most in (1000, 100, 10) for less in range(5))
"""Asked for in this order: the most that Distribution gives by default, then less where it refuses or hangs up.

A page of one name less ends before the trap, unless that end is a trap too: five in a row would take
repositories that lie in one another five deep, each by a digit.
"""

MAXIMUM_PAGE = 64 << 20
"""Bytes: all tags of a repository come in one answer; this is room for half a million."""

MAXIMUM_NAMES = 5_000_000
_PAGES_WITHOUT_NEWS = 3

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_NEXT = re.compile(r'<([^<>]*)>\s*(?:;[^,]*)?;\s*rel="?next"?', re.IGNORECASE)


def repository_path(name: str) -> str:
    """`/v2/<name>`. Raises RegistryMisbehaved for a name that no client could pull. Source: OCI distribution spec."""
    if len(name) > 255 or not _REPOSITORY.fullmatch(name):
        raise RegistryMisbehaved(
            f"{name[:100]!r} is no name of a repository: no client can pull it, look at the storage"
        )
    return f"/v2/{name}"


def pull_scope(name: str, actions: str) -> tuple[str, ...]:
    return (f"repository:{name}:{actions}",)


class Listing:
    """The two lists of one registry. `actions` are those of the scope that a token is asked for."""

    def __init__(self, transport: Transport, actions: str) -> None:
        self._transport, self._actions = transport, actions
        self._root = transport.target.root

    def repositories(self) -> Iterator[str]:
        """Every name once, as the registry gives them. Raises RegistryMisbehaved where the end cannot be reached."""
        seen: set[str] = set()
        boundaries: list[str] = []
        for page in self._catalog():
            fresh = [name for name in dict.fromkeys(page) if name not in seen]
            seen.update(fresh)
            boundaries += page[-1:]
            yield from fresh
            self._bounded(len(seen))
        skipped = dict.fromkeys(parent for name in boundaries for parent in _stored_after(name))
        yield from (name for name in skipped if name not in seen and self.tags(name))

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags, sorted. A repository that is empty, or not there, has none.

        Asked without `n`: 3.0 may skip a tag at the end of a page, and without `n` all versions give all tags at once.
        """
        url: str | None = f"{repository_path(repository)}/tags/list"
        seen: dict[str, None] = {}
        asked: set[str] = set()
        while url and url not in asked:
            asked.add(url)
            what = f"listing the tags of {repository}"
            scope = pull_scope(repository, self._actions)
            answer = self._transport.ask(Question("GET", url, what, scope, limit=MAXIMUM_PAGE))
            if answer.status == 404 and "NAME_UNKNOWN" in answer.codes():
                return ()
            seen.update(dict.fromkeys(self._names(answer, "tags", what)))
            self._bounded(len(seen))
            url = self._next(answer, what)
        return tuple(sorted(seen))

    def _catalog(self) -> Iterator[list[str]]:
        """Pages, until one that was asked for past the last name brings nothing new."""
        sizes: tuple[int, ...] = PAGE_SIZES
        seen: set[str] = set()
        url: str | None = None
        last, stale = "", 0
        while True:
            answer, sizes = self._page(url, last, sizes)
            page = self._names(answer, "repositories", "listing the catalog")
            news = set(page) - seen
            seen |= news
            yield page
            url = self._next(answer, "listing the catalog")
            stale = 0 if news else stale + 1
            if (stale and (url is None or not page)) or stale > _PAGES_WITHOUT_NEWS:
                break
            last = page[-1] if page else last
        if url is not None and stale > _PAGES_WITHOUT_NEWS:
            raise RegistryMisbehaved(
                f"{self._root}: the catalog goes round in a circle after {last!r}; look for a proxy between"
            )

    def _page(self, url: str | None, last: str, sizes: tuple[int, ...]) -> tuple[Answer, tuple[int, ...]]:
        """One page, and the sizes that this registry does not refuse."""
        for size in sizes:
            path = _resized(url, last, size)
            answer = self._transport.ask_or_hangup(
                Question("GET", path, "listing the catalog", ("registry:catalog:*",), limit=MAXIMUM_PAGE, once=True)
            )
            if answer is None:
                continue
            if answer.status != 400 or "PAGINATION_NUMBER_INVALID" not in answer.codes():
                return answer, sizes
            sizes = tuple(smaller for smaller in sizes if smaller < size)
        after = f" after {last!r}" if last else ""
        if not sizes:
            raise RegistryMisbehaved(
                f"{self._root}: the catalog refuses even {PAGE_SIZES[-1]} names a page: "
                "raise catalog.maxentries of the registry"
            )
        raise RegistryUnreachable(
            f"{self._root}: the registry hangs up on the catalog{after}, whatever the size of the page: look at its log"
        )

    def _names(self, answer: Answer, field: str, what: str) -> list[str]:
        if answer.status != 200:
            raise unexpected(answer, what, self._root)
        try:
            document: Any = json.loads(answer.body)
        except (ValueError, RecursionError):
            if answer.is_html():
                raise NotARegistry(
                    f"{self._root}: {what} gave a web page: something else than the registry answers; check the url"
                ) from None
            raise RegistryMisbehaved(
                f"{self._root}: {what} gave half a page or no JSON; look for a proxy between"
            ) from None
        names = document.get(field, ...) if isinstance(document, dict) else ...
        if names is None:
            return []
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise RegistryMisbehaved(f"{self._root}: {what} gave JSON without a list of {field}; is this a registry?")
        return names

    def _next(self, answer: Answer, what: str) -> str | None:
        """The path of the next page, on this registry alone. Source: OCI distribution spec, RFC 8288."""
        found = _NEXT.search(answer.headers.get("link", ""))
        if found is None:
            return None
        here = urlsplit(self._root)
        there = urlsplit(urljoin(f"{self._root}/v2/", found.group(1)))
        if there.hostname != here.hostname or not there.path.startswith(f"{here.path}/v2/"):
            raise RegistryMisbehaved(
                f"{self._root}: {what} links to {there.scheme}://{there.netloc}: the next page of another host is "
                "not taken; "
                "correct http.host of the registry or the proxy between"
            )
        path = there.path[len(here.path) :]
        return f"{path}?{there.query}" if there.query else path

    def _bounded(self, names: int) -> None:
        if names > MAXIMUM_NAMES:
            raise RegistryMisbehaved(f"{self._root}: a list of more than {MAXIMUM_NAMES} names is not believed")


def _resized(url: str | None, last: str, size: int) -> str:
    """The next page with `size` names: the Link's where there is one, else what comes after `last`."""
    if url is None:
        return f"/v2/_catalog?n={size}" + (f"&last={quote(last, safe='')}" if last else "")
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != "n"]
    return f"{parts.path}?{urlencode([*query, ('n', str(size))])}"


def _stored_after(name: str) -> Iterator[str]:
    """The parents of `name` that a registry on a file system walks after it: `_layers` sorts behind a digit."""
    parts = name.split("/")
    for depth in range(1, len(parts)):
        if parts[depth][:1].isdigit():
            yield "/".join(parts[:depth])
