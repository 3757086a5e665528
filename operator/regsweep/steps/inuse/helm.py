"""Images that a kept revision of a Helm release names: what `helm rollback` brings back.

Helm 3 and 4 keep a revision in a Secret of type helm.sh/release.v1: `data.release` is base64 (of Kubernetes) of base64
(of Helm) of gzip of JSON, with the rendered manifests as YAML.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator

from regsweep.steps.inuse.parameters import only_parameters
from regsweep.steps.inuse.shapes import Image, Object, Strange, entries, text
from regsweep.steps.inuse.yaml_images import images_in_yaml

RELEASES = "type=helm.sh/release.v1"
"""The field selector of their Secrets."""
PAGE = 20
"""Secrets in one answer: each may be 1 MiB."""
MAXIMUM_BYTES = 32 << 20
"""Of one release, unpacked."""

_GZIP = b"\x1f\x8b\x08"


def release_images(secret: Object) -> Iterator[Image]:
    """Whatever is called `image` or `...Image` in what the revision renders, hooks included."""
    release = _unpacked(text(secret, "data", "release"))
    for manifest in (text(release, "manifest"), *(text(hook, "manifest") for hook in entries(release, "hooks"))):
        yield from (("", image) for image in images_in_yaml(manifest) if not only_parameters(image))


def _unpacked(encoded: str) -> Object:
    try:
        packed = base64.b64decode(base64.b64decode(encoded, validate=True), validate=True)
        release = json.loads(_inflated(packed) if packed.startswith(_GZIP) else packed)
    except (ValueError, zlib.error, RecursionError) as error:
        why = str(error) if isinstance(error, Strange) else "it is damaged"
        raise Strange(f"the release cannot be decoded: {why}") from None
    if not isinstance(release, dict):
        raise Strange("the release is not an object")
    return release


def _inflated(packed: bytes) -> bytes:
    inflating = zlib.decompressobj(wbits=31)
    inflated = inflating.decompress(packed, MAXIMUM_BYTES)
    if inflating.unconsumed_tail:
        raise Strange(f"it is larger than {MAXIMUM_BYTES} bytes")
    if not inflating.eof:
        raise Strange("it is cut")
    return inflated
