"""Who gets the password and the token: the registry, its realm, nobody else; and never a log or an error."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from regsweep.clients.auth import Credentials
from regsweep.clients.registry import DeleteState, Reader, Target, probe_deletes
from regsweep.core.oci import digest_of
from regsweep.errors import RegistryDenied, RegistryError, RegistryMisbehaved
from tests.unit.clients.conftest import Answer, Asked, Reply, Server, as_json, registry_error

PASSWORD = "opensesame"
TOKEN = "eyJ.secret.token"
LOGIN = Credentials("admin", PASSWORD)
BASIC = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()

StartServer = Callable[..., Server]


@pytest.fixture(autouse=True)
def nothing_leaks(caplog: pytest.LogCaptureFixture, no_pauses: None) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    for secret in (PASSWORD, TOKEN, BASIC.removeprefix("Basic ")):
        assert secret not in caplog.text


def denied(reader: Reader, kind: type[RegistryError] = RegistryDenied) -> str:
    with pytest.raises(kind) as caught:
        reader.ping()
    assert PASSWORD not in str(caught.value)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def wants_basic(asked: Asked) -> Reply:
    if asked.headers.get("Authorization") == BASIC:
        return as_json({})
    return registry_error(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="r"')


def test_the_password_is_sent_only_after_it_was_asked_for_and_then_at_once(start_server: StartServer):
    server = start_server(wants_basic)
    with Reader(Target(server.url, LOGIN)) as reader:
        reader.ping()
        reader.ping()
    assert [asked.headers.get("Authorization") for asked in server.asked] == [None, BASIC, BASIC]


def test_a_registry_that_asks_for_nothing_gets_nothing(start_server: StartServer):
    server = start_server(lambda _: as_json({}))
    with Reader(Target(server.url, LOGIN)) as reader:
        reader.ping()
    assert [asked.headers.get("Authorization") for asked in server.asked] == [None]


def test_a_wrong_password_is_tried_once(start_server: StartServer):
    server = start_server(wants_basic)
    with Reader(Target(server.url, Credentials("admin", PASSWORD + "x"))) as reader:
        message = denied(reader)
        assert "refuse" in message or "right" in message
    assert len(server.asked) == 2


def test_a_registry_that_wants_a_password_and_gets_none_is_said(start_server: StartServer):
    server = start_server(wants_basic)
    with Reader(Target(server.url)) as reader:
        assert "spec.registry.credentialsSecretRef" in denied(reader)


@pytest.mark.parametrize("header", [{}, {"WWW_Authenticate": "Negotiate"}], ids=["no challenge", "another scheme"])
def test_a_401_that_cannot_be_answered_is_said(start_server: StartServer, header: dict[str, str]):
    server = start_server(lambda _: registry_error(401, "UNAUTHORIZED", **header))
    with Reader(Target(server.url, LOGIN)) as reader:
        assert "Basic and Bearer" in denied(reader)


class Tokens:
    """A registry with a token service on its own port; `lifetime` in seconds, `revoked` tokens are refused."""

    def __init__(self, start: StartServer) -> None:
        self.given: list[list[tuple[str, str]]] = []
        self.revoked: set[str] = set()
        self.lifetime: object = 300
        self.service = start(self.give)
        self.registry = start(self.answer)

    def give(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") not in {BASIC, None}:
            return as_json({}, 401)
        self.given.append(asked.query)
        return as_json({"token": f"{TOKEN}{len(self.given)}", "expires_in": self.lifetime})

    def answer(self, asked: Asked) -> Reply:
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if token.startswith(TOKEN) and token not in self.revoked:
            return as_json({"tags": ["one"]})
        challenge = f'Bearer realm="{self.service.url}/token",service="reg",scope="repository:a:pull"'
        return registry_error(401, "UNAUTHORIZED", WWW_Authenticate=challenge)


def test_one_token_for_each_repository_until_it_expires(start_server: StartServer):
    tokens = Tokens(start_server)
    with Reader(Target(tokens.registry.url, LOGIN)) as reader:
        assert [reader.tags("a"), reader.tags("a"), reader.tags("b"), reader.tags("b")] == [("one",)] * 4
    assert tokens.given == [
        [("service", "reg"), ("scope", "repository:a:pull")],
        [("service", "reg"), ("scope", "repository:b:pull"), ("scope", "repository:a:pull")],
    ]
    assert [asked.headers.get("Authorization") for asked in tokens.service.asked] == [BASIC, BASIC]
    assert all(asked.headers.get("Authorization") != BASIC for asked in tokens.registry.asked)


def test_a_token_that_was_revoked_is_renewed_once(start_server: StartServer):
    tokens = Tokens(start_server)
    with Reader(Target(tokens.registry.url, LOGIN)) as reader:
        reader.tags("a")
        tokens.revoked.add(f"{TOKEN}1")
        assert reader.tags("a") == ("one",)
    assert len(tokens.given) == 2


def test_a_401_that_no_token_cures_ends(start_server: StartServer):
    tokens = Tokens(start_server)
    tokens.revoked.update(f"{TOKEN}{number}" for number in range(1, 9))
    with Reader(Target(tokens.registry.url, LOGIN)) as reader:
        assert "that right is missing" in denied(reader)
        asked = len(tokens.registry.asked)
        assert asked == 2
    assert probe_deletes(Target(tokens.registry.url, LOGIN)) is DeleteState.DENIED


def test_many_threads_ask_for_one_token(start_server: StartServer):
    tokens = Tokens(start_server)
    with Reader(Target(tokens.registry.url, LOGIN)) as reader:
        reader.tags("a")
        threads = [threading.Thread(target=reader.tags, args=("b",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(tokens.given) == 2


@pytest.mark.parametrize("lifetime", [None, "soon", -5, True, 1e30])
def test_a_lifetime_that_is_none_is_a_minute(start_server: StartServer, lifetime: object):
    tokens = Tokens(start_server)
    tokens.lifetime = lifetime
    with Reader(Target(tokens.registry.url, LOGIN)) as reader:
        assert [reader.tags("a"), reader.tags("a")] == [("one",)] * 2
    assert len(tokens.given) == 1


def test_an_expired_token_is_not_sent(start_server: StartServer):
    tokens = Tokens(start_server)
    tokens.lifetime = 0.001
    with Reader(Target(tokens.registry.url, LOGIN)) as reader:
        assert [reader.tags("a"), reader.tags("a")] == [("one",)] * 2
    assert len(tokens.given) == 2


def test_a_service_that_refuses_is_named_with_the_fix(start_server: StartServer):
    tokens = Tokens(start_server)
    with Reader(Target(tokens.registry.url, Credentials("admin", PASSWORD + "x"))) as reader:
        message = denied(reader)
        assert "answers 401: check the user and the password" in message
        assert urlsplit(tokens.service.url).netloc in message


@pytest.mark.parametrize(
    "reply",
    [Reply(200, b"<html>"), as_json({}), as_json([TOKEN]), as_json({"token": 7}), as_json({"token": "a\nb"})],
    ids=["html", "no token", "list", "number", "line break"],
)
def test_an_answer_without_a_token_is_said(start_server: StartServer, reply: Reply):
    tokens = Tokens(start_server)
    tokens.service = start_server(lambda _: reply)
    with Reader(Target(tokens.registry.url, LOGIN)) as reader:
        assert "without a token" in denied(reader, RegistryMisbehaved)


@pytest.mark.parametrize(
    "realm",
    ["", "/token", "file:///etc/passwd", "ftp://auth.example/", f"http://x:{PASSWORD}@127.0.0.1/"],
    ids=["none", "relative", "file", "ftp", "userinfo"],
)
def test_a_realm_that_is_no_url_is_refused(start_server: StartServer, realm: str):
    server = start_server(lambda _: registry_error(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="{realm}"'))
    with Reader(Target(server.url, LOGIN)) as reader:
        assert "no http or https URL" in denied(reader, RegistryMisbehaved)


def blob_elsewhere(place: str, status: int = 307) -> Answer:
    def answer(asked: Asked) -> Reply:
        if "/blobs/" in asked.path and asked.headers.get("Authorization") == BASIC:
            return Reply(status, b"", {"Location": f"{place}/stored?Signature=sig"})
        return wants_basic(asked)

    return answer


def test_a_redirect_to_another_host_carries_no_credentials(start_server: StartServer):
    elsewhere = start_server(lambda _: Reply(200, b"content"))
    server = start_server(blob_elsewhere(elsewhere.url))
    with Reader(Target(server.url, LOGIN)) as reader:
        digest = digest_of(b"content")
        assert reader.config("a", digest) == b"content"
        assert reader.has_blob("a", digest)
    assert [(asked.path, asked.headers.get("Authorization")) for asked in elsewhere.asked] == [("/stored", None)] * 2


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_a_redirect_that_asks_for_a_password_gets_none(start_server: StartServer, scheme: str):
    thief = start_server(lambda _: as_json({"token": "t"}))
    challenge = f'{scheme} realm="{thief.url}/token"'
    elsewhere = start_server(lambda _: registry_error(401, "UNAUTHORIZED", WWW_Authenticate=challenge))
    server = start_server(blob_elsewhere(elsewhere.url))
    with Reader(Target(server.url, LOGIN)) as reader, pytest.raises(RegistryDenied):
        reader.config("a", digest_of(b"content"))
    assert thief.asked == []
    assert [asked.headers.get("Authorization") for asked in elsewhere.asked] == [None]


def test_other_answers_are_not_followed(start_server: StartServer):
    elsewhere = start_server(lambda _: as_json({"tags": ["wrong"], "repositories": ["wrong"]}))
    server = start_server(lambda _: Reply(302, b"", {"Location": f"{elsewhere.url}/?token={TOKEN}"}))
    with Reader(Target(server.url, LOGIN)) as reader:
        for ask in (
            reader.ping,
            lambda: reader.tags("a"),
            lambda: list(reader.repositories()),
            lambda: reader.head("a", "b"),
        ):
            with pytest.raises(RegistryError, match=r"redirect to http://127\.0\.0\.1") as caught:
                ask()
            assert TOKEN not in str(caught.value)
    assert elsewhere.asked == []


def test_redirects_end(start_server: StartServer):
    server = start_server(lambda asked: Reply(307, b"", {"Location": asked.path}))
    with Reader(Target(server.url)) as reader, pytest.raises(RegistryMisbehaved, match="redirected more than"):
        reader.config("a", digest_of(b""))
