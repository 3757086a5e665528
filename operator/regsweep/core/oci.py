"""OCI and Docker manifests as values: bytes become a `Manifest`, or a ValueError that says what is wrong with them.

Sources: OCI image spec (manifest, index, descriptor, annotations), OCI distribution spec (digests, referrers),
Docker image manifest v2 schema 2.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NewType

Digest = NewType("Digest", str)
"""`sha256:<64 hex>`; made only by `parse_digest` and `digest_of`."""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

ACCEPT = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
"""All four, in every request: without them the registry converts, or answers with a child's digest."""

MAXIMUM_MANIFEST_BYTES = 4 << 20
"""The registry's own limit (OCI distribution spec, PUT manifest)."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FALLBACK_TAG = re.compile(r"(?:.*)?sha256-([0-9a-f]{64})(\.(?:sig|att|sbom))?")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9:]{8})(\.[0-9]+)?(?:([Zz])|([+-][0-9]{2}:[0-9]{2}))")

_LARGEST_SIZE = 2**63 - 1
"""A descriptor's size is an int64 (OCI image spec, descriptor)."""


class Kind(StrEnum):
    """What a manifest is to the graph. UNKNOWN and SCHEMA1 are kept, and said."""

    IMAGE = "image"
    INDEX = "index"
    SCHEMA1 = "schema1"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Points at content: media type, digest and size in bytes."""

    media_type: str
    digest: Digest
    size: int

    @property
    def is_foreign(self) -> bool:
        """A layer that is fetched from elsewhere: a registry need not store it (OCI image spec, non-distributable)."""
        return "foreign" in self.media_type or "nondistributable" in self.media_type


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest or index. `size` is the length of its own bytes.

    `children` are the descriptors of an index that say they are manifests; `blobs` are config, layers, and those
    descriptors of an index that are not manifests (a buildx cache lists its layers there); of an UNKNOWN or SCHEMA1
    manifest, every digest that it names, without size. `created` is what an annotation says, as text; an image's is in
    its config blob.
    """

    digest: Digest
    media_type: str
    kind: Kind
    size: int
    config: Descriptor | None = None
    blobs: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    attestations: frozenset[Digest] = frozenset()
    subject: Digest | None = None
    artifact_type: str = ""
    created: str | None = None

    @property
    def is_opaque(self) -> bool:
        """Nobody here understands what it needs: kept, and said."""
        return self.kind is not Kind.IMAGE and self.kind is not Kind.INDEX


def digest_of(body: bytes) -> Digest:
    return Digest("sha256:" + hashlib.sha256(body).hexdigest())


def parse_digest(text: object) -> Digest:
    """Raises ValueError for anything but `sha256:<64 hex>`: the only algorithm that Distribution stores."""
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise ValueError(f"{str(text)[:100]!r} is not a sha256 digest")
    return Digest(text)


def accessory_subject(tag: str) -> Digest | None:
    """The digest that a fallback tag (`sha256-<hex>`, `.sig`, `.att`, `.sbom`, with any prefix) belongs to.

    Source: OCI distribution spec, referrers tag schema; cosign's tag scheme.
    """
    found = _FALLBACK_TAG.fullmatch(tag) if "sha256-" in tag else None
    return Digest(f"sha256:{found.group(1)}") if found else None


def parse_manifest(body: bytes, media_type: str) -> Manifest:
    """The manifest in `body`. `media_type` is the Content-Type of the answer; the document's own field wins.

    A document that is both image and index is UNKNOWN: clients disagree about what it is (CVE-2021-41190).
    Raises ValueError for bytes that are no JSON object, or whose descriptors are malformed.
    """
    document = _object(body)
    stated = document.get("mediaType")
    media = sys.intern(stated if isinstance(stated, str) and stated else media_type.split(";", maxsplit=1)[0].strip())
    kind = _kind(media, document)
    digest, size = digest_of(body), len(body)
    if kind is Kind.INDEX:
        return _index(document, digest, media, size)
    if kind is Kind.IMAGE:
        return _image(document, digest, media, size)
    return Manifest(digest, media[:255], kind, size, blobs=_named(document))


