"""Container images as bytes: layers, configs, manifests and indexes in the Docker and in the OCI format.

Pure: the same arguments give the same bytes. Does no I/O, and knows no repository until `Document.at` names one.
Sources: OCI image specification 1.1 (manifest, index, config, layer); Docker image manifest version 2, schema 2.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

DOCUMENT_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)

Created = datetime | str | None
"""When an image says it was made: a time, a text to be written as it is (epoch, far future, nonsense), or nothing."""


def sha256(content: bytes) -> str:
    """The digest of `content`, as a registry writes it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def as_json(value: Mapping[str, Any]) -> bytes:
    """The bytes of a document: compact, in the order given."""
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Blob:
    """A config or a layer. Its digest is computed, so that it cannot lie."""

    content: bytes = field(repr=False)
    media_type: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha256(self.content))

    @property
    def descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True, slots=True)
class Layer:
    """One gzipped tar of a root file system. `diff_id` is the digest of the tar before gzip."""

    content: bytes = field(repr=False)
    diff_id: str

    def blob(self, media_type: str) -> Blob:
        return Blob(self.content, media_type)


@dataclass(frozen=True, slots=True)
class Platform:
    architecture: str = "amd64"
    os: str = "linux"
    variant: str | None = None

    @property
    def fields(self) -> dict[str, str]:
        variant = {"variant": self.variant} if self.variant else {}
        return {"architecture": self.architecture, "os": self.os, **variant}


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or an index with all that has to be in the registry before it: its blobs, and its children by digest."""

    content: bytes = field(repr=False)
    media_type: str
    blobs: tuple[Blob, ...] = ()
    children: tuple[Document, ...] = ()
    platform: Platform | None = None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha256(self.content))

    @property
    def descriptor(self) -> dict[str, Any]:
        platform = {"platform": self.platform.fields} if self.platform else {}
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content), **platform}

    def at(self, repository: str, *tags: str) -> Artifact:
        """The document in `repository` under `tags`; without tags it is pushed by digest alone."""
        return Artifact(repository, tags, self)

    def documents(self) -> Iterator[Document]:
        """This document and all below it, children before their parents."""
        for child in self.children:
            yield from child.documents()
        yield self

    def sizes(self) -> dict[str, int]:
        """Digest to bytes of all that a whole pull of this document brings, the document itself included."""
        contents = {document.digest: len(document.content) for document in self.documents()}
        blobs = {blob.digest: len(blob.content) for document in self.documents() for blob in document.blobs}
        return contents | blobs


@dataclass(frozen=True, slots=True)
class Artifact:
    """A document in its place: one repository, any number of tags."""

    repository: str
    tags: tuple[str, ...]
    document: Document

    @property
    def digest(self) -> str:
        return self.document.digest

    @property
    def references(self) -> tuple[str, ...]:
        """What it can be pulled by: its tags, or its digest where it has none."""
        return self.tags or (self.digest,)


@dataclass(frozen=True, slots=True)
class Format:
    """The four media types that go together."""

    manifest: str
    index: str
    config: str
    layer: str


OCI = Format(OCI_MANIFEST, OCI_INDEX, OCI_CONFIG, OCI_LAYER)
DOCKER = Format(DOCKER_MANIFEST, DOCKER_LIST, DOCKER_CONFIG, DOCKER_LAYER)


def layer(seed: str, size: int, *, compressible: bool = False) -> Layer:
    """A layer of `size` bytes and a little more, holding one file: noise by `seed`, or a text that packs well.

    gzip only stores it, so that the blob keeps its size and its bytes do not depend on the zlib at hand.
    """
    content = (
        (f"{seed}\n".encode() * (size // (len(seed.encode()) + 1) + 1))[:size]
        if compressible
        else noise(seed, size)
    )
    header = tarfile.TarInfo(f"opt/{hashlib.sha256(seed.encode()).hexdigest()[:16]}")
    header.size = size
    tar = (
        header.tobuf(tarfile.PAX_FORMAT) + content + bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
    )
    return Layer(gzip.compress(tar, compresslevel=0, mtime=0), sha256(tar))


def noise(seed: str, size: int) -> bytes:
    """`size` bytes that do not pack, always the same for one `seed`."""
    return hashlib.shake_256(seed.encode()).digest(size)


def created_text(created: datetime | str) -> str:
    """A time as images carry it: RFC 3339 in UTC. A text stays as it is."""
    return created if isinstance(created, str) else created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def image(
    layers: tuple[Layer, ...],
    created: Created,
    *,
    form: Format = OCI,
    platform: Platform = Platform(),
    label: str = "",
) -> Document:
    """A plain image. `label` makes two images differ that are alike in all the rest."""
    stamp = {"created": created_text(created)} if created is not None else {}
    config = Blob(
        as_json(
            {
                **platform.fields,
                **stamp,
                "config": {"Cmd": ["/opt/run"], "Labels": {"org.opencontainers.image.version": label}},
                "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in layers]},
                "history": [
                    {**stamp, "created_by": f"COPY {number} /opt"} for number, _ in enumerate(layers)
                ],
            }
        ),
        form.config,
    )
    return manifest(config, tuple(each.blob(form.layer) for each in layers), form=form, platform=platform)


def manifest(
    config: Blob,
    layers: tuple[Blob, ...],
    *,
    form: Format = OCI,
    platform: Platform | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Document:
    """Any manifest of a config and layers. `extra` adds fields: annotations, subject, artifactType."""
    body = {
        "schemaVersion": 2,
        "mediaType": form.manifest,
        "config": config.descriptor,
        "layers": [each.descriptor for each in layers],
        **(extra or {}),
    }
    return Document(as_json(body), form.manifest, (config, *layers), (), platform)


def index(
    children: tuple[Document, ...], *, form: Format = OCI, annotations: Mapping[str, str] | None = None
) -> Document:
    """A Docker manifest list or an OCI index of `children`, which may be indexes themselves. May be empty."""
    return index_of(
        children, tuple(child.descriptor for child in children), form=form, annotations=annotations
    )


def index_of(
    children: tuple[Document, ...],
    descriptors: tuple[Mapping[str, Any], ...],
    *,
    form: Format = OCI,
    annotations: Mapping[str, str] | None = None,
) -> Document:
    """An index whose descriptors say more than the children do (annotations, artifactType)."""
    notes = {"annotations": dict(annotations)} if annotations else {}
    body = {
        "schemaVersion": 2,
        "mediaType": form.index,
        "manifests": [dict(each) for each in descriptors],
        **notes,
    }
    return Document(as_json(body), form.index, (), children)


AMD64 = Platform()
ARM64 = Platform("arm64", variant="v8")
PLATFORMS = (
    AMD64,
    ARM64,
    Platform("arm", variant="v7"),
    Platform("ppc64le"),
    Platform("s390x"),
    Platform("riscv64"),
)


def multi_platform(
    base: Layer, seed: str, created: Created, *, count: int = 2, form: Format = OCI
) -> Document:
    """An image for the first `count` of `PLATFORMS`: `base` is shared, each platform has a small layer of its own."""
    children = (
        image(
            (base, layer(f"{seed}/{each.architecture}", 8_000)), created, form=form, platform=each, label=seed
        )
        for each in PLATFORMS[:count]
    )
    return index(tuple(children), form=form)
