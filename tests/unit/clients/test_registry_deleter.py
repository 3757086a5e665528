"""DELETE: by digest, once, and what every answer to it means."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from regsweep.clients.registry import Deleter, DeleteState, Target, delete_setting, probe_deletes
from regsweep.clients.registry import deleter as module
from regsweep.core.oci import Digest, digest_of
from regsweep.errors import (
    DeleteDisabled,
    NotARegistry,
    RegistryDenied,
    RegistryError,
    RegistryMisbehaved,
    RegistryUnreachable,
)
from tests.unit.clients.conftest import Asked, Reply, Server, as_json, registry_error

StartServer = Callable[..., Server]

DIGEST = digest_of(b"x")
READ_ONLY = Reply(405, b"Method not allowed\n", {"Content-Type": "text/plain", "Allow": "GET, HEAD"})
THERE = Reply(200, b"x", {"Docker-Content-Digest": DIGEST})


def deletes(asked: list[Asked]) -> list[str]:
    return [request.path for request in asked if request.method == "DELETE"]


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (registry_error(404, "MANIFEST_UNKNOWN"), DeleteState.ENABLED),
        (registry_error(404, "NAME_UNKNOWN"), DeleteState.ENABLED),
        (registry_error(405, "UNSUPPORTED"), DeleteState.DISABLED),
        (READ_ONLY, DeleteState.READ_ONLY),
        (registry_error(403, "DENIED"), DeleteState.DENIED),
        (registry_error(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="r"'), DeleteState.DENIED),
        (Reply(404, b"<html>"), DeleteState.UNKNOWN),
        (Reply(405, b"", {"Allow": "POST"}), DeleteState.UNKNOWN),
        (registry_error(500, "UNKNOWN"), DeleteState.UNKNOWN),
    ],
    ids=["manifest unknown", "name unknown", "disabled", "read-only", "403", "401", "web page", "a proxy", "500"],
)
def test_the_probe(reply: Reply, state: DeleteState, start_server: StartServer):
    server = start_server(lambda _: reply)
    assert probe_deletes(Target(server.url)) is state
    assert deletes(server.asked) == ["/v2/regsweep/probe/manifests/sha256:" + 64 * "0"]


@pytest.mark.parametrize(("status", "code", "deleted"), [(202, "", True), (404, "MANIFEST_UNKNOWN", False)])
def test_deleted_or_gone(status: int, code: str, deleted: bool, start_server: StartServer):
    server = start_server(lambda _: registry_error(status, code))
    with Deleter(Target(server.url)) as deleter:
        assert deleter.delete_manifest("a", DIGEST) is deleted
    assert deletes(server.asked) == [f"/v2/a/manifests/{DIGEST}"]


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (registry_error(405, "UNSUPPORTED"), DeleteDisabled, "REGISTRY_STORAGE_DELETE_ENABLED=true"),
        (READ_ONLY, DeleteDisabled, "read-only mode"),
        (registry_error(403, "DENIED"), RegistryDenied, "do not have that right"),
        (registry_error(500, "UNKNOWN"), RegistryUnreachable, "500"),
        (registry_error(503, "UNAVAILABLE"), RegistryUnreachable, "503"),
        (registry_error(400, "DIGEST_INVALID"), RegistryUnreachable, "a tag which is being written: the next run"),
        (Reply(404, b"404 page not found", {"Content-Type": "text/plain"}), RegistryMisbehaved, "404"),
        (Reply(200, b"<html>"), NotARegistry, "web page"),
    ],
    ids=["disabled", "read-only", "403", "500", "503", "400", "a proxy's 404", "web page"],
)
def test_what_is_no_deletion(reply: Reply, kind: type[RegistryError], words: str, start_server: StartServer):
    server = start_server(lambda _: reply)
    with Deleter(Target(server.url)) as deleter, pytest.raises(kind, match=words):
        deleter.delete_manifest("a", DIGEST)
    assert len(deletes(server.asked)) == 1


@pytest.mark.parametrize("reference", ["latest", "sha256:12", "sha512:" + 128 * "0", ""])
def test_never_by_tag(reference: str, start_server: StartServer):
    server = start_server(lambda _: registry_error(202, ""))
    with Deleter(Target(server.url)) as deleter, pytest.raises(ValueError, match="not a sha256 digest"):
        deleter.delete_manifest("a", Digest(reference))
    assert server.asked == []


@pytest.mark.parametrize("fault", ["hangs up", "is late"])
@pytest.mark.parametrize("gone", [True, False])
def test_without_an_answer_head_decides_and_delete_is_not_sent_again(
    fault: str, gone: bool, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "DELETE_SECONDS", 0.1)

    def answer(asked: Asked) -> Reply:
        if asked.method == "DELETE":
            time.sleep(0.3 if fault == "is late" else 0)
            return Reply(hang_up=True)
        return registry_error(404, "MANIFEST_UNKNOWN") if gone else THERE

    server = start_server(answer)
    with Deleter(Target(server.url)) as deleter:
        if gone:
            assert deleter.delete_manifest("a", DIGEST) is True
        else:
            with pytest.raises(RegistryUnreachable, match="still there"):
                deleter.delete_manifest("a", DIGEST)
    assert len(deletes(server.asked)) == 1


def test_a_deleter_asks_for_the_right_to_delete(start_server: StartServer):
    realm = start_server(lambda _: as_json({"token": "t"}))

    def answer(asked: Asked) -> Reply:
        if "Authorization" in asked.headers:
            return registry_error(202, "")
        return registry_error(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="{realm.url}/"')

    server = start_server(answer)
    with Deleter(Target(server.url)) as deleter:
        deleter.delete_manifest("a/b", DIGEST)
    assert [asked.query for asked in realm.asked] == [[("scope", "repository:a/b:pull,delete")]]


@pytest.mark.parametrize(
    ("major", "path"), [(2, "/etc/docker/registry/"), (3, "/etc/distribution/"), (None, "its conf")]
)
def test_the_setting_is_exact_for_the_version(major: int | None, path: str):
    text = delete_setting(major)
    assert "REGISTRY_STORAGE_DELETE_ENABLED=true" in text
    assert "storage.delete.enabled: true" in text
    assert path in text