def parse_config_created(body: bytes) -> str | None:
    """The `created` text of an image's config blob; None where the blob is not JSON, or has none."""
    try:
        created = _object(body).get("created")
    except ValueError:
        return None
    return created if isinstance(created, str) else None


def parse_time(text: str | None) -> datetime | None:
    """An RFC 3339 time with any fraction and offset, in UTC; None for anything else. A time without a zone is none."""
    found = _TIME.fullmatch(text.strip()) if text and len(text) <= 64 else None
    if found is None:
        return None
    day, clock, fraction, _, offset = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{(fraction or '.0')[:7].ljust(7, '0')}{offset or '+00:00'}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object")
    return document


def _kind(media_type: str, document: Mapping[str, Any]) -> Kind:
    known = {
        OCI_MANIFEST: Kind.IMAGE, DOCKER_MANIFEST: Kind.IMAGE, OCI_INDEX: Kind.INDEX, DOCKER_LIST: Kind.INDEX,
        DOCKER_SCHEMA1: Kind.SCHEMA1, DOCKER_SCHEMA1_SIGNED: Kind.SCHEMA1,
    }  # fmt: skip
    if document.get("schemaVersion") == 1:
        return Kind.SCHEMA1
    if "manifests" in document and ("config" in document or "layers" in document):
        return Kind.UNKNOWN
    return known.get(media_type, Kind.UNKNOWN)


def _named(document: Mapping[str, Any]) -> tuple[Descriptor, ...]:
    """Every digest anywhere in a document whose meaning is not known."""
    found: dict[Digest, None] = {}
    open_ends: list[Any] = [document]
    while open_ends:
        value = open_ends.pop()
        if isinstance(value, dict):
            open_ends.extend(value.values())
        elif isinstance(value, list):
            open_ends.extend(value)
        elif isinstance(value, str) and _DIGEST.fullmatch(value):
            found[Digest(value)] = None
    return tuple(Descriptor("", digest, 0) for digest in sorted(found))


def _image(document: Mapping[str, Any], digest: Digest, media_type: str, size: int) -> Manifest:
    config = _descriptor(document["config"]) if document.get("config") else None
    layers = tuple(_descriptor(layer) for layer in _list(document, "layers"))
    return Manifest(
        digest, media_type, Kind.IMAGE, size, config,
        blobs=(config, *layers) if config else layers,
        subject=_subject(document),
        artifact_type=str(document.get("artifactType") or (config.media_type if config else "")),
        created=_annotated_created(document),
    )  # fmt: skip


def _index(document: Mapping[str, Any], digest: Digest, media_type: str, size: int) -> Manifest:
    entries = _list(document, "manifests")
    children, blobs, attestations = [], [], set()
    for entry in entries:
        descriptor = _descriptor(entry)
        if _kind(descriptor.media_type, {}) is Kind.UNKNOWN:
            blobs.append(descriptor)
            continue
        children.append(descriptor)
        annotations = entry.get("annotations")
        if isinstance(annotations, dict) and annotations.get("vnd.docker.reference.type"):
            attestations.add(descriptor.digest)
    return Manifest(
        digest, media_type, Kind.INDEX, size, None, tuple(blobs), tuple(children), frozenset(attestations),
        subject=_subject(document),
        artifact_type=str(document.get("artifactType") or ""),
        created=_annotated_created(document),
    )  # fmt: skip


def _list(document: Mapping[str, Any], field: str) -> list[Any]:
    value = document.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{field} is not a list")
    return value


def _descriptor(value: object) -> Descriptor:
    if not isinstance(value, dict):
        raise ValueError("a descriptor is not an object")
    size = value.get("size", 0)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_SIZE:
        raise ValueError(f"a descriptor's size is {str(size)[:40]!r}")
    media_type = sys.intern(str(value.get("mediaType") or ""))  # a few, in millions of descriptors: one object each
    return Descriptor(media_type, parse_digest(value.get("digest")), size)


def _subject(document: Mapping[str, Any]) -> Digest | None:
    value = document.get("subject")
    return _descriptor(value).digest if value else None


def _annotated_created(document: Mapping[str, Any]) -> str | None:
    annotations = document.get("annotations")
    created = annotations.get("org.opencontainers.image.created") if isinstance(annotations, dict) else None
    return created if isinstance(created, str) and created else None
