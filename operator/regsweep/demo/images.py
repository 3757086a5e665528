"""Container images as bytes: layers, configs, manifests and indexes in the Docker and in the OCI format.

Pure: the same arguments give the same bytes. Does no I/O, and knows no repository until `Document.at`.
Sources: OCI image specification 1.1 (manifest, index, config, layer); Docker image manifest version 2,
schema 2.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from regsweep.demo.documents import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Blob,
    Document,
    Platform,
    as_json,
    sha256,
)

Created = datetime | str | None
"""When an image says it was made: a time, a text to be written as it is (epoch, nonsense), or nothing."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One gzipped tar of a root file system. `diff_id` is the digest of the tar before gzip."""

    content: bytes = field(repr=False)
    diff_id: str

    def blob(self, media_type: str) -> Blob:
        return Blob(self.content, media_type)


@dataclass(frozen=True, slots=True)
class Format:
    """The four media types that go together."""

    manifest: str
    index: str
    config: str
    layer: str


OCI = Format(OCI_MANIFEST, OCI_INDEX, OCI_CONFIG, OCI_LAYER)
DOCKER = Format(DOCKER_MANIFEST, DOCKER_LIST, DOCKER_CONFIG, DOCKER_LAYER)


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


def layer(seed: str, size: int, *, compressible: bool = False) -> Layer:
    """A layer of `size` bytes and a little more, one file: noise by `seed`, or a text that packs well.

    gzip only stores it, so that the blob keeps its size and its bytes do not depend on the zlib at hand.
    """
    content = (
        (f"{seed}\n".encode() * (size // (len(seed.encode()) + 1) + 1))[:size] if compressible else noise(seed, size)
    )
    header = tarfile.TarInfo(f"opt/{hashlib.sha256(seed.encode()).hexdigest()[:16]}")
    header.size = size
    tar = header.tobuf(tarfile.PAX_FORMAT) + content + bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
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
    platform: Platform = AMD64,
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
                "history": [{**stamp, "created_by": f"COPY {number} /opt"} for number, _ in enumerate(layers)],
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
    return index_of(children, tuple(child.descriptor for child in children), form=form, annotations=annotations)


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


def image_on(
    bases: tuple[Layer, ...], seed: str, created: Created, *, size: int = 60_000, form: Format = OCI
) -> Document:
    """A plain image of `bases` and one layer of its own, `size` bytes of noise by `seed`."""
    return image((*bases, layer(seed, size)), created, form=form, label=seed)


def multi_platform(base: Layer, seed: str, created: Created, *, count: int = 2, form: Format = OCI) -> Document:
    """An image for the first `count` of `PLATFORMS`: `base` is shared, each has a small layer of its own."""
    children = (
        image((base, layer(f"{seed}/{each.architecture}", 8_000)), created, form=form, platform=each, label=seed)
        for each in PLATFORMS[:count]
    )
    return index(tuple(children), form=form)
