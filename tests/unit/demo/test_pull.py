"""The proof of a whole image believes no answer: a server that lies in any one way is found out."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from regsweep.demo.documents import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, as_json, sha256
from regsweep.demo.images import AMD64, image, index, layer
from regsweep.demo.pull import MANIFEST_LIMIT, Proof
from regsweep.errors import RegistryDenied, RegistryUnreachable

IMAGE = image((layer("only", 100),), datetime(2026, 3, 1, tzinfo=UTC), platform=AMD64)
INDEX = index((IMAGE,))
LAYER = IMAGE.blobs[1]


@dataclass(frozen=True)
class Answer:
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


class Canned(BaseAdapter):
    """Answers by path; a path that nobody prepared is a failure of the test."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__()
        self.answers = answers

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        canned = self.answers[request.path_url.removeprefix("/v2/team/app/")]
        response = requests.Response()
        response.status_code = canned.status
        response.headers.update(canned.headers)
        response.request = request
        response.raw = HTTPResponse(
            io.BytesIO(canned.content),
            headers=canned.headers,
            preload_content=False,
            enforce_content_length=True,
            request_method="GET",
        )
        return response

    def close(self) -> None:
        pass


def document_answer(content: bytes, media_type: str) -> Answer:
    return Answer(content, {"Content-Type": media_type, "Docker-Content-Digest": sha256(content)})


WHOLE = {
    "manifests/v1": document_answer(INDEX.content, OCI_INDEX),
    f"manifests/{IMAGE.digest}": document_answer(IMAGE.content, OCI_MANIFEST),
    **{f"blobs/{blob.digest}": Answer(blob.content) for blob in IMAGE.blobs},
}
CHILD = WHOLE[f"manifests/{IMAGE.digest}"]


def prove(answers: Mapping[str, Answer], reference: str = "v1") -> Proof:
    session = requests.Session()
    session.mount("http://", Canned(answers))
    proof = Proof(session, "http://registry", "team/app", {})
    proof.document(reference)
    return proof


def test_a_whole_image_has_no_fault() -> None:
    proof = prove(WHOLE)
    assert (proof.faults, proof.sizes) == ([], INDEX.sizes())


def typed(media_type: str) -> dict[str, str]:
    return {**CHILD.headers, "Content-Type": media_type}


@pytest.mark.parametrize(
    ("place", "answer", "fault"),
    [
        ("child", replace(CHILD, status=404), "manifest answered 404"),
        ("child", replace(CHILD, status=500), "manifest answered 500"),
        ("child", replace(CHILD, content=b""), "manifest has digest"),
        ("child", replace(CHILD, content=IMAGE.content + b" "), "manifest has digest"),
        ("child", replace(CHILD, headers={"Content-Type": OCI_MANIFEST}), "its header says None"),
        ("child", replace(CHILD, headers=typed("text/html")), "manifest of media type 'text/html'"),
        ("child", replace(CHILD, headers=typed(DOCKER_MANIFEST)), "its index promises"),
        ("child", replace(CHILD, content=bytes(MANIFEST_LIMIT + 1)), f"longer than {MANIFEST_LIMIT} bytes"),
        ("layer", Answer(b""), f"blob has 0 of {len(LAYER.content)} bytes"),
        ("layer", Answer(LAYER.content[:-1]), "blob has"),
        ("layer", Answer(LAYER.content + b"x"), f"longer than {len(LAYER.content)} bytes"),
        ("layer", Answer(bytes(len(LAYER.content))), "and digest"),
        ("layer", Answer(b"half", {"Content-Length": "900"}), "blob broke off after"),
        ("layer", Answer(b"", {"Location": "http://elsewhere/"}, 307), "blob answered 307"),
    ],
    ids=[
        "child gone", "child fails", "child empty", "child changed", "no digest header", "page", "other type",
        "too long", "layer empty", "layer cut", "layer longer", "layer zeroed", "layer breaks off", "redirect",
    ],
)  # fmt: skip
def test_a_lie_is_a_fault(place: str, answer: Answer, fault: str) -> None:
    path = f"manifests/{IMAGE.digest}" if place == "child" else f"blobs/{LAYER.digest}"
    proof = prove({**WHOLE, path: answer})
    assert len(proof.faults) == 1
    assert fault in proof.faults[0]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"no json", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"{}", "cannot be read (KeyError: 'config')"),
        (as_json({"config": {}, "layers": []}), "cannot be read (KeyError: 'digest')"),
        (as_json({"config": None, "layers": []}), "cannot be read"),
        (as_json({"config": {"digest": 1, "size": 1, "mediaType": "x"}, "layers": []}), "cannot be read"),
        (as_json({"mediaType": DOCKER_MANIFEST}), "manifest says it is"),
    ],
    ids=["text", "list", "empty", "no digest", "null", "number", "two types"],
)
def test_a_manifest_that_is_none_is_a_fault(content: bytes, fault: str) -> None:
    proof = prove({"manifests/v1": document_answer(content, OCI_MANIFEST)})
    assert len(proof.faults) == 1
    assert fault in proof.faults[0]


def test_another_manifest_under_the_digest_that_was_asked_for_is_a_fault() -> None:
    proof = prove({f"manifests/{IMAGE.digest}": document_answer(INDEX.content, OCI_INDEX)}, IMAGE.digest)
    assert proof.faults == [f"team/app {IMAGE.digest}: manifest has digest {INDEX.digest}"]


def test_all_faults_are_named_not_only_the_first() -> None:
    gone = Answer(b"", status=404)
    proof = prove({**WHOLE, **{f"blobs/{blob.digest}": gone for blob in IMAGE.blobs}})
    assert proof.faults == [f"team/app {blob.digest}: blob answered 404" for blob in IMAGE.blobs]


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_right_is_not_damage(status: int) -> None:
    with pytest.raises(RegistryDenied):
        prove({**WHOLE, "manifests/v1": Answer(b"", status=status)})


def test_no_connection_is_not_damage() -> None:
    class Dead(Canned):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            raise requests.ConnectionError

    session = requests.Session()
    session.mount("http://", Dead({}))
    with pytest.raises(RegistryUnreachable):
        Proof(session, "http://registry", "team/app", {}).document("v1")
