"""What faults of a registry or of something between become: an error that says so, and never a wrong answer."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable

import pytest

from regsweep.clients.registry import Head, Reader, Target
from regsweep.clients.registry.connections import proxy_for
from regsweep.core.oci import ACCEPT, DOCKER_SCHEMA1_SIGNED, OCI_MANIFEST, digest_of
from regsweep.errors import NotARegistry, RegistryError, RegistryMisbehaved, RegistryUnreachable
from tests.unit.clients.conftest import CONTENT, Asked, Reply, Server, as_json, registry_error

StartServer = Callable[..., Server]
Ask = Callable[[Reader], object]

BODY = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST}).encode()
DIGEST = digest_of(BODY)
PAGE = Reply(200, b"<!doctype html><title>Welcome</title>", {"Content-Type": "text/html"})

ALL: dict[str, Ask] = {
    "ping": lambda reader: reader.ping(),
    "repositories": lambda reader: list(reader.repositories()),
    "tags": lambda reader: reader.tags("a"),
    "head": lambda reader: reader.head("a", "latest"),
    "dangling": lambda reader: reader.dangling("a", "latest"),
    "manifest": lambda reader: reader.manifest("a", "latest"),
    "config": lambda reader: reader.config("a", DIGEST),
    "blob": lambda reader: reader.has_blob("a", DIGEST),
}
ask_everything = pytest.mark.parametrize("ask", ALL.values(), ids=ALL)


def manifest(body: bytes = BODY, **headers: str) -> Reply:
    kind = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest_of(body), **CONTENT}
    return Reply(200, body, {**kind, **{name.replace("_", "-"): value for name, value in headers.items()}})


def raised(url: str, ask: Ask, kind: type[RegistryError], **target: object) -> str:
    with Reader(Target(url, **target)) as reader, pytest.raises(kind) as caught:  # type: ignore[arg-type]
        ask(reader)
    message = str(caught.value)
    assert "\n" not in message
    assert url in message
    return message


def test_a_manifest_is_asked_for_with_all_four_types(start_server: StartServer):
    server = start_server(lambda _: manifest())
    with Reader(Target(server.url)) as reader:
        assert reader.head("a/b", "latest") == Head(DIGEST, OCI_MANIFEST, len(BODY))
        fetched = reader.manifest("a/b", DIGEST)
    assert fetched is not None
    assert (fetched.body, fetched.digest, fetched.media_type) == (BODY, DIGEST, OCI_MANIFEST)
    assert {asked.headers["Accept"] for asked in server.asked} == {", ".join(ACCEPT)}
    assert [asked.path for asked in server.asked] == ["/v2/a/b/manifests/latest", f"/v2/a/b/manifests/{DIGEST}"]
    assert server.asked[0].headers["User-Agent"].startswith("regsweep/")


@ask_everything
def test_nobody_there(ask: Ask, no_pauses: None):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    raised(f"http://127.0.0.1:{port}", ask, RegistryUnreachable)


@ask_everything
def test_no_http(ask: Ask, talk_nonsense: str, no_pauses: None):
    assert "no HTTP is spoken" in raised(talk_nonsense, ask, NotARegistry)


@ask_everything
def test_a_web_page_with_404(ask: Ask, start_server: StartServer):
    server = start_server(lambda _: Reply(404, PAGE.body, PAGE.headers))
    raised(server.url, ask, NotARegistry)


@pytest.mark.parametrize("name", ["ping", "repositories", "tags"])
def test_a_web_page_instead_of_json(name: str, start_server: StartServer):
    server = start_server(lambda _: PAGE)
    raised(server.url, ALL[name], NotARegistry)


@pytest.mark.parametrize("name", ["manifest", "config"])
def test_a_web_page_instead_of_content_of_a_digest(name: str, start_server: StartServer):
    server = start_server(lambda asked: Reply(200, PAGE.body, {"Docker-Content-Digest": DIGEST}))
    raised(server.url, ALL[name], RegistryMisbehaved)


@ask_everything
@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_error_is_never_an_absence(ask: Ask, status: int, start_server: StartServer, no_pauses: None):
    server = start_server(lambda _: registry_error(status, "UNKNOWN"))
    assert str(status) in raised(server.url, ask, RegistryUnreachable)


@ask_everything
def test_what_is_busy_is_asked_again(ask: Ask, start_server: StartServer, no_pauses: None):
    """One 503 between is nobody's error."""
    answers = {True: 1}

    def answer(asked: Asked) -> Reply:
        if answers.pop(True, None):
            return registry_error(503, "UNAVAILABLE", Retry_After="1")
        if "/blobs/" in asked.path or "/manifests/" in asked.path:
            return manifest()
        return as_json({"tags": [], "repositories": []})

    server = start_server(answer)
    with Reader(Target(server.url)) as reader:
        if ask is ALL["repositories"]:
            with pytest.raises(RegistryUnreachable):  # pages are asked for once: a hang-up means something there
                ask(reader)
        else:
            ask(reader)


