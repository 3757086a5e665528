"""S4, from the words in an object to the plan: what is used, however it is written, is in no plan (S5: nor what is in
doubt), and more users never delete more.
"""

from __future__ import annotations

import dataclasses
import string
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from regsweep.api.policy import RegistrySpec
from regsweep.core.addresses import addresses_of
from regsweep.core.doubt import doubt_about
from regsweep.core.inuse import Use, User
from regsweep.core.reference import MalformedReference, Reference, parse_reference
from regsweep.core.users import users_of
from tests.property.engine import condemned, visible
from tests.property.strategies import Case, make_case

OWN = addresses_of(
    RegistrySpec.model_validate(
        {"url": "http://registry.infra.svc:5000", "aliases": ["r.example.com", "m.example.com/p", "hub.io=team"]}
    ),
    ["10.96.0.10:5000", "*:30500"],
)
USER = User("Pod", "shop", "web-1", "web")
HOSTS = (
    "registry.infra.svc:5000", "registry:5000", "Registry.infra:5000", "registry.infra.svc.cluster.local:5000",
    "r.example.com", "R.EXAMPLE.COM:443", "m.example.com/p", "10.96.0.10:5000", "node-7:30500", "[fd00::7]:30500",
)  # fmt: skip


@st.composite
def host(draw: st.DrawFn) -> str:
    name = ".".join(draw(st.lists(labels, min_size=2, max_size=4)))
    return (name.upper() if draw(st.booleans()) else name) + draw(st.sampled_from(["", ":5000", ":443"]))


@st.composite
def path(draw: st.DrawFn) -> str:
    parts = draw(
        st.lists(st.tuples(labels, st.sampled_from(["", ".", "_", "__", "-", "--"]), labels), min_size=1, max_size=4)
    )
    return "/".join("".join(part) for part in parts)


@st.composite
def ending(draw: st.DrawFn) -> str:
    tag, digest = draw(st.one_of(st.just(""), tags)), draw(st.one_of(st.just(""), digests))
    return (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


labels = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:".__add__)
written = st.tuples(st.one_of(st.just(""), host().map("{}/".format)), path(), ending()).map("".join)
soup = st.text(st.one_of(st.sampled_from(":/@.[]-_ $(){}%\t\n'\"aAzZ09"), st.characters()), max_size=60)
anything = st.one_of(soup, written, st.tuples(written, soup).map("".join), st.tuples(soup, written).map("".join))


@given(text=anything)
def test_a_text_is_one_reference_or_none(text: str):
    try:
        reference = parse_reference(text)
    except MalformedReference:
        doubt_about(text).may_mean("team/app", OWN)
        return
    assert parse_reference(str(reference)) == reference
    assert parse_reference(f"  docker-pullable://{reference}\n") == reference
    assert reference.tag is not None or reference.digest is not None
    OWN.repositories(reference)


@given(host=host(), path=path(), end=ending())
def test_what_the_grammar_makes_is_read(host: str, path: str, end: str):
    reference = parse_reference(f"{host}/{path}{end}")
    tag, _, digest = end.partition("@")
    assert (reference.host, reference.path) == (host.lower(), path)
    assert reference.tag == (tag[1:] or (None if digest else "latest"))
    assert reference.digest == (digest or None)


@given(host=st.sampled_from(HOSTS), path=path())
def test_a_repository_is_found_under_every_name(host: str, path: str):
    assert path in OWN.repositories(parse_reference(f"{host}/{path}"))


@given(host=host(), path=path())
def test_a_registry_of_another_name_is_another(host: str, path: str):
    assert OWN.repositories(Reference(f"x{host.lower()}", path)) == ()


@given(
    path=path(),
    start=st.integers(0, 60),
    length=st.integers(1, 20),
    junk=st.sampled_from(["${X}", "$X", "{{ x }}", " ", "?", "\N{BULLET}"]),
)
def test_whatever_is_unreadable_what_was_meant_is_in_doubt(path: str, start: int, length: int, junk: str):
    """Any part of a reference is replaced by what cannot be read."""
    whole = f"r.example.com/{path}:1"
    start = min(start, len(whole) - 1)
    text = whole[:start] + junk + whole[start + length :]
    assume(text == text.strip())
    try:
        parse_reference(text)
    except MalformedReference:
        assert doubt_about(text).may_mean(path, OWN), text


def references(case: Case, rng: Random, count: int) -> list[str]:
    """Images of the case's registry, each written in some way: by tag, by digest, by both, as an image ID, with which
    its container always says where it comes from."""
    tagged = [(name, tag, target) for name, room in case.world.rooms.items() for tag, target in room.tags.items()]
    placed = [(name, digest) for name, room in case.world.rooms.items() for digest in sorted(room.revisions)]
    found = []
    for _ in range(count):
        host = rng.choice(HOSTS)
        if tagged and rng.random() < 0.5:
            name, tag, target = rng.choice(tagged)
            found.append(f"{host}/{name}:{tag}" + (f"@{target}" if target and rng.random() < 0.3 else ""))
        elif placed:
            name, digest = rng.choice(placed)
            config = case.world.document(digest).get("config", {}).get("digest", digest)
            ids = [f"{host}/{name}@{digest}", f"docker-pullable://else.io/x@{digest}", digest, config]
            found += [rng.choice(ids), f"{host}/{name}:as-its-container-names-it"]
    return found


def using(case: Case, texts: list[str]) -> Case:
    return dataclasses.replace(case, in_use=users_of([Use(text, USER) for text in texts], OWN).in_use())


numbers, sizes = st.integers(0, 2**40), st.sampled_from([5, 8, 12])
seeds, counts = st.integers(0, 2**32), st.integers(1, 4)


@given(number=numbers, size=sizes, seed=seeds, count=counts)
def test_what_is_used_is_in_no_plan(number: int, size: int, seed: int, count: int):
    case = make_case(number, size)
    texts = references(case, Random(seed), count)
    used = using(case, texts)
    gone, world = condemned(used), visible(used)
    for text in texts:
        for name, digest in meant(case, parse_reference(text)):
            assert not {(name, part) for part in world.needs(name, digest)} & gone, text


def meant(case: Case, reference: Reference) -> set[tuple[str, str]]:
    """Each manifest that is used, by a second reading of what the reference says."""
    found = set()
    for name, room in case.world.rooms.items():
        named = name in OWN.repositories(reference)
        for digest in room.revisions:
            config = case.world.document(digest).get("config", {}).get("digest")
            by_tag = named and reference.tag is not None and room.tags.get(reference.tag) == digest
            if by_tag or (reference.digest is not None and reference.digest in (digest, config)):
                found.add((name, digest))
    return found


@given(number=numbers, size=sizes, seed=seeds, count=counts)
def test_more_users_never_delete_more(number: int, size: int, seed: int, count: int):
    case = make_case(number, size)
    texts = references(case, Random(seed), count)
    fewer, more = condemned(using(case, texts[: seed % len(texts)] if texts else [])), condemned(using(case, texts))
    assert more <= fewer <= condemned(using(case, []))


@given(number=numbers, size=sizes, junk=st.sampled_from(["${X}", ":", ":a b", "@sha256:1", ":$(x)@y"]))
def test_nothing_goes_where_a_text_is_in_doubt(number: int, size: int, junk: str):
    case = make_case(number, size)
    name = min(case.world.rooms)
    assert all(place[0] != name for place in condemned(using(case, [f"r.example.com/{name}{junk}"])))
