"""PUT of a manifest: once, with its media type, and what every answer to it means."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from regsweep.clients.registry import Putter, Target
from regsweep.core.oci import OCI_MANIFEST, digest_of
from regsweep.errors import (
    InvalidInput,
    RegistryDenied,
    RegistryError,
    RegistryMisbehaved,
    RegistryReadOnly,
    RegistryUnreachable,
)
from tests.unit.clients.conftest import Asked, Reply, Server, as_json, registry_error

StartServer = Callable[..., Server]

BODY = b'{"schemaVersion": 2}'
DIGEST = digest_of(BODY)
TAKEN = Reply(201, b"", {"Docker-Content-Digest": DIGEST})
THERE = Reply(200, b"", {"Docker-Content-Digest": DIGEST})
READ_ONLY = Reply(405, b"Method not allowed\n", {"Content-Type": "text/plain", "Allow": "GET, HEAD"})


def errors(*details: object) -> Reply:
    return as_json({"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "detail": detail} for detail in details]}, 400)


def put(server: Server, reference: str = "v1", body: bytes = BODY) -> tuple[str, ...] | None:
    with Putter(Target(server.url, timeout=(1, 1))) as putter:
        return putter.put_manifest("team/app", reference, body, OCI_MANIFEST)


@pytest.mark.parametrize("reference", ["v1", DIGEST])
def test_the_bytes_go_as_they_are(reference: str, start_server: StartServer) -> None:
    server = start_server(lambda _: TAKEN)
    assert put(server, reference) is None
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("PUT", f"/v2/team/app/manifests/{reference}", BODY)
    assert asked.headers["Content-Type"] == OCI_MANIFEST
    assert "Accept" not in asked.headers


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        (errors(digest_of(b"a"), digest_of(b"b")), (digest_of(b"a"), digest_of(b"b"))),
        (errors({"digest": digest_of(b"a")}), (digest_of(b"a"),)),
        (errors(None, "nonsense", {}), ()),
    ],
    ids=["texts", "object", "nothing that is a digest"],
)
def test_what_the_registry_has_not_is_named(reply: Reply, missing: tuple[str, ...], start_server: StartServer) -> None:
    assert put(start_server(lambda _: reply)) == missing


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (READ_ONLY, RegistryReadOnly, "nothing can be put back"),
        (registry_error(405, "UNSUPPORTED"), RegistryReadOnly, "pull-through cache"),
        (registry_error(403, "DENIED"), RegistryDenied, "do not have that right"),
        (registry_error(400, "MANIFEST_INVALID"), RegistryMisbehaved, "MANIFEST_INVALID"),
        (registry_error(500, "UNKNOWN"), RegistryUnreachable, "500"),
    ],
    ids=["read-only", "unsupported", "403", "invalid", "500"],
)
def test_every_other_answer_is_an_error(
    reply: Reply, kind: type[RegistryError], words: str, start_server: StartServer
) -> None:
    server = start_server(lambda _: reply)
    with pytest.raises(kind, match=words):
        put(server)
    assert [asked.method for asked in server.asked] == ["PUT"]


@pytest.mark.parametrize("stands", [True, False])
def test_without_an_answer_a_look_tells(stands: bool, start_server: StartServer, no_pauses: None) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.method == "PUT":
            return Reply(hang_up=True)
        return THERE if stands else registry_error(404, "MANIFEST_UNKNOWN")

    server = start_server(answer)
    if stands:
        assert put(server) is None
    else:
        with pytest.raises(RegistryUnreachable, match="do the restore again"):
            put(server)
    assert [asked.method for asked in server.asked].count("PUT") == 1


def test_bytes_of_another_digest_are_never_sent(start_server: StartServer) -> None:
    server = start_server(lambda _: TAKEN)
    with pytest.raises(InvalidInput, match="not its bytes"):
        put(server, digest_of(b"another"))
    assert server.asked == []


def test_the_right_to_push_is_asked_for(start_server: StartServer) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            return as_json({"token": "letmein"})
        if "Authorization" in asked.headers:
            return TAKEN
        realm = f'Bearer realm="{server.url}/token",service="r"'
        return registry_error(401, "UNAUTHORIZED", WWW_Authenticate=realm)

    server = start_server(answer)
    assert put(server) is None
    (token,) = [asked for asked in server.asked if asked.path == "/token"]
    assert ("scope", "repository:team/app:pull,push") in token.query


@pytest.mark.parametrize(
    ("reply", "reads"),
    [
        (Reply(206, b"x"), True),
        (Reply(200, b"x"), True),
        (Reply(416, b""), True),
        (registry_error(404, "BLOB_UNKNOWN"), False),
        (Reply(404, b"<Error>NoSuchKey</Error>"), False),
        (Reply(206, b"x", cut=1), False),
    ],
    ids=["a byte", "all of it", "empty blob", "unknown", "gone from the storage", "a cache that lies"],
)
def test_a_blob_is_there_when_a_byte_of_it_comes(
    reply: Reply, reads: bool, start_server: StartServer, no_pauses: None
) -> None:
    server = start_server(lambda _: reply)
    with Putter(Target(server.url)) as putter:
        assert putter.reads_blob("a", DIGEST) is reads
    assert server.asked[0].headers["Range"] == "bytes=0-0"


def test_a_registry_that_fails_is_not_taken_for_one_without_the_blob(
    start_server: StartServer, no_pauses: None
) -> None:
    server = start_server(lambda _: registry_error(500, "UNKNOWN"))
    with Putter(Target(server.url)) as putter, pytest.raises(RegistryUnreachable):
        putter.reads_blob("a", DIGEST)
