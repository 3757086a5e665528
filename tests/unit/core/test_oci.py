from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.core.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Kind,
    accessory_subject,
    parse_config_created,
    parse_digest,
    parse_manifest,
    parse_time,
)

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")

TIMES = [
    ("2024-05-01T10:00:00Z", (2024, 5, 1, 10, 0, 0, 0)),
    ("2024-05-01t10:00:00z", (2024, 5, 1, 10, 0, 0, 0)),
    ("2024-05-01T10:00:00.5Z", (2024, 5, 1, 10, 0, 0, 500000)),
    ("2024-05-01T10:00:00.123456789Z", (2024, 5, 1, 10, 0, 0, 123456)),
    ("2024-05-01T10:00:00.1234567890123Z", (2024, 5, 1, 10, 0, 0, 123456)),
    ("2024-05-01T10:00:00+02:00", (2024, 5, 1, 8, 0, 0, 0)),
    ("2024-05-01T01:30:00.25+05:30", (2024, 4, 30, 20, 0, 0, 250000)),
    ("2024-12-31T23:00:00-08:00", (2025, 1, 1, 7, 0, 0, 0)),
    ("0001-01-01T00:00:00Z", (1, 1, 1, 0, 0, 0, 0)),
    (" 2024-05-01T10:00:00Z ", (2024, 5, 1, 10, 0, 0, 0)),
]


@pytest.mark.parametrize(("text", "expected"), TIMES, ids=[text for text, _ in TIMES])
def test_time(text: str, expected: tuple[int, int, int, int, int, int, int]):
    assert parse_time(text) == datetime(*expected, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [None, "", "yesterday", "2024-05-01", "20240501T100000Z", "2024-05-01T10:00:00", "2024-13-01T00:00:00Z",
     "2024-02-30T00:00:00Z", "2024-05-01T25:00:00Z", "2024-05-01T10:00:00+99:00", "0001-01-01T00:00:00+05:00",
     "2024-05-01T10:00:00Z" + " " * 64, "2024-05-01T10:00:00.Z", "1714557600"],
)  # fmt: skip
def test_no_time(text: str | None):
    assert parse_time(text) is None


def test_digest():
    assert parse_digest(A) == A


@pytest.mark.parametrize(
    "text", [None, 7, "", "sha256:abc", A.upper(), A + "\n", "md5:" + "a" * 64, "sha512:" + "a" * 128]
)
def test_no_digest(text: object):
    with pytest.raises(ValueError):
        parse_digest(text)


HEX = "a" * 64
ACCESSORIES = [
    (f"sha256-{HEX}", A), (f"sha256-{HEX}.sig", A), (f"sha256-{HEX}.att", A), (f"sha256-{HEX}.sbom", A),
    (f"cosign-sha256-{HEX}.sig", A), (f"sha256-{HEX}.sigs", None), (f"sha256-{HEX[1:]}", None),
    (f"sha256-{HEX}a", None), (f"sha512-{HEX}", None), ("latest", None), ("sha256-", None),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "expected"), ACCESSORIES, ids=[tag.replace(HEX, "HEX") for tag, _ in ACCESSORIES])
def test_accessory(tag: str, expected: str | None):
    assert accessory_subject(tag) == expected


def body(**document: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, **document}).encode()


def entry(digest: str, media_type: str = OCI_MANIFEST, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": 7, **more}


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
def test_image(media_type: str):
    layers = [entry(B, "layer"), entry(C, "layer")]
    manifest = parse_manifest(body(config=entry(A, "config"), layers=layers, subject=entry(C)), media_type)
    assert (manifest.kind, manifest.subject, manifest.children) == (Kind.IMAGE, C, ())
    assert [blob.digest for blob in manifest.blobs] == [A, B, C]


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_index(media_type: str):
    attestation = entry(B, annotations={"vnd.docker.reference.type": "attestation-manifest"})
    manifest = parse_manifest(body(manifests=[entry(A), attestation]), media_type)
    assert (manifest.kind, manifest.blobs, manifest.attestations) == (Kind.INDEX, (), frozenset({parse_digest(B)}))
    assert [child.digest for child in manifest.children] == [A, B]


def test_a_build_cache_lists_layers_and_they_are_no_children():
    manifest = parse_manifest(
        body(manifests=[entry(A, "layer"), entry(B, "application/vnd.buildkit.cacheconfig.v0")]), OCI_INDEX
    )
    assert manifest.children == ()
    assert [blob.digest for blob in manifest.blobs] == [A, B]


def test_the_document_says_what_it_is():
    assert parse_manifest(body(mediaType=OCI_INDEX, manifests=[]), OCI_MANIFEST).kind is Kind.INDEX
    assert parse_manifest(body(manifests=[]), f"{OCI_INDEX}; charset=utf-8").kind is Kind.INDEX


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, OCI_INDEX])
def test_a_document_of_two_meanings_is_unknown_and_all_that_it_names_is_noticed(media_type: str):
    manifest = parse_manifest(body(mediaType=media_type, manifests=[entry(B)], layers=[entry(A)]), "")
    assert (manifest.kind, manifest.children) == (Kind.UNKNOWN, ())
    assert [blob.digest for blob in manifest.blobs] == [A, B]


def test_schema_1():
    manifest = parse_manifest(json.dumps({"schemaVersion": 1, "fsLayers": [{"blobSum": A}]}).encode(), DOCKER_MANIFEST)
    assert manifest.kind is Kind.SCHEMA1
    assert [blob.digest for blob in manifest.blobs] == [A]


BROKEN = {
    "html": b"<html>", "empty": b"", "list": b"[]", "deep": b"[" * 100_000, "bad-bytes": b"\xff\xfe{}",
    "layers": body(layers={}), "descriptor": body(layers=["x"]), "digest": body(layers=[entry("x")]),
    "size": body(layers=[{**entry(A), "size": -1}]), "huge": body(layers=[{**entry(A), "size": 2**63}]),
    "text-size": body(layers=[{**entry(A), "size": "7"}]), "subject": body(subject={"digest": 1}),
}  # fmt: skip


@pytest.mark.parametrize("broken", list(BROKEN.values()), ids=list(BROKEN))
def test_broken(broken: bytes):
    with pytest.raises(ValueError):
        parse_manifest(broken, OCI_MANIFEST)


@pytest.mark.parametrize(
    ("config", "expected"),
    [(b'{"created":"x"}', "x"), (b'{"created":7}', None), (b"{}", None), (b"tar", None), (b"[]", None)],
)
def test_created_of_a_config(config: bytes, expected: str | None):
    assert parse_config_created(config) == expected
