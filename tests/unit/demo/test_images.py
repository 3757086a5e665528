"""What is made is what registries and tools call by that name, and the same again for the same arguments."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.demo.accessories import (
    EPOCH,
    artifact,
    attested,
    buildx_cache,
    cosign,
    helm_chart,
    referrer,
    referrers_of,
    signature_of,
    subject_tag,
    untyped,
)
from regsweep.demo.documents import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCUMENT_TYPES,
    OCI_INDEX,
    OCI_MANIFEST,
    Document,
)
from regsweep.demo.images import DOCKER, OCI, Created, Format, image, image_on, index, layer, multi_platform
from regsweep.demo.kinds import kinds

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE = layer("base", 1_000)
KINDS = kinds("team/app", NOW)


def body(document: Document) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(document.content)
    return parsed


def config(document: Document) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(document.blobs[0].content)
    return parsed


@given(st.integers(0, 5_000), st.booleans())
def test_a_layer_is_a_gzipped_tar_of_one_file_of_its_size(size: int, compressible: bool) -> None:
    made = layer("any", size, compressible=compressible)
    tar = gzip.decompress(made.content)
    with tarfile.open(fileobj=io.BytesIO(tar)) as files:
        (member,) = files.getmembers()
    assert member.size == size
    assert made.diff_id == "sha256:" + hashlib.sha256(tar).hexdigest()
    assert 0 <= len(made.content) - size < 3_000


@pytest.mark.parametrize(("compressible", "packs"), [(True, True), (False, False)], ids=["text", "noise"])
def test_only_a_compressible_layer_packs(compressible: bool, packs: bool) -> None:
    content = layer("seed", 100_000, compressible=compressible).content
    assert (len(gzip.compress(content)) < 10_000) is packs


def test_the_same_seed_gives_the_same_layer() -> None:
    assert layer("a", 500) == layer("a", 500)
    assert layer("a", 500).diff_id != layer("b", 500).diff_id


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (NOW, "2026-03-01T12:00:00Z"),
        (NOW.astimezone(timezone(timedelta(hours=8))), "2026-03-01T12:00:00Z"),
        (EPOCH, "1970-01-01T00:00:00Z"),
        ("last tuesday", "last tuesday"),
        (None, None),
    ],
    ids=["time", "other zone", "epoch", "nonsense", "none"],
)
def test_created_is_written_as_told(created: Created, expected: str | None) -> None:
    assert config(image((BASE,), created)).get("created") == expected


@pytest.mark.parametrize(
    ("form", "single", "several"),
    [(OCI, OCI_MANIFEST, OCI_INDEX), (DOCKER, DOCKER_MANIFEST, DOCKER_LIST)],
    ids=["OCI", "Docker"],
)
def test_the_media_types_of_a_format(form: Format, single: str, several: str) -> None:
    made = multi_platform(BASE, "seed", NOW, count=3, form=form)
    assert (made.media_type, body(made)["mediaType"]) == (several, several)
    assert [entry["mediaType"] for entry in body(made)["manifests"]] == [single] * 3
    assert {entry["platform"]["architecture"] for entry in body(made)["manifests"]} == {"amd64", "arm64", "arm"}
    assert len({child.blobs[1].digest for child in made.children}) == 1
    assert len({child.digest for child in made.children}) == 3


def test_an_image_names_its_config_and_layers() -> None:
    own = layer("own", 10)
    made = image((BASE, own), NOW)
    assert body(made)["config"] == made.blobs[0].descriptor
    assert body(made)["layers"] == [blob.descriptor for blob in made.blobs[1:]]
    assert config(made)["rootfs"]["diff_ids"] == [BASE.diff_id, own.diff_id]


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_names_exactly_what_it_carries(kind: str) -> None:
    for document in KINDS[kind].document.documents():
        parsed = body(document)
        named = [parsed[part] for part in ("config",) if part in parsed]
        named += parsed.get("layers", []) + parsed.get("manifests", [])
        carried = {blob.digest: len(blob.content) for blob in document.blobs}
        carried |= {child.digest: len(child.content) for child in document.children}
        assert {entry["digest"]: entry["size"] for entry in named} == carried
        assert document.media_type in DOCUMENT_TYPES


def test_kinds_have_names_and_digests_of_their_own() -> None:
    assert len({each.digest for each in KINDS.values()}) == len(KINDS)
    tags = [tag for each in KINDS.values() for tag in each.tags]
    assert len(set(tags)) == len(tags)
    assert {kind for kind, each in KINDS.items() if not each.tags} == {"untagged"}


def test_the_same_time_gives_the_same_kinds_and_each_repository_its_own() -> None:
    assert kinds("team/app", NOW) == KINDS
    others = kinds("team/other", NOW)
    same = {kind for kind in KINDS if KINDS[kind].digest == others[kind].digest}
    assert same == {"empty-index", "helm-chart"}


def test_documents_come_children_first() -> None:
    inner = multi_platform(BASE, "inner", NOW)
    outer = index((inner,))
    assert [each.digest for each in outer.documents()] == [
        *(child.digest for child in inner.children),
        inner.digest,
        outer.digest,
    ]


def test_sizes_count_what_is_shared_once() -> None:
    made = multi_platform(BASE, "seed", NOW)
    assert len(made.sizes()) == 1 + 2 + 2 + 1 + 2  # index, manifests, configs, the base, own layers
    assert made.sizes()[made.digest] == len(made.content)


# --------------------------------------------------------------------------------------------- accessories


def test_an_attestation_names_its_image_and_an_unknown_platform() -> None:
    images = (image((BASE,), NOW, label="a"), image((BASE,), NOW, label="b"))
    entries = body(attested(images))["manifests"]
    assert [entry["platform"]["os"] for entry in entries] == ["linux", "linux", "unknown", "unknown"]
    notes = [entry["annotations"] for entry in entries[2:]]
    assert [note["vnd.docker.reference.digest"] for note in notes] == [each.digest for each in images]
    assert {note["vnd.docker.reference.type"] for note in notes} == {"attestation-manifest"}


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
def test_the_tag_of_what_belongs_to_an_image(suffix: str) -> None:
    made = image_on((), "subject", NOW)
    assert subject_tag(made, suffix) == f"sha256-{made.digest.removeprefix('sha256:')}{suffix}"


def test_a_signature_lies_beside_its_image_and_says_no_time() -> None:
    signed = image_on((), "signed", NOW).at("team/app", "v1")
    signature = signature_of(signed)
    assert (signature.repository, signature.tags) == ("team/app", (subject_tag(signed.document, ".sig"),))
    assert config(signature.document)["created"] == EPOCH
    assert "subject" not in body(signature.document)
    assert cosign(signed.document, suffix=".att").digest != signature.digest


def test_a_referrer_names_its_subject_and_the_fallback_index_names_the_referrers() -> None:
    referred = multi_platform(BASE, "referred", NOW).at("team/app", "v1")
    fallback = referrers_of(referred, created=NOW)
    assert fallback.tags == (subject_tag(referred.document),)
    for child, entry in zip(fallback.document.children, body(fallback.document)["manifests"], strict=True):
        assert body(child)["subject"] == {
            "mediaType": OCI_INDEX,
            "digest": referred.digest,
            "size": len(referred.document.content),
        }
        assert entry["artifactType"] == body(child)["artifactType"]


def test_the_subject_of_a_referrer_carries_no_platform() -> None:
    assert "platform" not in body(referrer(image((BASE,), NOW), "application/x"))["subject"]


def test_a_build_cache_lists_blobs_as_if_they_were_manifests() -> None:
    made = buildx_cache((BASE, layer("more", 10)))
    entries = body(made)["manifests"]
    assert [entry["digest"] for entry in entries] == [blob.digest for blob in made.blobs]
    assert not {entry["mediaType"] for entry in entries} & set(DOCUMENT_TYPES)


@pytest.mark.parametrize(
    "made",
    [helm_chart("web", "1.0.0", NOW), artifact("application/x", "seed", 10, NOW)],
    ids=["chart", "artifact"],
)
def test_an_artifact_says_its_time_in_an_annotation(made: Document) -> None:
    assert body(made)["annotations"] == {"org.opencontainers.image.created": "2026-03-01T12:00:00Z"}
    assert "created" not in config(made)


def test_an_untyped_manifest_says_nothing_of_its_media_type() -> None:
    typed = image((BASE,), NOW)
    assert body(untyped(typed)) == {key: value for key, value in body(typed).items() if key != "mediaType"}
    assert untyped(typed).media_type == OCI_MANIFEST
