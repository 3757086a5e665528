"""A storage as pushes leave it, written file by file: that costs a tenth, and most tests are about something else.

`test_stored.py` compares it with what real pushes leave.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from regsweep.demo.documents import Artifact
from tests.unit.steps.storage.tree import Tree


def store(images: Iterable[Artifact], storage: Path) -> None:
    """One after the other, as they would be pushed to a registry with this new storage, which does not run yet."""
    tree = Tree(storage, lambda: datetime.now(UTC))
    for image in images:
        for document in image.document.documents():
            for blob in document.blobs:
                tree.layer(image.repository, tree.blob(blob.content), days=0)
            tree.revision(image.repository, tree.blob(document.content), days=0)
        for tag in image.tags:
            tree.tag(image.repository, tag, image.document.digest, days=0)
