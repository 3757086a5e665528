"""The proof that an image is whole: all it names is fetched, every byte held against digest and size.

Trusts no header and no HEAD: a registry with a stale cache answers HEAD 200 for a layer that is gone. Reads
at most what a descriptor promises. Writes nothing, and decides nothing about what should be there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from regsweep.demo.documents import DOCKER_LIST, DOCUMENT_TYPES, OCI_INDEX, sha256
from regsweep.errors import RegistryDenied, RegistryUnreachable

TIMEOUT = (5.0, 60.0)
MANIFEST_LIMIT = 4 * 1024 * 1024
CHUNK = 256 * 1024

Memory = dict[tuple[str, str], int]
"""(repository, digest) to size of every blob that was read whole in this call."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What was read and found true: digest to bytes, of manifests, configs and layers, each once."""

    sizes: Mapping[str, int]

    @property
    def digests(self) -> frozenset[str]:
        return frozenset(self.sizes)

    @property
    def bytes(self) -> int:
        return sum(self.sizes.values())


class Damage(Exception):
    """One thing of an image that is missing or wrong; the message says which and how."""


class Proof:
    """One image being pulled. `faults` is empty if and only if it is whole."""

    def __init__(self, session: requests.Session, url: str, repository: str, memory: Memory) -> None:
        self._session = session
        self._url = url
        self._repository = repository
        self._memory = memory
        self.sizes: dict[str, int] = {}
        self.faults: list[str] = []

    def document(self, reference: str, promised: Mapping[str, Any] | None = None) -> None:
        """A manifest or index, all below it, not its `subject`. `promised`: its descriptor in an index."""
        if reference in self.sizes:
            return
        try:
            media_type, content = self._read_document(reference, promised)
            config_and_layers, children = _named_by(content, media_type)
        except Damage as damage:
            self.faults.append(f"{self._repository} {reference}: {damage}")
            return
        self.sizes[sha256(content)] = len(content)
        for descriptor in children:
            self.document(descriptor["digest"], descriptor)
        for descriptor in config_and_layers:
            self._blob(descriptor)

    def _read_document(self, reference: str, promised: Mapping[str, Any] | None) -> tuple[str, bytes]:
        answer, content = self._get(f"manifests/{reference}", MANIFEST_LIMIT)
        digest = sha256(content)
        media_type = answer.headers.get("Content-Type", "").split(";")[0]
        if media_type not in DOCUMENT_TYPES:
            raise Damage(f"manifest of media type {media_type!r}")
        if reference.startswith("sha256:") and digest != reference:
            raise Damage(f"manifest has digest {digest}")
        if answer.headers.get("Docker-Content-Digest") != digest:
            raise Damage(f"manifest has digest {digest}, its header says {answer.headers.get('Docker-Content-Digest')}")
        if promised is not None and (promised["size"], promised["mediaType"]) != (len(content), media_type):
            raise Damage(f"manifest is {media_type} of {len(content)} bytes, its index promises {dict(promised)}")
        return media_type, content

    def _blob(self, descriptor: Mapping[str, Any]) -> None:
        digest, size = descriptor["digest"], descriptor["size"]
        if self._memory.get((self._repository, digest)) != size:
            try:
                _, content = self._get(f"blobs/{digest}", size)
                if len(content) != size or sha256(content) != digest:
                    raise Damage(f"blob has {len(content)} of {size} bytes and digest {sha256(content)}")
            except Damage as damage:
                self.faults.append(f"{self._repository} {digest}: {damage}")
                return
            self._memory[self._repository, digest] = size
        self.sizes[digest] = size

    def _get(self, path: str, limit: int) -> tuple[requests.Response, bytes]:
        """The answer and its body, at most `limit` bytes. A body that breaks off is damage to the image."""
        address = f"{self._url}/v2/{self._repository}/{path}"
        headers = {"Accept": ", ".join(DOCUMENT_TYPES), "Accept-Encoding": "identity"}
        try:
            answer = self._session.get(address, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False)
        except requests.RequestException as error:
            raise RegistryUnreachable(f"{self._url}: GET ended with {type(error).__name__}") from error
        with answer:
            kind = path.split("/", maxsplit=1)[0].removesuffix("s")
            if answer.status_code in (401, 403):
                raise RegistryDenied(f"{self._url}: no right to pull from {self._repository}")
            if answer.status_code != 200:
                raise Damage(f"{kind} answered {answer.status_code}")
            content = bytearray()
            try:
                for chunk in answer.iter_content(CHUNK):
                    content += chunk
                    if len(content) > limit:
                        raise Damage(f"{kind} is longer than {limit} bytes")
            except requests.RequestException as error:
                raise Damage(f"{kind} broke off after {len(content)} bytes") from error
            return answer, bytes(content)


def _named_by(content: bytes, media_type: str) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """(blobs, documents) named by a document. An entry of an index that is no document is a blob (caches)."""
    try:
        body = json.loads(content)
        if body.get("mediaType", media_type) != media_type:
            raise Damage(f"manifest says it is {body['mediaType']}, its header says {media_type}")
        if media_type not in (OCI_INDEX, DOCKER_LIST):
            return _descriptors([body["config"], *body["layers"]]), []
        entries = _descriptors(body["manifests"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damage(f"manifest cannot be read ({type(error).__name__}: {error})") from error
    documents = [entry for entry in entries if entry["mediaType"] in DOCUMENT_TYPES]
    return [entry for entry in entries if entry["mediaType"] not in DOCUMENT_TYPES], documents


def _descriptors(entries: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    for entry in entries:
        if not (
            isinstance(entry["digest"], str) and isinstance(entry["size"], int) and isinstance(entry["mediaType"], str)
        ):
            raise TypeError(f"descriptor {entry}")
    return entries
