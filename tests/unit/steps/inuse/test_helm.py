"""What a kept revision of a Helm release names, in YAML as people write it; and what cannot be decoded."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from regsweep.steps.inuse import helm
from regsweep.steps.inuse.helm import release_images
from regsweep.steps.inuse.shapes import Strange
from tests.unit.steps.inuse.objects import DIGEST, release, secret_release

DEPLOYMENT = """\
---
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: "r/web:1.2"
          imagePullPolicy: IfNotPresent
      imagePullSecrets: [{name: login}]
"""

MANIFESTS = [
    ("a deployment", DEPLOYMENT, ["r/web:1.2"]),
    ("nothing", "", []),
    ("several documents", DEPLOYMENT + "---\nimage: r/b:1\n---\n\n---\n[]\n", ["r/web:1.2", "r/b:1"]),
    ("in one line", "{spec: {containers: [{name: a, image: r/a:1}]}}", ["r/a:1"]),
    ("over several lines", "image: >-\n  r/a:1\n", ["r/a:1"]),
    ("quoted", "image: 'r/a:1'\nb: {image: \"r/b:1\"}\n", ["r/a:1", "r/b:1"]),
    ("by an alias", "x: &i r/a:1\ny: {image: *i}\n", ["r/a:1"]),
    ("in an anchor", "x: &c {image: r/a:1}\ny:\n  <<: *c\n", ["r/a:1"]),
    ("a volume", "volumes: [{name: m, image: {reference: r/m:1, pullPolicy: Always}}]", ["r/m:1"]),
    ("under a longer name", f"spec: {{runnerImage: r/a:1, baseImage: r/b@{DIGEST}}}", ["r/a:1", f"r/b@{DIGEST}"]),
    ("no image", "spec: {imagePullPolicy: Always, images: [r/a:1], reference: r/b:1, name: image}", []),
    ("a schema", "properties: {image: {type: string, description: An image.}}", []),
    ("a parameter", "image: $(params.image)", []),
    ("a sentence", "helpImage: Put an image here", []),
    ("null", "image:\n", []),
    ("odd keys", "? [image]\n: r/a:1\n? {image: r/b:1}\n: {image: r/c:1}\n", ["r/b:1", "r/c:1"]),
    ("an empty key", "'': {image: r/a:1}\nimage: r/b:1", ["r/a:1", "r/b:1"]),
]


@pytest.mark.parametrize(("manifest", "images"), [case[1:] for case in MANIFESTS], ids=[case[0] for case in MANIFESTS])
def test_what_is_called_an_image_in_a_manifest_counts(manifest, images):
    assert [image for _, image in release_images(release(manifest)) if image] == images


def test_hooks_count():
    assert [image for _, image in release_images(release("", "image: r/migrate:1", "image: r/test:1"))] == [
        "r/migrate:1",
        "r/test:1",
    ]


def test_a_release_without_compression_counts():
    packed = base64.b64encode(json.dumps({"manifest": "image: r/a:1"}).encode())
    assert [image for _, image in release_images(secret_release(packed))] == ["r/a:1"]


def test_aliases_within_aliases_cost_no_more_than_their_text():
    bomb = "a0: &a0 {image: r/a:1}\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert [image for _, image in release_images(release(bomb))] == ["r/a:1"]


def packed(document: object) -> bytes:
    return base64.b64encode(gzip.compress(json.dumps(document).encode()))


DAMAGED = [
    ("not base64 within", b"%%%", "it is damaged"),
    ("not JSON", base64.b64encode(gzip.compress(b"manifest")), "it is damaged"),
    ("cut", base64.b64encode(gzip.compress(b"{}" * 99)[:-9]), "it is cut"),
    ("not gzip", base64.b64encode(b"\x1f\x8b\x08garbage"), "it is damaged"),
    ("a list", packed([]), "is not an object"),
    ("a manifest that is none", packed({"manifest": 7}), "manifest is not a string"),
    ("hooks that are none", packed({"hooks": "x"}), "hooks is not a list"),
    ("not YAML", packed({"manifest": "{image: [r/a:1}"}), "is not YAML"),
    ("too deep", packed({"manifest": "[" * 100_000}), "nested too deep"),
    ("JSON too deep", base64.b64encode(b"[" * 100_000), "it is damaged"),
]


@pytest.mark.parametrize(("content", "words"), [case[1:] for case in DAMAGED], ids=[case[0] for case in DAMAGED])
def test_a_release_that_cannot_be_decoded_is_not_taken_for_an_empty_one(content, words):
    with pytest.raises(Strange, match=words):
        list(release_images(secret_release(content)))


@pytest.mark.parametrize("data", [None, {}, {"release": None}, {"release": "ä"}, {"release": "%"}], ids=str)
def test_a_secret_without_a_release_is_not_taken_for_an_empty_one(data):
    with pytest.raises(Strange):
        list(release_images({"metadata": {}, "data": data}))


def test_a_release_has_a_size_limit(monkeypatch):
    monkeypatch.setattr(helm, "MAXIMUM_BYTES", 100)
    with pytest.raises(Strange, match="larger than 100 bytes"):
        list(release_images(release("x: " + "y" * 5000)))
