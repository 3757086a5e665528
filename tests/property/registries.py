"""Registries that nobody thought of: few names, few layers, many coincidences; made of random numbers alone."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from regsweep.core.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1_SIGNED,
    OCI_INDEX,
    OCI_MANIFEST,
)
from tests.property.model import Room, World

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
CHART = "application/vnd.cncf.helm.config.v1+json"
UNKNOWN = "application/vnd.example.thing.v1+json"
OPAQUE = (UNKNOWN, DOCKER_SCHEMA1_SIGNED)
"""What regsweep does not understand, and keeps."""

ABSENT = "a digest that is not there"

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


def annotated(rng: Random, document: dict[str, Any], once_in: int = 8) -> tuple[str | None, datetime | None]:
    """Sometimes an annotation says when it was made. What is no time there is as if it were not there."""
    if not rarely(rng, once_in):
        return None, None
    text, moment = created_text(rng)
    if text is not None:
        document["annotations"] = {"org.opencontainers.image.created": text}
    return text, moment


def put(
    world: World,
    room: Room,
    document: dict[str, Any],
    pushed: datetime,
    stated: tuple[str | None, datetime | None] = (None, None),
) -> str:
    body = json.dumps(document).encode()
    digest = sha(body)
    world.documents[digest] = body
    world.blobs[digest] = len(body)
    world.texts[digest], world.dates[digest] = stated
    room.revisions.add(digest)
    room.pushed[digest] = pushed
    return digest


def descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def make_world(rng: Random, size: int) -> World:
    world = World()
    layers = [sha(f"layer {number}") for number in range(6)]
    for name in REPOSITORIES[: rng.choice([1, 1, 2, 3])]:
        room = world.rooms[name] = Room()
        made: list[str] = []
        for _ in range(rng.randint(1 + size // 2, size)):
            make = rng.choice([image] * 8 + [index] * 4 + [referrer] * 2 + [chart, opaque])
            digest = make(rng, world, room, made, layers)
            if digest not in made:
                made.append(digest)
        tag(rng, room, made)
        look(rng, world, room)
    return world


def tag(rng: Random, room: Room, made: list[str]) -> None:
    order = rng.sample(TAGS, len(TAGS))
    if rarely(rng, 3):
        order.sort(key=lambda name: "." not in name)  # versions first
    for name in order[: rng.choice([0, 3, 5, 7, 9])]:
        room.tags[name] = None if rarely(rng, 20) else rng.choice(made)
    subjects = [*made * 3, sha(ABSENT)]
    for form in ("sha256-{}", "sha256-{}.sig", "sha256-{}.att", "cosign-sha256-{}.sbom"):
        if rarely(rng, 6):
            room.tags[form.format(rng.choice(subjects)[7:])] = rng.choice(made)
    for name in room.tags:
        room.tag_pushed[name] = NOW - age(rng)


def look(rng: Random, world: World, room: Room) -> None:
    """Notice manifests after they were made: how long after is anybody's guess."""
    for digest in sorted(room.revisions):
        if not rarely(rng, 4):
            room.seen[digest] = NOW - (NOW - world.beginning(digest, NOW - age(rng))) * rng.choice([0.0, 0.3, 0.9, 1.0])


def image(rng: Random, world: World, room: Room, made: list[str], layers: list[str], **more: Any) -> str:
    config = sha(f"config {rng.randint(0, 30)}")
    used = rng.sample(layers, rng.randint(0, 3))
    sizes = {blob: 1000 + int(blob[7:11], 16) for blob in [config, *used]}
    world.blobs.update(sizes)
    if config not in world.texts:
        world.texts[config], world.dates[config] = created_text(rng)
    document = {
        "schemaVersion": 2,
        "mediaType": rng.choice([OCI_MANIFEST, OCI_MANIFEST, DOCKER_MANIFEST]),
        "config": descriptor(CONFIG, config, sizes[config]),
        "layers": [descriptor(LAYER, layer, sizes[layer]) for layer in used],
        **more,
    }
    if rarely(rng, 12):  # fetched from elsewhere: the registry does not have it
        document["layers"].append(descriptor(FOREIGN, sha(f"foreign {rng.randint(0, 2)}"), 10**6))
    return put(world, room, document, NOW - age(rng), annotated(rng, document))


def referrer(rng: Random, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    subject = rng.choice([*made * 5, sha(ABSENT)])
    return image(rng, world, room, made, layers, subject=descriptor(OCI_MANIFEST, subject, 1))


def index(rng: Random, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    entries = []
    absent = [sha("an absent child")] if rarely(rng, 10) else []
    for child in some(rng, [*made, *absent], 4):
        media = OCI_INDEX if child in made and world.is_index(child) else OCI_MANIFEST
        entry = descriptor(media, child, world.blobs.get(child, 1))
        if child in made and rarely(rng, 5):
            entry["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
        entries.append(entry)
    if made and rarely(rng, 3):  # what a build cache lists, with a manifest in layer's clothing
        listed = rng.choice([*layers[:2], *made])
        if listed in layers:
            world.blobs[listed] = 1000 + int(listed[7:11], 16)
        entries.append(descriptor(LAYER, listed, world.blobs[listed]))
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": rng.choice([OCI_INDEX, OCI_INDEX, DOCKER_LIST]),
        "manifests": entries,
    }
    if made and rarely(rng, 6):
        document["subject"] = descriptor(OCI_MANIFEST, rng.choice(made), 1)
    return put(world, room, document, NOW - age(rng), annotated(rng, document))


def chart(rng: Random, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    """An artifact whose config is no image's: only an annotation can say how old it is."""
    config = sha(f"chart {rng.randint(0, 3)}")
    world.blobs[config] = 300
    world.texts.setdefault(config, None)
    document = {"mediaType": OCI_MANIFEST, "config": descriptor(CHART, config, 300), "layers": []}
    return put(world, room, document, NOW - age(rng), annotated(rng, document, 2))


def opaque(rng: Random, world: World, room: Room, made: list[str], layers: list[str]) -> str:
    if not rarely(rng, 3):
        return image(rng, world, room, made, layers)
    named = some(rng, [*made, *layers], 2)
    document: dict[str, Any] = {"mediaType": UNKNOWN, "things": named}
    if rarely(rng, 3):
        document = {
            "schemaVersion": 1,
            "mediaType": DOCKER_SCHEMA1_SIGNED,
            "fsLayers": [{"blobSum": digest} for digest in named],
        }
    return put(world, room, document, NOW - age(rng))
