"""One artifact of every kind that a registry takes. Pure: the same `now` gives the same bytes."""

from __future__ import annotations

from datetime import datetime, timedelta

from regsweep.demo.accessories import (
    EPOCH,
    artifact,
    attested,
    buildx_cache,
    cosign,
    helm_chart,
    referrers_of,
    signature_of,
    subject_tag,
    unknown_config,
    untyped,
)
from regsweep.demo.documents import Artifact, Document
from regsweep.demo.images import (
    ARM64,
    DOCKER,
    OCI,
    Created,
    Format,
    Layer,
    image,
    image_on,
    index,
    layer,
    multi_platform,
)


def all_kinds(now: datetime, *, repositories: int = 10) -> list[Artifact]:
    """Every kind of `kinds` in each of `repositories` repositories from `kinds/repo-00`: 10 give 270 tags."""
    return [each for row in range(repositories) for each in kinds(f"kinds/repo-{row:02}", now).values()]


def kinds(repository: str, now: datetime) -> dict[str, Artifact]:
    """One artifact of every kind that a registry takes, by the name of its kind, in the order of pushing.

    The kind is also the tag, except where clients make the tag (signatures, referrers) or push none.
    """
    base, day = layer("kinds", 5_000), timedelta(days=1)
    old = now - 30 * day

    def plain(kind: str, created: Created, form: Format = OCI) -> Document:
        return image_on((base,), f"{repository}:{kind}", created, size=1_000, form=form)

    def several(kind: str, form: Format = OCI, count: int = 2) -> Document:
        return multi_platform(base, f"{repository}:{kind}", old, count=count, form=form)

    tagged = {
        "docker": plain("docker", old, DOCKER),
        "oci": plain("oci", old),
        "untyped": untyped(plain("untyped", old)),
        "fresh": plain("fresh", now - timedelta(minutes=10)),
        "epoch": plain("epoch", EPOCH),
        "future": plain("future", now + 400 * day),
        "nanoseconds": plain("nanoseconds", f"{old:%Y-%m-%dT%H:%M:%S}.123456789Z", DOCKER),
        "nonsense-time": plain("nonsense-time", "last tuesday"),
        "timeless": plain("timeless", None),
        "docker-list": several("docker-list", DOCKER, 3),
        "oci-index": several("oci-index", OCI, 4),
        "nested-index": index((several("inner"), plain("beside-inner", old))),
        "attested": attested((_on_arm64(repository, base, old), plain("attested", old))),
        "buildx-cache": buildx_cache((layer(f"{repository}/cache", 3_000), base)),
        "helm-chart": helm_chart("kinds", "1.2.3", old),
        "artifact": artifact("application/vnd.example.model.v1", repository, 2_000, old),
        "unknown-config": unknown_config(repository, old),
        "empty-index": index(()),
    }
    placed = {kind: document.at(repository, kind) for kind, document in tagged.items()}
    signed = plain("signed", old).at(repository, "signed")
    referred = plain("referred", old).at(repository, "referred")
    return placed | {
        "shared-digest": plain("shared-digest", old).at(
            repository, "shared-digest", "shared-digest-1", "shared-digest-2"
        ),
        "untagged": plain("untagged", old).at(repository),
        "signed": signed,
        "signature": signature_of(signed),
        "cosign-att": cosign(signed.document, suffix=".att").at(repository, subject_tag(signed.document, ".att")),
        "cosign-sbom": cosign(signed.document, suffix=".sbom").at(repository, subject_tag(signed.document, ".sbom")),
        "referred": referred,
        "referrers": referrers_of(referred, created=old),
    }


def _on_arm64(repository: str, base: Layer, created: Created) -> Document:
    return image((base, layer(f"{repository}/arm64", 1_000)), created, platform=ARM64)
