"""The registry deletes by digest, and stores each blob once: what two names share must outlive the first of them."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.demo.documents import OCI_CONFIG, OCI_LAYER, Blob, as_json
from regsweep.demo.images import DOCKER, OCI, image, layer, manifest
from tests.registry.traps.trap import BASE, OLD, Trap, plain, rule


def traps() -> Iterator[Trap]:
    yield _shared_digest()
    yield _shared_layers()
    yield _same_manifest_in_two_repositories()
    yield _mounted_layers()
    yield _layer_is_a_manifest()
    yield _one_config_for_two()
    yield _two_formats_of_one_image()
    yield _two_tags_are_one_image()


def _shared_digest() -> Trap:
    name, both, alone = "shared-digest", plain("shared-digest/both"), plain("shared-digest/alone")
    return Trap(
        name,
        "a DELETE by one tag's digest takes every tag on that digest",
        kept=(both.at(name, "pr-1", "1.0"),),
        gone=(alone.at(name, "pr-2", "pr-3"),),
    )


def _shared_layers() -> Trap:
    name, common = "shared-layers", layer("shared-layers/common", 3_000)
    return Trap(
        name,
        "what an image that goes shares with one that stays is neither swept nor promised",
        kept=(plain("shared-layers/kept", layers=(BASE, common)).at(name, "1.0"),),
        gone=(plain("shared-layers/gone", layers=(BASE, common, layer("shared-layers/own", 900))).at(name, "pr-1"),),
    )


def _same_manifest_in_two_repositories() -> Trap:
    name, promoted = "same-manifest", plain("same-manifest")
    return Trap(
        name,
        "a promoted image has the same digest in two repositories: it goes from one of them only",
        kept=(promoted.at(f"{name}/production", "1.0"),),
        gone=(
            promoted.at(f"{name}/development", "pr-1"),
            plain("same-manifest/other").at(f"{name}/development", "pr-2"),
        ),
    )


def _mounted_layers() -> Trap:
    name, mounted = "mounted-layers", layer("mounted-layers", 2_500)
    return Trap(
        name,
        "layers were mounted from the repository that is cleaned into one that is not",
        kept=(plain("mounted-layers/target", layers=(mounted,)).at(f"{name}/target", "1.0"),),
        gone=(plain("mounted-layers/source", layers=(mounted,)).at(f"{name}/source", "pr-1"),),
    )


def _layer_is_a_manifest() -> Trap:
    name, inner = "layer-is-a-manifest", plain("layer-is-a-manifest/inner")
    config = Blob(
        as_json({"created": "2024-01-15T12:00:00Z", "rootfs": {"type": "layers", "diff_ids": []}}), OCI_CONFIG
    )
    outer = manifest(config, (Blob(inner.content, OCI_LAYER),))
    return Trap(
        name,
        "in 2.8 a DELETE of a manifest takes the layer link of the same digest with it, and the image around it breaks",
        kept=(inner.at(name, "pr-inner"), outer.at(name, "1.0")),
        gone=(plain("layer-is-a-manifest/other").at(name, "pr-2"),),
    )


def _one_config_for_two() -> Trap:
    name, content = "one-config", layer("one-config/content", 1_500)
    packed = layer("one-config/packed", 1_600)
    kept = image((content,), OLD, label="one-config")
    return Trap(
        name,
        "two manifests have one config and other layers, as after a change of compression",
        kept=(kept.at(name, "1.0"),),
        gone=(manifest(kept.blobs[0], (packed.blob(OCI_LAYER),)).at(name, "pr-packed"),),
    )


def _two_formats_of_one_image() -> Trap:
    name, content = "two-formats", layer("two-formats/content", 1_200)
    return Trap(
        name,
        "the Docker and the OCI form of one image share their layers under different media types",
        kept=(plain("two-formats", form=OCI, layers=(content,)).at(name, "oci"),),
        gone=(plain("two-formats", form=DOCKER, layers=(content,)).at(name, "pr-docker"),),
    )


def _two_tags_are_one_image() -> Trap:
    name = "two-tags-one-image"
    return Trap(
        name,
        "the newest image has three tags: counted as three, they push the one before it out",
        kept=(
            plain(f"{name}/c", "2024-03-03T00:00:00Z").at(name, "3", "3.0", "3.0.0"),
            plain(f"{name}/b", "2024-03-02T00:00:00Z").at(name, "2"),
        ),
        gone=(plain(f"{name}/a", "2024-03-01T00:00:00Z").at(name, "1"),),
        rules=(rule(name, latest=2, orderBy="CreatedTime"),),
    )
