"""What nodes hold in their image stores, whether or not it runs, and under which addresses they are called."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.steps.inuse.shapes import Image, Object, Strange, entries


def node_images(node: Object) -> Iterator[Image]:
    """Of each image the names that the node knows: by tag and by digest. A kubelet reports 50 images, the largest."""
    for image in entries(node, "status", "images"):
        names = image.get("names") or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Strange("names is not a list of strings")
        yield from (("", name) for name in names)
