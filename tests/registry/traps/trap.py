"""One trap: what is in the registry before, what must be there after, and why a cleaner gets it wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from regsweep.demo.documents import Artifact, Document
from regsweep.demo.images import OCI, Created, Format, Layer, image_on, layer, multi_platform

OLD = datetime(2024, 1, 15, 12, tzinfo=UTC)
"""Older than `PULL_REQUESTS` keeps, whenever this runs."""

BASE = layer("traps", 2_000)

Rule = dict[str, Any]

PULL_REQUESTS: Rule = {"name": "pull-requests", "tags": {"include": ["pr-*"]}, "keep": {"youngerThan": "14d"}}
"""The last rule for all: tags of pull requests go when they are old, and nothing else does."""


@dataclass(frozen=True, slots=True)
class Trap:
    """`kept` and `gone` say it all for most. They are pushed as in `before`: a tag that occurs twice moves on.

    `left` is what goes only where push times and untagged manifests are known, and stays whole where they are not.
    `meanwhile` is pushed between plan and apply, and must stay. `spoil` breaks something in the storage, before the
    plan; `spoilt` is pushed for that alone, and first. `findings` are the codes that a plan must report about
    it, all of them.
    """

    name: str
    why: str
    kept: tuple[Artifact, ...] = ()
    gone: tuple[Artifact, ...] = ()
    left: tuple[Artifact, ...] = ()
    meanwhile: tuple[Artifact, ...] = ()
    rules: tuple[Rule, ...] = ()
    spoilt: tuple[Artifact, ...] = ()
    spoil: Callable[[Path], None] | None = None
    findings: tuple[str, ...] = ()

    @property
    def before(self) -> tuple[Artifact, ...]:
        return (*self.left, *self.gone, *self.kept)

    @property
    def staying(self) -> tuple[Artifact, ...]:
        return (*self.kept, *self.meanwhile)

    def documents(self) -> Iterator[Document]:
        for artifact in (*self.spoilt, *self.before, *self.meanwhile):
            yield from artifact.document.documents()

    def digests(self) -> frozenset[str]:
        """All that it ever puts into the registry."""
        return frozenset(digest for document in self.documents() for digest in document.sizes())


def rule(repository: str, **keep: Any) -> Rule:
    """A rule for all tags of one repository, called as it is."""
    return {"name": repository.replace("/", "-"), "repositories": {"include": [repository]}, "keep": keep}


def forget(storage: Path, repository: str, document: Document) -> None:
    """Take a manifest away behind the registry's back: its link in the repository, and its bytes.

    Source: storage layout of Distribution.
    """
    root, digest = storage / "docker/registry/v2", document.digest.removeprefix("sha256:")
    (root / "repositories" / repository / "_manifests/revisions/sha256" / digest / "link").unlink()
    (root / "blobs/sha256" / digest[:2] / digest / "data").unlink()


def plain(seed: str, created: Created = OLD, form: Format = OCI, *, layers: tuple[Layer, ...] = (BASE,)) -> Document:
    """An image of `layers` and one layer of its own."""
    return image_on(layers, seed, created, size=700, form=form)


def several(seed: str, created: Created = OLD, form: Format = OCI) -> Document:
    """An image for two platforms."""
    return multi_platform(BASE, seed, created, form=form)
