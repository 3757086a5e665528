"""Docker schema 1 lies in registries that are old enough. Only 2.8 takes it, and only if it is told to; 3.x refuses.

It is kept, and said, and what it names stays: nobody writes it any more, so nobody would push it again.
"""

from __future__ import annotations

import base64
import json

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from regsweep.core.oci import ACCEPT, DOCKER_SCHEMA1_SIGNED
from regsweep.demo.documents import Blob, sha256
from regsweep.demo.push import Pusher
from tests.command_line import CommandLine
from tests.registry.conftest import StartService
from tests.registry.traps.proof import differences, on_disk
from tests.registry.traps.trap import plain
from tests.registry.traps.whole import needed, spec

NAME = "old/app"
TIMEOUT = (5.0, 60.0)


def test_schema_1_stays_with_all_that_it_names(regsweep: CommandLine, start_service: StartService) -> None:
    registry, commands = start_service(env={"REGISTRY_COMPATIBILITY_SCHEMA1_ENABLED": "true"})
    kept, gone = plain("schema1/kept"), plain("schema1/gone")
    shared = gone.blobs[-1]
    with Pusher(registry.url) as pusher:
        pusher.push_all([kept.at(NAME, "1.0"), gone.at(NAME, "pr-2")])
    payload = schema1(shared)
    address = f"{registry.url}/v2/{NAME}/manifests/pr-1"
    answer = requests.put(
        address, data=signed(payload), headers={"Content-Type": DOCKER_SCHEMA1_SIGNED}, timeout=TIMEOUT
    )
    if registry.version().startswith("3."):
        assert answer.status_code == 400, answer.text
        return
    assert answer.status_code == 201, answer.text
    ended = regsweep("apply", "-f", regsweep.policy(registry.url, **spec(())), "--yes", "-o", "json", *commands)
    assert (ended.code, ended.report()["reason"]) == (0, "Collected"), ended.err
    codes = [finding["code"] for finding in ended.report()["findings"]]
    assert [code for code in codes if not code.startswith("hint.")] == ["protected.unknown-type", "sweep.unheard"]
    found = requests.get(address, headers={"Accept": ", ".join((*ACCEPT, DOCKER_SCHEMA1_SIGNED))}, timeout=TIMEOUT)
    assert (found.status_code, found.headers["Docker-Content-Digest"]) == (200, sha256(payload))
    ideal = needed([kept.at(NAME)]) | {sha256(payload): len(payload), shared.digest: len(shared.content)}
    assert list(differences(on_disk(registry.storage), ideal, ())) == []


def schema1(layer: Blob) -> bytes:
    """What is signed. Source: Docker image manifest version 2, schema 1."""
    body = {
        "schemaVersion": 1,
        "name": NAME,
        "tag": "pr-1",
        "architecture": "amd64",
        "fsLayers": [{"blobSum": layer.digest}],
        "history": [{"v1Compatibility": json.dumps({"id": "0" * 64, "created": "2015-01-15T12:00:00Z"})}],
    }
    return json.dumps(body, indent=3).encode()


def signed(payload: bytes) -> bytes:
    """The document with a signature inside, as Docker signed it: a JSON Web Signature whose payload is around it."""
    key, tail = ec.generate_private_key(ec.SECP256R1()), b"\n}"
    head = payload.removesuffix(tail)
    protected = _base64url(json.dumps({"formatLength": len(head), "formatTail": _base64url(tail)}).encode())
    pair = decode_dss_signature(key.sign(f"{protected}.{_base64url(payload)}".encode(), ec.ECDSA(hashes.SHA256())))
    numbers = key.public_key().public_numbers()
    x, y = (_base64url(number.to_bytes(32)) for number in (numbers.x, numbers.y))
    signature = {
        "header": {"jwk": {"kty": "EC", "crv": "P-256", "x": x, "y": y}, "alg": "ES256"},
        "signature": _base64url(b"".join(number.to_bytes(32) for number in pair)),
        "protected": protected,
    }
    return head + b',\n   "signatures": ' + json.dumps([signature]).encode() + tail


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
