"""A registry that nobody pushed: repositories as a scan makes them, any number of tags, always the same. No I/O."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from regsweep.core.inventory import Repository, Tag
from regsweep.core.oci import OCI_INDEX, OCI_MANIFEST, Digest, Manifest, parse_manifest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANIFESTS_PER_TAG = 1.2
"""Every tenth tag is an index of two platforms."""

_CONFIG, _LAYER = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"


def made_repository(number: int, first: int, tags: int) -> Repository:
    """As a scan makes it, from manifests of the usual size: images of three layers, one shared by all."""
    found: list[Tag] = []
    manifests: dict[Digest, Manifest] = {}
    created: dict[Digest, datetime] = {}
    for index in range(first, first + tags):
        parts = [_image(f"{index}/{part}") for part in range(2)] if index % 10 == 0 else []
        root = _index(parts) if parts else _image(str(index))
        manifests.update((manifest.digest, manifest) for manifest in (root, *parts))
        for image in parts or [root]:
            created[image.digest] = NOW - timedelta(hours=1 + index % 3000)
        found.append(Tag((f"pr-{index}", f"v1.{index // 50}.{index}", f"main-{index:07x}")[index % 3], root.digest))
    return Repository(f"team-{number % 50:02}/service-{number}", tuple(found), manifests, created)


def _image(seed: str) -> Manifest:
    config = _descriptor(_CONFIG, f"{seed}/config", 7_000)
    layers = ",".join(_descriptor(_LAYER, name, 30_000_000) for name in ("base", f"{seed}/a", f"{seed}/b"))
    text = f'{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{config},"layers":[{layers}]}}'
    return parse_manifest(text.encode(), OCI_MANIFEST)


def _index(parts: list[Manifest]) -> Manifest:
    entries = ",".join(f'{{"mediaType":"{it.media_type}","digest":"{it.digest}","size":{it.size}}}' for it in parts)
    text = f'{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{entries}]}}'
    return parse_manifest(text.encode(), OCI_INDEX)


def _descriptor(media_type: str, seed: str, size: int) -> str:
    digest = hashlib.sha256(seed.encode()).hexdigest()
    return f'{{"mediaType":"{media_type}","digest":"sha256:{digest}","size":{size}}}'
