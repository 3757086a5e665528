"""A storage as pushes leave it, written file by file: that costs a tenth, and most tests are about something else.

Layout: paths.go of Distribution's registry/storage. `test_stored.py` compares it with what real pushes leave.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from regsweep.demo.documents import Artifact


def store(images: Iterable[Artifact], storage: Path) -> None:
    """One after the other, as they would be pushed to a registry with this storage. None may run on it meanwhile."""
    root = storage / "docker/registry/v2"
    for artifact in images:
        repository = root / "repositories" / artifact.repository
        for document in artifact.document.documents():
            for blob in document.blobs:
                _content(root, blob.digest, blob.content)
                _link(repository / "_layers" / _hashed(blob.digest), blob.digest)
            _content(root, document.digest, document.content)
            _link(repository / "_manifests/revisions" / _hashed(document.digest), document.digest)
        for tag in artifact.tags:
            place, digest = repository / "_manifests/tags" / tag, artifact.document.digest
            _link(place / "current", digest)
            _link(place / "index" / _hashed(digest), digest)


def _hashed(digest: str) -> str:
    return digest.replace(":", "/")


def _content(root: Path, digest: str, content: bytes) -> None:
    algorithm, _, hexadecimal = digest.partition(":")
    folder = root / "blobs" / algorithm / hexadecimal[:2] / hexadecimal
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "data").write_bytes(content)


def _link(folder: Path, digest: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link").write_text(digest)