@pytest.mark.parametrize("name", ["head", "manifest"])
def test_a_404_that_is_not_the_registrys_is_no_absence(name: str, start_server: StartServer):
    server = start_server(lambda _: Reply(404, b"default backend - 404", {"Content-Type": "text/plain"}))
    assert "404" in raised(server.url, ALL[name], RegistryMisbehaved)


@pytest.mark.parametrize("code", ["MANIFEST_UNKNOWN", "NAME_UNKNOWN"])
def test_a_real_404_is_an_absence(code: str, start_server: StartServer):
    server = start_server(lambda _: registry_error(404, code))
    with Reader(Target(server.url)) as reader:
        assert (reader.head("a", "latest"), reader.manifest("a", DIGEST)) == (None, None)


def test_a_blob_that_is_not_there(start_server: StartServer):
    server = start_server(lambda _: registry_error(404, "BLOB_UNKNOWN"))
    with Reader(Target(server.url)) as reader:
        assert (reader.has_blob("a", DIGEST), reader.config("a", DIGEST)) == (False, None)


@pytest.mark.parametrize("reference", ["lost+found", "a b", "../b", ".", "x" * 129, "sha256:abc", "é", ""])
def test_a_reference_that_cannot_be_is_absent_and_not_asked_for(reference: str, start_server: StartServer):
    server = start_server(lambda _: manifest())
    with Reader(Target(server.url)) as reader:
        assert (reader.head("a", reference), reader.manifest("a", reference)) == (None, None)
    assert server.asked == []


@pytest.mark.parametrize("name", ["../a", "A", "a//b", "a/", "", "a?x", "a" * 256, "-a"])
def test_a_repository_that_cannot_be_is_not_asked_for(name: str, start_server: StartServer):
    server = start_server(lambda _: manifest())
    with Reader(Target(server.url)) as reader, pytest.raises(RegistryMisbehaved, match="is no name of a repository"):
        reader.manifest(name, "latest")
    assert server.asked == []


@pytest.mark.parametrize(
    ("reference", "reply"),
    [
        ("latest", manifest(Docker_Content_Digest="sha256:" + 64 * "1")),
        ("latest", manifest(Docker_Content_Digest="md5:1")),
        ("sha256:" + 64 * "1", manifest()),
        ("sha256:" + 64 * "1", Reply(200, BODY, {"Content-Type": OCI_MANIFEST})),
    ],
    ids=["header lies", "header is none", "other content", "other content, no header"],
)
def test_bytes_that_are_not_what_their_digest_says(reference: str, reply: Reply, start_server: StartServer):
    server = start_server(lambda _: reply)
    raised(server.url, lambda reader: reader.manifest("a", reference), RegistryMisbehaved)


def test_a_config_with_other_bytes(start_server: StartServer):
    server = start_server(lambda _: Reply(200, b"other"))
    assert "other bytes" in raised(server.url, ALL["config"], RegistryMisbehaved)


@pytest.mark.parametrize("name", ["manifest", "config"])
def test_five_mebibytes_are_refused(name: str, start_server: StartServer):
    server = start_server(lambda _: manifest(b" " * (5 << 20)))
    assert "larger than 4194304 bytes" in raised(server.url, ALL[name], RegistryMisbehaved)


@pytest.mark.parametrize("name", ["ping", "tags", "repositories", "manifest", "config"])
def test_half_a_body(name: str, start_server: StartServer, no_pauses: None):
    server = start_server(lambda _: Reply(200, BODY, {"Content-Type": "application/json"}, cut=10))
    raised(server.url, ALL[name], RegistryMisbehaved)


@pytest.mark.parametrize("name", ["ping", "manifest", "config"])
def test_a_body_that_was_cut_once_is_asked_for_again(name: str, start_server: StartServer, no_pauses: None):
    cuts = [10]

    def answer(_: Asked) -> Reply:
        return Reply(200, BODY, {"Content-Type": "application/json"}, cut=cuts.pop() if cuts else 0)

    server = start_server(answer)
    with Reader(Target(server.url)) as reader:
        ALL[name](reader)
    assert len(server.asked) == 2


@ask_everything
def test_a_registry_that_hangs_up(ask: Ask, start_server: StartServer, no_pauses: None):
    server = start_server(lambda _: Reply(hang_up=True))
    raised(server.url, ask, RegistryUnreachable)


@pytest.mark.parametrize("name", ["ping", "tags", "manifest"])
def test_a_body_that_trickles(name: str, start_server: StartServer):
    server = start_server(lambda _: Reply(200, BODY, {"Content-Type": "application/json"}, pause=0.05))
    assert "too slowly" in raised(server.url, ALL[name], RegistryUnreachable, timeout=(1, 0.3))


def test_no_answer_in_time(start_server: StartServer, no_pauses: None):
    def late(_: Asked) -> Reply:
        time.sleep(0.5)
        return as_json({})

    server = start_server(late)
    assert "no answer in time" in raised(server.url, ALL["ping"], RegistryUnreachable, timeout=(1, 0.1))


