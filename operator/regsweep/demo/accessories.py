"""What hangs on images or lives beside them: attestations, signatures, referrers, build caches, charts.

Pure, like `images`. Sources: OCI image specification 1.1 (artifact usage, `subject`), OCI distribution
specification 1.1 (referrers tag schema), and the layouts that buildx, cosign and Helm write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regsweep.demo.documents import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Artifact,
    Blob,
    Document,
    Platform,
    as_json,
)
from regsweep.demo.images import Created, Layer, created_text, index_of, layer, manifest, noise

IN_TOTO = "application/vnd.in-toto+json"
COSIGN_LAYER = "application/vnd.dev.cosign.simplesigning.v1+json"
BUILDX_CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
EMPTY = Blob(b"{}", "application/vnd.oci.empty.v1+json")
UNKNOWN_PLATFORM = Platform("unknown", "unknown")
EPOCH = "1970-01-01T00:00:00Z"


def subject_tag(subject: Document, suffix: str = "") -> str:
    """The tag by which clients find what belongs to `subject`: `sha256-<hex>`; cosign adds a suffix."""
    return subject.digest.replace(":", "-") + suffix


def attestation(subject: Document) -> Document:
    """The provenance that buildx puts beside `subject` in its index."""
    statement = Blob(as_json({"_type": "https://in-toto.io/Statement/v0.1", "subject": subject.digest}), IN_TOTO)
    config = Blob(
        as_json(
            {
                **UNKNOWN_PLATFORM.fields,
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [statement.digest]},
            }
        ),
        OCI_CONFIG,
    )
    return manifest(config, (statement,), platform=UNKNOWN_PLATFORM)


def attested(images: tuple[Document, ...]) -> Document:
    """An index as buildx pushes it: the images, then an attestation for each, platform unknown/unknown."""
    attestations = tuple(attestation(each) for each in images)
    notes = (
        {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": each.digest}
        for each in images
    )
    described = (each.descriptor | {"annotations": note} for each, note in zip(attestations, notes, strict=True))
    return index_of((*images, *attestations), (*(each.descriptor for each in images), *described))


def cosign(subject: Document, *, suffix: str = ".sig") -> Document:
    """A signature, attestation (`.att`) or SBOM (`.sbom`) as cosign 1 and 2 make it, for `subject_tag`."""
    identity = {"docker-manifest-digest": subject.digest}
    payload = Blob(
        as_json({"critical": {"image": identity, "type": f"cosign{suffix}"}, "optional": None}), COSIGN_LAYER
    )
    config = Blob(
        as_json(
            {
                **Platform().fields,
                "created": EPOCH,
                "rootfs": {"type": "layers", "diff_ids": [payload.digest]},
            }
        ),
        OCI_CONFIG,
    )
    return manifest(config, (payload,))


def referrer(subject: Document, artifact_type: str, *, created: Created = None) -> Document:
    """A manifest whose `subject` is another one: how OCI 1.1 hangs a signature or an SBOM on an image."""
    note = {"annotations": {"org.opencontainers.image.created": created_text(created)}} if created is not None else {}
    descriptor = {key: value for key, value in subject.descriptor.items() if key != "platform"}
    payload = Blob(as_json({"about": subject.digest, "type": artifact_type}), artifact_type)
    return manifest(EMPTY, (payload,), extra={"artifactType": artifact_type, "subject": descriptor, **note})


def referrers_index(referrers: Mapping[str, Document]) -> Document:
    """What clients keep under `subject_tag`, for want of a referrers API. Artifact type to referrer."""
    described = (each.descriptor | {"artifactType": kind} for kind, each in referrers.items())
    return index_of(tuple(referrers.values()), tuple(described))


def signature_of(image: Artifact) -> Artifact:
    """The cosign signature of `image`, beside it in its repository."""
    return cosign(image.document).at(image.repository, subject_tag(image.document, ".sig"))


def referrers_of(image: Artifact, *, created: Created = None) -> Artifact:
    """A signature and an SBOM that refer to `image` by `subject`, under its fallback tag."""
    kinds = ("application/vnd.dev.sigstore.bundle.v0.3+json", "application/spdx+json")
    referrers = {kind: referrer(image.document, kind, created=created) for kind in kinds}
    return referrers_index(referrers).at(image.repository, subject_tag(image.document))


def buildx_cache(layers: tuple[Layer, ...]) -> Document:
    """A registry cache of buildx: an index whose `manifests` are layers and a config, and no manifest."""
    config = Blob(as_json({"layers": [{"blob": each.diff_id} for each in layers]}), BUILDX_CACHE_CONFIG)
    blobs = (*(each.blob(OCI_LAYER) for each in layers), config)
    document = index_of((), tuple(blob.descriptor for blob in blobs))
    return Document(document.content, document.media_type, blobs)


def helm_chart(name: str, version: str, created: Created) -> Document:
    """A Helm chart as `helm push` stores it: created is an annotation, the config is the chart's metadata."""
    config = Blob(as_json({"apiVersion": "v2", "name": name, "version": version}), HELM_CONFIG)
    chart = layer(f"{name}-{version}", 6_000).blob(HELM_CHART)
    return manifest(config, (chart,), extra=_created_annotation(created))


def artifact(artifact_type: str, seed: str, size: int, created: Created) -> Document:
    """Any other OCI artifact, of any type; its time is an annotation, its config is empty."""
    payload = Blob(noise(seed, size), artifact_type)
    return manifest(EMPTY, (payload,), extra={"artifactType": artifact_type, **_created_annotation(created)})


def unknown_config(seed: str, created: Created) -> Document:
    """A manifest whose config and layer are of media types that nobody knows, and whose config is no JSON."""
    config = Blob(noise(f"{seed}/config", 64), "application/vnd.example.unheard-of.config.v7")
    payload = Blob(noise(seed, 2_000), "application/vnd.example.unheard-of.layer.v7")
    return manifest(config, (payload,), extra=_created_annotation(created))


def untyped(document: Document) -> Document:
    """The same OCI manifest without its own `mediaType`: the specification allows it, some tools do it."""
    content = document.content.replace(f'"mediaType":"{OCI_MANIFEST}",'.encode(), b"", 1)
    return Document(content, document.media_type, document.blobs, document.children, document.platform)


def _created_annotation(created: Created) -> dict[str, Any]:
    return {"annotations": {"org.opencontainers.image.created": created_text(created)}} if created is not None else {}
