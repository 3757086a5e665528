"""Registries, policies and workloads as Hypothesis makes them: few names, many coincidences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from regsweep.api.policy import PolicySpec
from regsweep.core.inventory import InUse
from tests.property.model import Room, World

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
UNKNOWN = "application/vnd.example.thing.v1+json"

REPOSITORIES = ("team/app", "team/web", "base/os")
TAGS = (
    "latest", "stable", "main", "pr-1", "pr-9", "pr-10", "v1.0.0", "1.0.0", "v1.2.0", "v1.10.0", "v2.0.0-rc.1",
    "v2.0.0-rc.10", "v2.0.0", "main-0123abc", "main-89abcde", "dev-0123abc", "20240101", "7",
)  # fmt: skip

Draw = Callable[[st.SearchStrategy[Any]], Any]


def sha(text: str | bytes) -> str:
    return "sha256:" + hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


ages = st.one_of(
    st.sampled_from([timedelta(minutes=5), timedelta(days=2), timedelta(days=9), timedelta(days=40)]),
    st.timedeltas(timedelta(0), timedelta(days=400)),
)


@st.composite
def created_texts(draw: Draw) -> tuple[str | None, datetime | None]:
    """A date as a config holds it, and what it means."""
    useless = [None, "", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1980-01-01T00:00:01Z", "yesterday"]
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from([*useless, "2999-01-01T00:00:00Z"])), None
    moment = NOW - draw(ages)
    zone = timezone(timedelta(minutes=draw(st.sampled_from([0, 0, 330, -480, 840]))))
    fraction = f".{moment.microsecond:06d}123"
    offset = moment.astimezone(zone).strftime("%z")
    offset = "Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}"
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S") + fraction + offset, moment


def put(world: World, room: Room, document: dict[str, Any], pushed: datetime) -> str:
    body = json.dumps(document).encode()
    digest = sha(body)
    world.documents[digest] = body
    world.blobs[digest] = len(body)
    room.revisions.add(digest)
    room.pushed[digest] = pushed
    return digest


def descriptor(world: World, media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


@st.composite
def worlds(draw: Draw) -> World:
    world = World()
    layers = [sha(f"layer {number}") for number in range(6)]
    for name in draw(st.lists(st.sampled_from(REPOSITORIES), min_size=1, max_size=3, unique=True)):
        room = world.rooms[name] = Room()
        made: list[str] = []
        for _ in range(draw(st.integers(1, 9))):
            make = draw(st.sampled_from([image, image, image, image, index, index, referrer, unknown]))
            digest = make(draw, world, room, made, layers)
            if digest not in made:
                made.append(digest)
        tag(draw, room, made)
    return world


def tag(draw: Draw, room: Room, made: list[str]) -> None:
    plain = st.dictionaries(st.sampled_from(TAGS), st.sampled_from([*made, *made, *made, None]), max_size=10)
    room.tags.update(draw(plain))
    subjects = st.sampled_from([*made, sha("a digest that is not there")])
    forms = st.sampled_from(["sha256-{}", "sha256-{}.sig", "sha256-{}.att", "cosign-sha256-{}.sbom"])
    for subject, form, target in draw(st.lists(st.tuples(subjects, forms, st.sampled_from(made)), max_size=4)):
        room.tags[form.format(subject[7:])] = target
    for name in room.tags:
        room.tag_pushed[name] = NOW - draw(ages)


def image(draw: Draw, world: World, room: Room, made: list[str], layers: list[str], **more: Any) -> str:
    config = sha(f"config {draw(st.integers(0, 12))}")
    used = draw(st.lists(st.sampled_from(layers), max_size=3, unique=True))
    for blob in [config, *used]:
        world.blobs[blob] = 1000 + int(blob[7:11], 16)
    if config not in world.texts:
        world.texts[config], world.dates[config] = draw(created_texts())
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": descriptor(world, CONFIG, config, world.blobs[config]),
        "layers": [descriptor(world, LAYER, layer, world.blobs[layer]) for layer in used],
        **more,
    }
    return put(world, room, document, NOW - draw(ages))


def referrer(draw: Draw, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    subject = draw(st.sampled_from([*made, sha("a digest that is not there")]))
    return image(draw, world, room, made, layers, subject=descriptor(world, IMAGE, subject, 1))


def index(draw: Draw, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    entries = []
    absent = [sha("an absent child")] if draw(st.integers(0, 9)) == 0 else []
    for child in draw(st.lists(st.sampled_from([*made, *absent] or layers[:1]), max_size=4, unique=True)):
        media = INDEX if child in made and world.is_index(child) else IMAGE
        entry = descriptor(world, media, child, world.blobs.get(child, 1))
        if child in made and draw(st.integers(0, 5)) == 0:
            entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
        entries.append(entry)
    if made and draw(st.integers(0, 5)) == 0:  # what a build cache lists, with a manifest in layer's clothing
        listed = draw(st.sampled_from([*layers, *made]))
        if listed in layers:
            world.blobs[listed] = 1000 + int(listed[7:11], 16)
        entries.append(descriptor(world, LAYER, listed, world.blobs[listed]))
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    if made and draw(st.integers(0, 5)) == 0:
        document["subject"] = descriptor(world, IMAGE, draw(st.sampled_from(made)), 1)
    return put(world, room, document, NOW - draw(ages))


def unknown(draw: Draw, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    document: dict[str, Any] = {"mediaType": UNKNOWN, "things": draw(st.lists(st.sampled_from([*made, *layers]), max_size=2))}
    if draw(st.integers(0, 2)):
        return image(draw, world, room, made, layers)
    return put(world, room, document, NOW - draw(ages))


@st.composite
def keeps(draw: Draw) -> dict[str, Any]:
    keep: dict[str, Any] = {}
    if draw(st.booleans()):
        keep["youngerThan"] = draw(st.sampled_from(["1d", "7d", "30d"]))
    if not keep or draw(st.booleans()):
        keep["latest"] = draw(st.integers(1, 3))
        orders = ["PushTime", "CreatedTime", "SemVer", "Numeric", "Alphabetical"]
        keep["orderBy"] = draw(st.sampled_from(orders))
        if draw(st.integers(0, 3)) == 0:
            keep["per"] = r"/^(.*?)-[0-9a-f]{7,}$/"
    return keep


@st.composite
def rules(draw: Draw, number: int) -> dict[str, Any]:
    return {
        "name": f"rule-{number}",
        "repositories": {
            "include": draw(st.sampled_from([["**"], ["**"], ["team/*"], ["base/**", "team/web"]])),
            "exclude": draw(st.sampled_from([[], [], ["team/app"]])),
        },
        "tags": {
            "include": draw(st.sampled_from([["*"], ["*"], ["v*"], ["pr-*", "main*"], ["[0-9]*"]])),
            "exclude": draw(st.sampled_from([[], [], ["stable"], ["*-rc*"]])),
        },
        "keep": draw(keeps()),
    }


@st.composite
def policies(draw: Draw) -> dict[str, Any]:
    """A spec as it stands in YAML, so that a test can change it."""
    spec: dict[str, Any] = {
        "registry": {"url": "http://registry:5000"},
        "rules": [draw(rules(number)) for number in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3])))],
        "protect": {
            "tags": draw(st.sampled_from([[], [], ["latest"], ["v*"]])),
            "repositories": draw(st.sampled_from([[], [], [], ["base/**"]])),
        },
        "limits": {
            "minimumAge": draw(st.sampled_from(["0s", "1h", "1h", "5d"])),
            "maxDeletionPercent": 100,
        },
    }
    if draw(st.booleans()):
        spec["untagged"] = {"olderThan": draw(st.sampled_from(["1d", "30d"]))}
    return spec


def spec_of(policy: dict[str, Any]) -> PolicySpec:
    return PolicySpec.model_validate(policy)


@dataclass(frozen=True)
class Case:
    """A registry, a policy, what is used, and whether the inventory sees all of it (storage) or what tags reach (API)."""

    world: World
    policy: dict[str, Any]
    in_use: InUse
    storage: bool


@st.composite
def cases(draw: Draw) -> Case:
    world = draw(worlds())
    tags = [(name, tag) for name, room in world.rooms.items() for tag in room.tags]
    digests = [digest for room in world.rooms.values() for digest in room.revisions]
    used_tags = draw(st.lists(st.sampled_from(tags), max_size=1)) if tags else []
    used = draw(st.lists(st.sampled_from(sorted([*digests, *world.dates])), max_size=1))
    in_use = InUse(dict.fromkeys(used_tags, "Pod a/b"), dict.fromkeys(used, "Pod c/d"))
    return Case(world, draw(policies()), in_use, draw(st.booleans()))
