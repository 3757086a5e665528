"""Tags and manifests of Distribution in memory, for tests that need a registry which changes between two looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Self

from regsweep.core.oci import DOCKER_LIST, DOCKER_MANIFEST, Digest, digest_of, parse_manifest


class ModelRegistry:
    """DELETE by digest removes the manifest and every tag on it, as Distribution does. Serves as Reader,
    Deleter and Putter."""

    def __init__(self) -> None:
        self.tagged: dict[str, dict[str, Digest]] = {}
        self.bodies: dict[tuple[str, Digest], tuple[bytes, str]] = {}
        self.deletes: list[tuple[str, Digest]] = []
        self.puts: list[tuple[str, str]] = []
        self.swept: set[Digest] = set()
        """Configs and layers that a collection took."""
        self.read_only = False
        self.before_delete: Callable[[str, Digest], object] = lambda repository, digest: None

    def push(self, repository: str, tag: str | None, body: bytes, media_type: str = DOCKER_MANIFEST) -> Digest:
        digest = digest_of(body)
        self.bodies[repository, digest] = (body, media_type)
        if tag:
            self.tagged.setdefault(repository, {})[tag] = digest
        return digest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ping(self) -> None:
        pass

    def major(self) -> int | None:
        return 2

    def repositories(self) -> Iterator[str]:
        yield from sorted({repository for repository, _ in self.bodies} | set(self.tagged))

    def config(self, repository: str, digest: Digest) -> bytes | None:
        return None

    def has_blob(self, repository: str, digest: Digest) -> bool:
        return digest not in self.swept

    def reads_blob(self, repository: str, digest: Digest) -> bool:
        return digest not in self.swept

    def writable(self, repository: str = "") -> bool | None:
        return not self.read_only

    def put_manifest(self, repository: str, reference: str, body: bytes, media_type: str) -> tuple[Digest, ...] | None:
        """As Distribution: what a manifest names has to be there."""
        manifest = parse_manifest(body, media_type)
        absent = [blob.digest for blob in manifest.blobs if blob.digest in self.swept]
        absent += [child.digest for child in manifest.children if (repository, child.digest) not in self.bodies]
        if absent:
            return tuple(absent)
        self.puts.append((repository, reference))
        self.push(repository, None if ":" in reference else reference, body, media_type)
        return None

    def tags(self, repository: str) -> tuple[str, ...]:
        return tuple(self.tagged.get(repository, {}))

    def head(self, repository: str, reference: str) -> SimpleNamespace | None:
        digest = self.tagged.get(repository, {}).get(reference, reference)
        found = self.bodies.get((repository, Digest(digest)))
        return SimpleNamespace(digest=digest, media_type=found[1], size=len(found[0])) if found else None

    def dangling(self, repository: str, tag: str) -> Digest | None:
        return self.tagged.get(repository, {}).get(tag)

    def manifest(self, repository: str, reference: str) -> SimpleNamespace | None:
        digest = self.tagged.get(repository, {}).get(reference, Digest(reference))
        found = self.bodies.get((repository, digest))
        return SimpleNamespace(body=found[0], media_type=found[1], digest=digest) if found else None

    def delete_manifest(self, repository: str, digest: Digest) -> bool:
        self.before_delete(repository, digest)
        self.deletes.append((repository, digest))
        tags = self.tagged.get(repository, {})
        for tag in [tag for tag, target in tags.items() if target == digest]:
            del tags[tag]
        return self.bodies.pop((repository, digest), None) is not None


def image(name: str) -> bytes:
    config = {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "digest": digest_of(name.encode()),
        "size": 1,
    }
    return json.dumps({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": []}).encode()


def index(*children: Digest) -> bytes:
    entries = [{"mediaType": DOCKER_MANIFEST, "digest": child, "size": 1} for child in children]
    return json.dumps({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": entries}).encode()
