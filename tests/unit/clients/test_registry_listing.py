"""A short list is never taken for a full one. The catalogs here are those of Distribution, faults and all."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.clients.registry import Reader, Target
from regsweep.clients.registry.failures import Answer as Told
from regsweep.clients.registry.listing import Listing
from regsweep.clients.registry.transport import Question, Transport
from regsweep.errors import NotARegistry, RegistryMisbehaved, RegistryUnreachable
from tests.unit.clients.conftest import Answer, Asked, Reply, Server, as_json, registry_error, serve

StartServer = Callable[..., Server]


class Distribution:
    """The catalog as 2.8 and 3.x walk it: `_layers` of a repository lies between its children, behind the digits."""

    def __init__(self, names: set[str], version: int, largest: int = 1000) -> None:
        self.names, self.version, self.largest = names, version, largest
        self.walked = sorted(names, key=lambda name: [*name.split("/"), "_"])

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.endswith("/tags/list"):
            name = asked.path.removeprefix("/v2/").removesuffix("/tags/list")
            return as_json({"tags": ["x"]}) if name in self.names else registry_error(404, "NAME_UNKNOWN")
        query = dict(asked.query)
        size, last = int(query.get("n", 100)), query.get("last", "")
        if size > self.largest:
            return registry_error(400, "PAGINATION_NUMBER_INVALID")
        return self.page(size, last)

    def page(self, size: int, last: str) -> Reply:
        if self.version == 2:
            rest = [name for name in self.walked if name.replace("/", "\0") > last.replace("/", "\0")]
        else:
            place = [*last.split("/"), "_"] if last else []
            rest = [name for name in self.walked if [*name.split("/"), "_"] > place]
        page, more = rest[:size], len(rest) >= size
        if len(rest) > size and page[-1].startswith(rest[size] + "/"):  # the next thing walked is a parent's own
            if self.version == 3:
                return Reply(hang_up=True)
            more = False
        if not more:
            return as_json({"repositories": page})
        return as_json(
            {"repositories": page}, Link=f'</v2/_catalog?last={quote(page[-1], safe="")}&n={size}>; rel="next"'
        )


class Seam:
    """What Listing asks, answered without a wire."""

    def __init__(self, answer: Answer) -> None:
        self.target = Target("http://registry.example")
        self._answer = answer

    def ask_or_hangup(self, question: Question) -> Told | None:
        parts = urlsplit(question.path)
        reply = self._answer(Asked(question.method, parts.path, parse_qsl(parts.query), {}))
        return (
            None if reply.hang_up else Told(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.body)
        )

    def ask(self, question: Question) -> Told:
        told = self.ask_or_hangup(question)
        assert told is not None
        return told


def listed(answer: Answer) -> list[str]:
    with serve(answer) as server, Reader(Target(server.url)) as reader:
        return list(reader.repositories())


TRAP = {f"a{number:02}" for number in range(99)} | {"p", "p/0x", "q", "r/s"}

both = pytest.mark.parametrize("version", [2, 3])


@both
@pytest.mark.parametrize("largest", [1000, 100, 10], ids=lambda size: f"maxentries {size}")
def test_the_trap_at_the_end_of_a_page(version: int, largest: int):
    found = listed(Distribution(TRAP, version, largest))
    assert sorted(found) == sorted(TRAP)


@both
def test_more_children_with_a_digit_than_a_page_holds(version: int):
    names = {"ci", "zz", *(f"ci/{number:04}" for number in range(2300))}
    listing = Listing(cast(Transport, Seam(Distribution(names, version))), "pull")
    assert sorted(listing.repositories()) == sorted(names)


components = st.sampled_from(["0", "1", "9z", "a", "p", "z-1"])
repositories = st.lists(components, min_size=1, max_size=3).map("/".join)


@both
@given(names=st.sets(repositories, max_size=40))
def test_every_catalog_is_listed_to_its_end(version: int, names: set[str]):
    listing = Listing(cast(Transport, Seam(Distribution(names, version, largest=10))), "pull")
    assert sorted(listing.repositories()) == sorted(names)


def test_no_repository_at_all():
    assert listed(lambda _: as_json({"repositories": None})) == []
    assert listed(lambda _: as_json({"repositories": []})) == []


def test_a_registry_that_knows_no_last_is_listed_once():
    assert listed(lambda _: as_json({"repositories": ["a", "b"]})) == ["a", "b"]


@pytest.mark.parametrize(
    "link", ["https://other.example/v2/_catalog?last=b", "//other.example/v2/_catalog", "/elsewhere"]
)
def test_a_link_to_somewhere_else_is_refused(link: str):
    with pytest.raises(RegistryMisbehaved, match="next page of another host"):
        listed(lambda _: as_json({"repositories": ["b"]}, Link=f'<{link}>; rel="next"'))


def test_a_circle_of_links_ends():
    def answer(asked: Asked) -> Reply:
        return as_json({"repositories": ["a", "b"]}, Link='</v2/_catalog?last=b>; rel="next"')

    with pytest.raises(RegistryMisbehaved, match="in a circle"):
        listed(answer)


def test_a_registry_that_always_hangs_up_is_said(no_pauses: None):
    def answer(asked: Asked) -> Reply:
        return (
            Reply(hang_up=True)
            if asked.query[-1][1] == "b" or len(asked.query) > 1
            else as_json({"repositories": ["b"]})
        )

    with pytest.raises(RegistryUnreachable, match="hangs up on the catalog after 'b'"):
        listed(answer)


def test_a_registry_that_refuses_every_size_is_said():
    with pytest.raises(RegistryMisbehaved, match=r"catalog\.maxentries"):
        listed(lambda _: registry_error(400, "PAGINATION_NUMBER_INVALID"))


def test_the_second_page_is_a_web_page():
    def answer(asked: Asked) -> Reply:
        return Reply(200, b"<html>") if len(asked.query) > 1 else as_json({"repositories": ["a"]})

    with pytest.raises(NotARegistry):
        listed(answer)


@pytest.mark.parametrize(
    "reply",
    [as_json({"tags": None}), as_json({"tags": []}), registry_error(404, "NAME_UNKNOWN")],
    ids=["null", "empty", "404"],
)
def test_a_repository_without_tags(reply: Reply, start_server: StartServer):
    server = start_server(lambda _: reply)
    with Reader(Target(server.url)) as reader:
        assert reader.tags("a") == ()


def test_tags_in_pages(start_server: StartServer):
    def answer(asked: Asked) -> Reply:
        if asked.query:
            return as_json({"tags": ["a", "b"]})
        return as_json({"tags": ["c", "b"]}, Link='</v2/a/tags/list?last=c&n=2>; rel="next"')

    server = start_server(answer)
    with Reader(Target(server.url)) as reader:
        assert reader.tags("a") == ("a", "b", "c")
    assert [asked.query for asked in server.asked] == [[], [("last", "c"), ("n", "2")]]


def test_a_registry_below_a_path(start_server: StartServer):
    def answer(asked: Asked) -> Reply:
        if asked.query:
            return as_json({"tags": ["b"]})
        return as_json({"tags": ["a"]}, Link='</registry/v2/a/tags/list?n=1>; rel="next"')

    server = start_server(answer)
    with Reader(Target(f"{server.url}/registry/")) as reader:
        assert reader.tags("a") == ("a", "b")
    assert {asked.path for asked in server.asked} == {"/registry/v2/a/tags/list"}
