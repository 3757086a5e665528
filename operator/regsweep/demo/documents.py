"""What a registry stores, as bytes: blobs, and documents (manifests and indexes) in their repositories.

Pure values. A digest is always computed from the bytes beside it, so that no value can lie about itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
    """A manifest or an index, with all that must be in the registry before it: its blobs, its children."""

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
