"""A small repository, built by hand: images by name, each with a digest of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from regsweep.api.policy import PolicySpec
from regsweep.core.inventory import NOTHING_IN_USE, InUse, Repository, Tag
from regsweep.core.oci import OCI_INDEX, OCI_MANIFEST, Descriptor, Digest, Kind, Manifest
from regsweep.core.retention import judge
from regsweep.core.verdict import Judgement

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CONFIG = "application/vnd.oci.image.config.v1+json"


def digest(name: str) -> Digest:
    return Digest("sha256:" + hashlib.sha256(name.encode()).hexdigest())


def blob(name: str, size: int = 1000, media_type: str = "application/vnd.oci.image.layer.v1.tar") -> Descriptor:
    return Descriptor(media_type, digest(name), size)


@dataclass
class Shelf:
    """A repository in the making. Tags and manifests are named in plain words."""

    name: str = "team/app"
    manifests: dict[Digest, Manifest] = field(default_factory=dict)
    created: dict[Digest, datetime] = field(default_factory=dict)
    tags: list[Tag] = field(default_factory=list)
    absent: set[Digest] = field(default_factory=set)
    pushed: dict[Digest, datetime] = field(default_factory=dict)
    seen: dict[Digest, datetime] = field(default_factory=dict)

    def image(self, name: str, days: float | None = None, layers: tuple[str, ...] = (), subject: str = "") -> Digest:
        config = blob(f"config of {name}", 100, CONFIG)
        own = digest(name)
        self.manifests[own] = Manifest(
            own, OCI_MANIFEST, Kind.IMAGE, 500, config,
            blobs=(config, *(blob(layer) for layer in layers)), subject=digest(subject) if subject else None,
        )  # fmt: skip
        if days is not None:
            self.created[own] = NOW - timedelta(days=days)
        return own

    def index(
        self, name: str, *children: str, attestations: tuple[str, ...] = (), blobs: tuple[str, ...] = ()
    ) -> Digest:
        own = digest(name)
        self.manifests[own] = Manifest(
            own, OCI_INDEX, Kind.INDEX, 700,
            blobs=tuple(map(blob, blobs)),
            children=tuple(Descriptor(OCI_MANIFEST, digest(child), 500) for child in children + attestations),
            attestations=frozenset(map(digest, attestations)),
        )  # fmt: skip
        return own

    def tag(self, tag: str, name: str | None, pushed_days: float | None = None) -> None:
        pushed = None if pushed_days is None else NOW - timedelta(days=pushed_days)
        self.tags.append(Tag(tag, None if name is None else digest(name), pushed))

    def repository(self) -> Repository:
        absent = frozenset(self.absent)
        return Repository(self.name, tuple(self.tags), self.manifests, self.created, absent, self.pushed, self.seen)

    def judge(self, spec: PolicySpec, in_use: InUse = NOTHING_IN_USE) -> Judgement:
        return judge(self.repository(), spec, in_use, NOW)

    def reasons(self, spec: PolicySpec, in_use: InUse = NOTHING_IN_USE) -> dict[str, str]:
        return {tag: verdict.reason for tag, verdict in self.judge(spec, in_use).tags.items()}


def policy(*rules: Mapping[str, Any], **more: Any) -> PolicySpec:
    numbered = [{"name": f"rule-{number}", **rule} for number, rule in enumerate(rules, start=1)]
    return PolicySpec.model_validate({"registry": {"url": "http://registry:5000"}, "rules": numbered, **more})
