"""What the registry of the main job holds, its policy, and by hand what has to go. Asks no part of regsweep's engine.

Six repositories with every kind of artifact (each under another rule), two with thirty builds an hour apart, one with
releases and an overwritten `latest`: 227 tags. `GONE` is the expectation, written down kind by kind beside the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from regsweep.demo.catalogue import grid
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.kinds import kinds

Place = tuple[str, str]
"""Repository and tag."""

RULES: list[dict[str, Any]] = [
    {
        "name": "by-age",
        "repositories": {"include": ["/^kinds/repo-[0-9]0$/"]},
        "keep": {"youngerThan": "14d"},
    },
    {
        "name": "by-name",
        "repositories": {"include": ["kinds/repo-01"]},
        "keep": {"latest": 3, "orderBy": "Alphabetical"},
    },
    {
        "name": "protected",
        "repositories": {"include": ["kinds/repo-02"]},
        "keep": {"youngerThan": "1h"},
    },
    {
        "name": "some-tags",
        "repositories": {"include": ["kinds/repo-03"]},
        "tags": {
            "include": ["shared-*", "signed", "referred", "nested-index"],
            "exclude": ["shared-digest-2"],
        },
        "keep": {"youngerThan": "14d"},
    },
    {
        "name": "docker-only",
        "repositories": {"include": ["kinds/*-04"]},
        "tags": {"include": ["docker*"]},
        "keep": {"youngerThan": "14d"},
    },
    {
        "name": "builds",
        "repositories": {"include": ["grid/**"]},
        "keep": {"latest": 2, "orderBy": "CreatedTime"},
    },
    {
        "name": "releases",
        "repositories": {"include": ["team/app"]},
        "tags": {"include": ["v*"]},
        "keep": {"latest": 1, "orderBy": "SemVer"},
    },
]
PROTECT = {"tags": ["oci-index"], "repositories": ["kinds/repo-02"]}

# Thirty days old, and the image says so. Left out, for they stay whatever a rule by age says: `fresh` (ten minutes);
# `epoch`, `future`, `nonsense-time`, `timeless`, `buildx-cache` and `empty-index` (nobody knows how old); `oci-index`
# (protected by its name); `untagged` (the API does not show it).
_OLD = frozenset(
    {
        "docker", "oci", "untyped", "nanoseconds", "docker-list", "nested-index", "attested", "helm-chart", "artifact",
        "unknown-config", "shared-digest", "signed", "signature", "cosign-att", "cosign-sbom", "referred", "referrers",
    }
)  # fmt: skip
_SIGNED = frozenset({"signed", "signature", "cosign-att", "cosign-sbom", "referred", "referrers"})

GONE: dict[str, frozenset[str]] = {
    "kinds/repo-00": _OLD,
    "kinds/repo-01": _OLD - {"untyped", "unknown-config"},  # the last three names: untyped, unknown-config, timeless
    "kinds/repo-03": _SIGNED | {"nested-index"},  # shared-digest stays for its third tag, which no rule selects
    "kinds/repo-04": frozenset({"docker", "docker-list"}),
    "grid/repo-00": frozenset(f"v{number}" for number in range(28)),
    "grid/repo-01": frozenset(f"v{number}" for number in range(28)),
    "team/app": frozenset({"v1.2.0", "v1.9.3"}),  # 1.10.0 is newer than 1.9.3
}
INVISIBLE = "untagged"
"""Pushed without a tag, or its tag was overwritten: the API lists no such manifest, so that it stays."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that is pushed, in the order of pushing, with the name of its kind."""

    named: tuple[tuple[str, Artifact], ...]

    @property
    def images(self) -> list[Artifact]:
        return [artifact for _, artifact in self.named]

    @property
    def gone(self) -> list[Artifact]:
        return [artifact for kind, artifact in self.named if _goes(kind, artifact)]

    @property
    def kept(self) -> list[Artifact]:
        """All that stays on disk, the invisible too."""
        return [artifact for kind, artifact in self.named if not _goes(kind, artifact)]

    @property
    def visible(self) -> list[Artifact]:
        """What has to be pulled whole afterwards."""
        return [artifact for kind, artifact in self.named if kind != INVISIBLE and not _goes(kind, artifact)]

    @property
    def kept_places(self) -> list[Place]:
        return places(self.visible)

    @property
    def condemned(self) -> set[Place]:
        """Repository and digest of every manifest that goes: children and referrers too."""
        return {
            (artifact.repository, document.digest)
            for artifact in self.gone
            for document in artifact.document.documents()
        }


def content(now: datetime) -> Content:
    """The same `now` gives the same bytes."""
    return Content((*_kinds(now), *_builds(now), *_releases(now)))


def sizes(artifacts: Iterable[Artifact]) -> dict[str, int]:
    """Digest to bytes of all that these need on disk."""
    return {digest: size for artifact in artifacts for digest, size in artifact.document.sizes().items()}


def places(artifacts: Iterable[Artifact]) -> list[Place]:
    return [(artifact.repository, tag) for artifact in artifacts for tag in artifact.tags]


def _goes(kind: str, artifact: Artifact) -> bool:
    return kind in GONE.get(artifact.repository, ())


def _kinds(now: datetime) -> Iterator[tuple[str, Artifact]]:
    for number in range(6):
        yield from kinds(f"kinds/repo-{number:02}", now).items()


def _builds(now: datetime) -> Iterator[tuple[str, Artifact]]:
    for artifact in grid(now, repositories=2, tags=30, layer_bytes=20_000):
        yield artifact.tags[0], artifact


def _releases(now: datetime) -> Iterator[tuple[str, Artifact]]:
    base, created = layer("releases", 50_000), now - timedelta(days=60)
    for version in ("v1.2.0", "v1.10.0", "v1.9.3"):
        yield version, image_on((base,), f"team/app:{version}", created).at("team/app", version)
    yield INVISIBLE, image_on((base,), "team/app:latest, the first", created).at("team/app", "latest")
    yield "latest", image_on((base,), "team/app:latest, the second", created).at("team/app", "latest")
