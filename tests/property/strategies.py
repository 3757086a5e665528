"""Registries, policies and workloads as Hypothesis makes them: few names, many coincidences."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from hypothesis import strategies as st

from regsweep.api.policy import PolicySpec
from regsweep.core.inventory import InUse
from regsweep.core.oci import Digest
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


def sha(text: str | bytes) -> str:
    return "sha256:" + hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def age(rng: Random) -> timedelta:
    days = rng.choice([0.003, 0.5, 2, 3, 9, 10, 20, 35, 40, 41, 50, 90, 120, 365, 400])
    return timedelta(days=days, microseconds=rng.randint(0, 3))


def some(rng: Random, items: list[str], most: int) -> list[str]:
    return rng.sample(items, rng.randint(0, min(most, len(items))))


def rarely(rng: Random, once_in: int) -> bool:
    return rng.randrange(once_in) == 0


def created_text(rng: Random) -> tuple[str | None, datetime | None]:
    """A date as a config holds it, and what it means."""
    useless = [None, "", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1980-01-01T00:00:01Z", "yesterday"]
    if rarely(rng, 10):
        return rng.choice([*useless, "2999-01-01T00:00:00Z"]), None
    moment = NOW - age(rng)
    zone = timezone(timedelta(minutes=rng.choice([0, 0, 330, -480, 840])))
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


def make_world(rng: Random, size: int) -> World:
    world = World()
    layers = [sha(f"layer {number}") for number in range(6)]
    for name in REPOSITORIES[: rng.choice([1, 1, 2, 3])]:
        room = world.rooms[name] = Room()
        made: list[str] = []
        for _ in range(rng.randint(1 + size // 2, size)):
            make = rng.choice([image] * 8 + [index] * 4 + [referrer] * 2 + [unknown])
            digest = make(rng, world, room, made, layers)
            if digest not in made:
                made.append(digest)
        tag(rng, room, made)
    return world


def tag(rng: Random, room: Room, made: list[str]) -> None:
    order = rng.sample(TAGS, len(TAGS))
    if rarely(rng, 3):
        order.sort(key=lambda name: "." not in name)  # versions first
    for name in order[: rng.choice([0, 3, 5, 7, 9])]:
        room.tags[name] = None if rarely(rng, 20) else rng.choice(made)
    subjects = [*made * 3, sha("a digest that is not there")]
    for form in ("sha256-{}", "sha256-{}.sig", "sha256-{}.att", "cosign-sha256-{}.sbom"):
        if rarely(rng, 6):
            room.tags[form.format(rng.choice(subjects)[7:])] = rng.choice(made)
    for name in room.tags:
        room.tag_pushed[name] = NOW - age(rng)


def image(rng: Random, world: World, room: Room, made: list[str], layers: list[str], **more: Any) -> str:
    config = sha(f"config {rng.randint(0, 30)}")
    used = rng.sample(layers, rng.randint(0, 3))
    for blob in [config, *used]:
        world.blobs[blob] = 1000 + int(blob[7:11], 16)
    if config not in world.texts:
        world.texts[config], world.dates[config] = created_text(rng)
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": descriptor(world, CONFIG, config, world.blobs[config]),
        "layers": [descriptor(world, LAYER, layer, world.blobs[layer]) for layer in used],
        **more,
    }
    return put(world, room, document, NOW - age(rng))


def referrer(rng: Random, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    subject = rng.choice([*made * 5, sha("a digest that is not there")])
    return image(rng, world, room, made, layers, subject=descriptor(world, IMAGE, subject, 1))


def index(rng: Random, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    entries = []
    absent = [sha("an absent child")] if rarely(rng, 10) else []
    for child in some(rng, [*made, *absent], 4):
        media = INDEX if child in made and world.is_index(child) else IMAGE
        entry = descriptor(world, media, child, world.blobs.get(child, 1))
        if child in made and rarely(rng, 5):
            entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
        entries.append(entry)
    if made and rarely(rng, 3):  # what a build cache lists, with a manifest in layer's clothing
        listed = rng.choice([*layers[:2], *made])
        if listed in layers:
            world.blobs[listed] = 1000 + int(listed[7:11], 16)
        entries.append(descriptor(world, LAYER, listed, world.blobs[listed]))
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    if made and rarely(rng, 6):
        document["subject"] = descriptor(world, IMAGE, rng.choice(made), 1)
    return put(world, room, document, NOW - age(rng))


def unknown(rng: Random, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    document: dict[str, Any] = {"mediaType": UNKNOWN, "things": some(rng, [*made, *layers], 2)}
    if not rarely(rng, 3):
        return image(rng, world, room, made, layers)
    return put(world, room, document, NOW - age(rng))


def keep(rng: Random) -> dict[str, Any]:
    keep: dict[str, Any] = {}
    if rng.random() < 0.5:
        keep["youngerThan"] = rng.choice(["1d", "7d", "30d"])
    if not keep or rng.random() < 0.5:
        keep["latest"] = rng.choice([1, 1, 1, 2, 2, 3])
        orders = ["PushTime", "CreatedTime", "SemVer", "SemVer", "Numeric", "Alphabetical"]
        keep["orderBy"] = rng.choice(orders)
        if rarely(rng, 4):
            keep["per"] = r"/^(.*?)-[0-9a-f]{7,}$/"
    return keep


def rule(rng: Random, number: int) -> dict[str, Any]:
    return {
        "name": f"rule-{number}",
        "repositories": {
            "include": rng.choice([["**"], ["**"], ["**"], ["team/*"], ["base/**", "team/web"]]),
            "exclude": ["team/app"] if rarely(rng, 8) else [],
        },
        "tags": {
            "include": rng.choice([["*"]] * 5 + [["v*"], ["pr-*", "main*"], ["[0-9]*"]]),
            "exclude": rng.choice([[], [], [], ["stable"], ["*-rc*"]]),
        },
        "keep": keep(rng),
    }


def policy(rng: Random) -> dict[str, Any]:
    """A spec as it stands in YAML, so that a test can change it."""
    if rarely(rng, 3):
        return bold_policy(rng)
    spec: dict[str, Any] = {
        "registry": {"url": "http://registry:5000"},
        "rules": [rule(rng, number) for number in range(rng.choice([1, 1, 1, 1, 1, 2, 2, 3, 0]))],
        "protect": {
            "tags": rng.choice([[]] * 5 + [["latest"], ["v*"]]),
            "repositories": ["base/**"] if rarely(rng, 8) else [],
        },
        "limits": {
            "minimumAge": rng.choice(["0s", "0s", "1h", "1h", "5d"]),
            "maxDeletionPercent": 100,
        },
    }
    if rarely(rng, 3):
        spec["untagged"] = {"olderThan": rng.choice(["1d", "30d"])}
    return spec


def bold_policy(rng: Random) -> dict[str, Any]:
    """One image of everything is enough."""
    order_by = rng.choice(["PushTime", "CreatedTime", "SemVer", "SemVer", "Numeric", "Alphabetical"])
    every = {"repositories": {"include": ["**"], "exclude": []}, "tags": {"include": ["*"], "exclude": []}}
    return {
        "registry": {"url": "http://registry:5000"},
        "rules": [{"name": "rule-0", **every, "keep": {"latest": 1, "orderBy": order_by}}],
        "protect": {"tags": [], "repositories": []},
        "limits": {"minimumAge": "0s", "maxDeletionPercent": 100},
    }


def spec_of(policy: dict[str, Any]) -> PolicySpec:
    return PolicySpec.model_validate(policy)


@dataclass(frozen=True, repr=False)
class Case:
    """A registry, a policy, who uses what, and whether the inventory sees all (storage) or what tags reach (API)."""

    world: World
    policy: dict[str, Any]
    in_use: InUse
    storage: bool
    made_by: str

    def __repr__(self) -> str:
        return self.made_by


def make_case(seed: int, size: int) -> Case:
    """The same case for the same numbers; `size` bounds the manifests of a repository."""
    rng = Random(seed)
    world = make_world(rng, size)
    tags = [(name, tag) for name, room in world.rooms.items() for tag in room.tags]
    digests = [digest for room in world.rooms.values() for digest in room.revisions]
    used_tags = [rng.choice(tags)] if tags and rarely(rng, 5) else []
    used = [rng.choice(sorted([*digests, *world.dates]))] if rarely(rng, 5) else []
    in_use = InUse(dict.fromkeys(used_tags, "Pod a/b"), dict.fromkeys(map(Digest, used), "Pod c/d"))
    return Case(world, policy(rng), in_use, rng.random() < 0.5, f"make_case({seed}, {size})")


cases = st.builds(make_case, st.integers(0, 2**48), st.sampled_from([2, 5, 8, 8, 12, 12, 16, 16]))
"""Drawn by numbers, so that all kinds of cases are equally likely; a failing one shrinks to a smaller size."""
