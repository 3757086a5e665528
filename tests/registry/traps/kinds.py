"""Not all that lies in a registry is an image, and not every media type says what it looks like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from regsweep.demo.accessories import artifact, buildx_cache, helm_chart, unknown_config, untyped
from regsweep.demo.documents import DOCKER_CONFIG, DOCKER_MANIFEST, Blob, Document, as_json
from regsweep.demo.images import DOCKER, OCI, layer
from tests.registry.traps.trap import BASE, OLD, Trap, plain, rule, several

FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def traps() -> Iterator[Trap]:
    yield _build_cache()
    yield _docker_beside_oci()
    yield _charts()
    yield _charts_without_a_date()
    yield _empty_config()
    yield _unheard_of()
    yield _untyped()
    yield _foreign_layers()


def _build_cache() -> Trap:
    name, common = "build-cache", layer("build-cache/common", 1_700)
    return Trap(
        name,
        "a build cache is an index that lists layers where an index lists children: some are those of a kept image",
        kept=(
            buildx_cache((layer("build-cache/new", 900), common)).at(name, "cache-2"),
            plain("build-cache/image", layers=(common,)).at(f"{name}/image", "1.0"),
        ),
        gone=(buildx_cache((common, layer("build-cache/old", 1_100))).at(name, "cache-1"),),
        rules=(rule(name, latest=1, orderBy="Numeric"),),
    )


def _docker_beside_oci() -> Trap:
    name = "docker-beside-oci"
    return Trap(
        name,
        "without all four media types in Accept the registry converts, or says that there is nothing",
        kept=(
            plain(f"{name}/kept", form=DOCKER).at(name, "docker"),
            several(f"{name}/kept", form=DOCKER).at(name, "docker-list"),
            plain(f"{name}/kept", form=OCI).at(name, "oci"),
            several(f"{name}/kept", form=OCI).at(name, "oci-index"),
        ),
        gone=(
            plain(f"{name}/gone", form=DOCKER).at(name, "pr-docker"),
            several(f"{name}/gone", form=DOCKER).at(name, "pr-docker-list"),
            plain(f"{name}/gone", form=OCI).at(name, "pr-oci"),
            several(f"{name}/gone", form=OCI).at(name, "pr-oci-index"),
        ),
    )


def _charts() -> Trap:
    name = "charts"
    return Trap(
        name,
        "a chart's config has no created time: its date is an annotation, and 0.10.0 is newer than 0.9.0",
        kept=(helm_chart("web", "0.10.0", OLD).at(name, "0.10.0"),),
        gone=(helm_chart("web", "0.9.0", OLD).at(name, "0.9.0"), helm_chart("web", "0.8.0", OLD).at(name, "pr-0.8.0")),
        rules=(
            {
                "name": name,
                "repositories": {"include": [name]},
                "tags": {"exclude": ["pr-*"]},
                "keep": {"latest": 1, "orderBy": "SemVer"},
            },
        ),
    )


def _charts_without_a_date() -> Trap:
    name = "charts-without-a-date"
    return Trap(
        name,
        "nothing says how old it is: taken for 1970, it would be the first to go",
        kept=(helm_chart("web", "1.0.0", None).at(name, "1.0.0"),),
        left=(helm_chart("web", "1.0.1", None).at(name, "pr-1.0.1"),),
    )


def _empty_config() -> Trap:
    name, kind = "empty-config", "application/vnd.example.model.v1"
    return Trap(
        name,
        "all artifacts of a registry share one config blob of two bytes",
        kept=(artifact(kind, f"{name}/kept", 800, OLD).at(name, "1.0"),),
        gone=(artifact(kind, f"{name}/gone", 800, OLD).at(name, "pr-1"),),
    )


def _unheard_of() -> Trap:
    name = "unheard-of"
    return Trap(
        name,
        "config and layers are of types that nobody knows, and the config is no JSON: still a manifest with blobs",
        kept=(unknown_config(f"{name}/kept", OLD).at(name, "1.0"),),
        gone=(unknown_config(f"{name}/gone", OLD).at(name, "pr-1"),),
    )


def _untyped() -> Trap:
    name = "untyped"
    return Trap(
        name,
        "an OCI manifest need not say its own media type",
        kept=(untyped(plain(f"{name}/kept")).at(name, "1.0"),),
        gone=(untyped(plain(f"{name}/gone")).at(name, "pr-1"),),
    )


def _foreign_layers() -> Trap:
    name = "foreign-layers"
    return Trap(
        name,
        "a foreign layer is fetched from elsewhere: the registry never had it, so it is neither damage nor freed",
        kept=(_windows(f"{name}/kept").at(name, "1.0"),),
        gone=(_windows(f"{name}/gone").at(name, "pr-1"),),
    )


def _windows(seed: str) -> Document:
    """An image whose first layer is only at its vendor's."""
    far = Blob(layer(f"{seed}/far", 5_000).content, FOREIGN)
    own = layer(f"{seed}/own", 700)
    config = Blob(
        as_json(
            {
                "architecture": "amd64",
                "os": "windows",
                "created": "2024-01-15T12:00:00Z",
                "rootfs": {"type": "layers", "diff_ids": [far.digest, BASE.diff_id, own.diff_id]},
            }
        ),
        DOCKER_CONFIG,
    )
    stored = (BASE.blob(DOCKER.layer), own.blob(DOCKER.layer))
    layers: list[dict[str, Any]] = [
        far.descriptor | {"urls": ["https://vendor.example/layer"]},
        *(blob.descriptor for blob in stored),
    ]
    body = {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config.descriptor, "layers": layers}
    return Document(as_json(body), DOCKER_MANIFEST, (config, *stored))
