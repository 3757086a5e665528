"""Manifests and created times from a store: those that the cache does not know, each checked against its digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from regsweep.core.oci import (
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    MAXIMUM_MANIFEST_BYTES,
    OCI_INDEX,
    OCI_MANIFEST,
    Digest,
    Manifest,
    parse_config_created,
    parse_manifest,
)
from regsweep.core.ports import ManifestCache, Stop
from regsweep.steps.storage.asking import answered, watched
from regsweep.steps.storage.contents import read_contents, read_sizes
from regsweep.steps.storage.store import Store

AT_ONCE = 2_000
"""Blobs in one question."""
BYTES_AT_ONCE = 32 << 20
MAXIMUM_CONFIG_BYTES = 4 << 20

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Blobs:
    """The blobs of a store. Every question is asked again when it fails, and then raises StorageUnavailable."""

    store: Store
    stop: Stop

    def sizes(self, digests: Iterable[Digest]) -> dict[Digest, int]:
        """The size in bytes of each blob that is there."""
        found: dict[Digest, int] = {}
        for some in portions(digests, AT_ONCE):
            found.update(self._asked(partial(self._sizes, some)))
        return found

    def contents(self, sizes: Mapping[Digest, int], largest: int) -> Iterator[tuple[Digest, bytes | None]]:
        """Each blob of `sizes` with its bytes; None for one that is too large, or is not what its digest says."""
        small = {digest: size for digest, size in sizes.items() if size <= largest}
        yield from ((digest, None) for digest in sizes.keys() - small.keys())
        for some in _by_weight(small):
            yield from self._asked(partial(self._contents, some, sum(small[digest] for digest in some)))

    def _sizes(self, some: Sequence[Digest]) -> Mapping[Digest, int]:
        return read_sizes(watched(self.store.sizes(some), self.stop), set(some))

    def _contents(self, some: Sequence[Digest], most: int) -> list[tuple[Digest, bytes | None]]:
        return list(read_contents(watched(self.store.contents(some, most), self.stop), set(some), most))

    def _asked(self, ask: Callable[[], A]) -> A:
        return answered(ask, self.stop, f"blobs of {self.store.name} cannot be read")


@dataclass(frozen=True, slots=True)
class Manifests:
    """`found` are those that are there and whole; `damaged` says what is wrong with the others that are there."""

    found: Mapping[Digest, Manifest]
    damaged: Mapping[Digest, str]


def read_manifests(digests: Collection[Digest], blobs: Blobs, cache: ManifestCache) -> Manifests:
    """What is not there is in neither. Only what the cache does not know is read."""
    sizes = blobs.sizes(digests)
    found: dict[Digest, Manifest] = {}
    unknown: dict[Digest, int] = {}
    damaged: dict[Digest, str] = {}
    for digest, size in sizes.items():
        known = cache.manifest(digest)
        if known is None:
            unknown[digest] = size
        elif known.size == size:
            found[digest] = known
        else:
            damaged[digest] = f"its file has {size} bytes, and should have {known.size}"
    for digest, body in blobs.contents(unknown, MAXIMUM_MANIFEST_BYTES):
        if body is None:
            damaged[digest] = f"the {unknown[digest]} bytes of its file are not what its digest says"
            continue
        try:
            manifest = parse_manifest(body, media_type_of(body))
        except ValueError as error:
            damaged[digest] = f"it {error}"
            continue
        cache.keep_manifest(body, media_type_of(body), manifest)
        found[digest] = manifest
    return Manifests(found, damaged)


def read_created(configs: Iterable[Digest], blobs: Blobs, cache: ManifestCache) -> dict[Digest, str | None]:
    """The `created` text of each config blob; "" where it has none, None where the blob is not there, or damaged."""
    texts = {config: cache.created(config) for config in configs}
    sizes = blobs.sizes(sorted(config for config, text in texts.items() if text is None))
    for config, body in blobs.contents(sizes, MAXIMUM_CONFIG_BYTES):
        if body is not None:
            texts[config] = parse_config_created(body) or ""
            cache.keep_created(config, texts[config] or "")
    return texts


def media_type_of(body: bytes) -> str:
    """What the registry would give as Content-Type of a manifest that does not say it itself: "" for no manifest.

    Source: Distribution's manifest store: a document without mediaType is an index where it has manifests.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    stated = document.get("mediaType")
    if isinstance(stated, str) and stated:
        return stated
    if document.get("schemaVersion") == 1:
        return DOCKER_SCHEMA1_SIGNED if document.get("signatures") else DOCKER_SCHEMA1
    return OCI_MANIFEST if document.get("manifests") is None else OCI_INDEX


def portions(digests: Iterable[Digest], size: int) -> Iterator[Sequence[Digest]]:
    rest = iter(digests)
    while some := list(islice(rest, size)):
        yield some


def _by_weight(sizes: Mapping[Digest, int]) -> Iterator[Sequence[Digest]]:
    some: list[Digest] = []
    weight = 0
    for digest, size in sizes.items():
        if some and (weight + size > BYTES_AT_ONCE or len(some) >= AT_ONCE):
            yield some
            some, weight = [], 0
        some.append(digest)
        weight += size
    if some:
        yield some