@pytest.mark.parametrize(
    "document",
    [[], {}, {"tags": {}}, {"tags": [1]}, {"tags": [""]}, {"tags": "x"}, 7, None],
    ids=["list", "nothing", "object", "numbers", "empty name", "text", "number", "null"],
)
def test_json_that_is_no_list_of_tags(document: object, start_server: StartServer):
    server = start_server(lambda _: as_json(document))
    assert "without a list of tags" in raised(server.url, ALL["tags"], RegistryMisbehaved)


@pytest.mark.parametrize(
    "body", [b'{"tags": ["a"', b"[" * 100_000, b"\xff\xfe", b""], ids=["half", "deep", "bytes", "none"]
)
def test_no_json(body: bytes, start_server: StartServer):
    server = start_server(lambda _: Reply(200, body, {"Content-Type": "application/json"}))
    assert "half a page or no JSON" in raised(server.url, ALL["tags"], RegistryMisbehaved)


def test_a_head_without_a_digest_is_asked_again_by_get(start_server: StartServer):
    server = start_server(lambda _: Reply(200, BODY, {"Content-Type": OCI_MANIFEST}))
    with Reader(Target(server.url)) as reader:
        assert reader.head("a", "latest") == Head(DIGEST, OCI_MANIFEST, len(BODY))
    assert [asked.method for asked in server.asked] == ["HEAD", "GET"]


UNKNOWN = "unknown manifest name=a revision="
DANGLING = [
    pytest.param(404, {"Name": "a", "Revision": DIGEST}, DIGEST, id="2.8"),
    pytest.param(404, f"{UNKNOWN}{DIGEST}", DIGEST, id="3"),
    pytest.param(404, {"Tag": "latest"}, None, id="no such tag, 2.8"),
    pytest.param(404, "unknown tag=latest", None, id="no such tag, 3"),
    pytest.param(404, None, None, id="nothing more is said"),
]


@pytest.mark.parametrize(("status", "detail", "digest"), DANGLING)
def test_a_tag_without_its_manifest_says_which_one(start_server: StartServer, status: int, detail: object, digest: str):
    error = {"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": detail}
    server = start_server(lambda _: as_json({"errors": [error]}, status))
    with Reader(Target(server.url)) as reader:
        assert reader.dangling("a", "latest") == digest
        assert reader.dangling("a", "no tag") is None
    assert len(server.asked) == 1


def test_a_tag_whose_manifest_is_there_dangles_not(start_server: StartServer):
    server = start_server(lambda _: manifest())
    with Reader(Target(server.url)) as reader:
        assert reader.dangling("a", "latest") is None


def test_a_head_with_a_digest_that_is_none(start_server: StartServer):
    server = start_server(lambda _: manifest(Docker_Content_Digest="sha256:no"))
    raised(server.url, ALL["head"], RegistryMisbehaved)


def test_the_digest_of_a_signed_schema_1_manifest_is_of_what_was_signed(start_server: StartServer):
    payload = b'{\n   "schemaVersion": 1,\n   "name": "a"\n}'
    head, tail = payload[:-2], payload[-2:]

    def base64url(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    protected = base64url(json.dumps({"formatLength": len(head), "formatTail": base64url(tail)}).encode())
    body = head + b',\n   "signatures": [{"protected": "' + protected.encode() + b'"}]\n}'
    headers = {"Content-Type": DOCKER_SCHEMA1_SIGNED, "Docker-Content-Digest": digest_of(payload)}
    server = start_server(lambda _: Reply(200, body, headers))
    with Reader(Target(server.url)) as reader:
        fetched = reader.manifest("a", digest_of(payload))
    assert fetched is not None
    assert fetched.body == payload


@pytest.mark.parametrize(
    ("reply", "writable"),
    [
        (Reply(200, b"", {"Allow": "DELETE, GET, HEAD, PUT"}), True),
        (Reply(200, b"", {"Allow": "GET, HEAD"}), False),
        (Reply(204, b"", {"Allow": "OPTIONS, GET"}), None),
        (Reply(200, b"", {}), None),
        (Reply(405, b"", {"Allow": "GET, HEAD"}), None),
        (Reply(200, b"", {"Allow": "OPTIONS, POST"}), None),
    ],
    ids=["writable", "read-only", "a proxy's 204", "no Allow", "405", "other methods"],
)
def test_whether_it_takes_pushes(reply: Reply, writable: bool | None, start_server: StartServer):
    server = start_server(lambda _: reply)
    with Reader(Target(server.url)) as reader:
        assert reader.writable() is writable


def test_the_pace_is_kept(start_server: StartServer):
    server = start_server(lambda _: as_json({}))
    with Reader(Target(server.url, requests_per_second=20)) as reader:
        begin = time.monotonic()
        for _ in range(6):
            reader.ping()
        assert time.monotonic() - begin >= 5 / 20


def test_a_reader_has_no_way_to_delete():
    assert not [name for name in dir(Reader) if "delete" in name.lower()]


@pytest.mark.parametrize(
    ("url", "proxied"),
    [
        ("http://registry.example/", True),
        ("https://registry.example/", False),
        ("http://inside.example/", False),
        ("http://127.0.0.1:5000", False),
        ("http://localhost:5000", False),
    ],
)
def test_the_proxy_of_the_environment(url: str, proxied: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    assert (proxy_for(url) is not None) is proxied
