"""A real registry that wants to know who asks: by password, by token, over TLS. No secret reaches a log or an error."""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from regsweep.clients.auth import Credentials
from regsweep.clients.registry import Deleter, DeleteState, Putter, Reader, Target, probe_deletes
from regsweep.core.oci import Digest
from regsweep.demo.images import image_on, layer
from regsweep.demo.options import TLS, TokenAuth
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import RegistryDenied, RegistryUnreachable
from tests.certificates import Certified, self_signed
from tests.registry.conftest import StartRegistry

LOGIN = Credentials("pusher", "opensesame")
WRONG = Credentials("pusher", "opensesame-not")


@pytest.fixture(autouse=True)
def nothing_leaks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    for secret in (LOGIN.password, LOGIN.basic().removeprefix("Basic "), "eyJ"):
        assert secret not in caplog.text


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs tokens, and is known by its certificate."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certified: Certified

    @property
    def file(self) -> Path:
        return self.certified.certificate_file

    def sign(self, claims: dict[str, Any]) -> str:
        """A JSON Web Token that carries the certificate of its signer (RFC 7515, x5c)."""
        der = self.certified.certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        text = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        return f"{text}.{_base64url(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = rsa.generate_private_key(65537, 2048)
    return Authority(key, self_signed(tmp_path_factory.mktemp("authority"), key))


@dataclass
class TokenService:
    """Gives the password's owner what is asked for, less what `forbidden` names."""

    url: str
    scopes: list[str] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    lifetime: int = 300


@contextmanager
def token_service(authority: Authority) -> Iterator[TokenService]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != LOGIN.basic():
                self.send_error(401)
                return
            query = parse_qsl(urlsplit(self.path).query)
            asked = [scope for name, value in query if name == "scope" for scope in value.split()]
            service.scopes.append(" ".join(asked))
            now = int(time.time())
            claims = {
                "iss": "issuer", "sub": "pusher", "aud": "registry", "jti": str(now),
                "iat": now - 30, "nbf": now - 30, "exp": now + service.lifetime,
                "access": [access(scope) for scope in asked],
            }  # fmt: skip
            body = json.dumps({"token": authority.sign(claims), "expires_in": service.lifetime}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    def access(scope: str) -> dict[str, Any]:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        return {
            "type": kind,
            "name": name,
            "actions": [one for one in actions.split(",") if one not in service.forbidden],
        }

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service = TokenService(f"http://127.0.0.1:{server.server_port}/token")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def push_one(registry: RegistryProcess, now: datetime, **session: Any) -> Digest:
    made = image_on((layer("base", 100),), "one", now, size=100).at("team-a/web", "v1", "v2")
    with Pusher(registry.url, **session) as pusher:
        pusher.push(made)
    return Digest(made.digest)


def works(target: Target, digest: Digest) -> None:
    """Every kind of question, the deletion, and its undo."""
    with Reader(target) as reader:
        reader.ping()
        assert list(reader.repositories()) == ["team-a/web"]
        assert reader.tags("team-a/web") == ("v1", "v2")
        found = reader.manifest("team-a/web", "v1")
        assert found is not None
        assert reader.head("team-a/web", "nope") is None
        assert reader.writable() is True
        assert reader.major() in {2, 3}
    assert probe_deletes(target) is DeleteState.ENABLED
    with Deleter(target) as deleter:
        assert deleter.delete_manifest("team-a/web", digest) is True
    with Putter(target) as putter:
        assert all(putter.reads_blob("team-a/web", blob) for blob in named(found.body))
        for reference in (digest, "v1"):
            assert putter.put_manifest("team-a/web", reference, found.body, found.media_type) is None
        assert putter.tags("team-a/web") == ("v1",)


def named(body: bytes) -> list[Digest]:
    """The config and the layers of an image."""
    document = json.loads(body)
    return [Digest(document["config"]["digest"]), *(Digest(layer["digest"]) for layer in document["layers"])]


def test_a_password(start_registry: StartRegistry, htpasswd: Path, now: datetime):
    registry = start_registry(htpasswd=htpasswd)
    digest = push_one(registry, now, auth=("pusher", "opensesame"))
    works(Target(registry.url, LOGIN), digest)


@pytest.mark.parametrize("credentials", [None, WRONG], ids=["none", "wrong"])
def test_no_password_or_a_wrong_one(start_registry: StartRegistry, htpasswd: Path, credentials: Credentials | None):
    registry = start_registry(htpasswd=htpasswd)
    target = Target(registry.url, credentials)
    with Reader(target) as reader:
        for ask in (reader.ping, lambda: list(reader.repositories()), lambda: reader.head("a", "b"), reader.writable):
            with pytest.raises(RegistryDenied) as caught:
                ask()
            assert LOGIN.password not in str(caught.value)
    assert probe_deletes(target) is DeleteState.DENIED


def test_tokens(start_registry: StartRegistry, authority: Authority, now: datetime):
    open_registry = start_registry()
    digest = push_one(open_registry, now)
    with token_service(authority) as service:
        token = TokenAuth(service.url, "registry", "issuer", authority.file)
        registry = start_registry(open_registry.storage, token=token)
        works(Target(registry.url, LOGIN), digest)
    assert any("registry:catalog:*" in scopes for scopes in service.scopes)
    assert any("repository:team-a/web:pull,delete" in scopes for scopes in service.scopes)
    assert any("repository:team-a/web:pull,push" in scopes for scopes in service.scopes)


def test_who_may_not_push_puts_nothing_back(start_registry: StartRegistry, authority: Authority, now: datetime):
    open_registry = start_registry()
    digest = push_one(open_registry, now)
    with token_service(authority) as service:
        token = TokenAuth(service.url, "registry", "issuer", authority.file)
        registry = start_registry(open_registry.storage, token=token)
        service.forbidden = {"push"}
        with Putter(Target(registry.url, LOGIN)) as putter:
            found = putter.manifest("team-a/web", digest)
            assert found is not None
            with pytest.raises(RegistryDenied):
                putter.put_manifest("team-a/web", "v9", found.body, found.media_type)
            assert putter.tags("team-a/web") == ("v1", "v2")
    assert len(service.scopes) <= 8


def test_a_user_who_may_not_delete(start_registry: StartRegistry, authority: Authority, now: datetime):
    open_registry = start_registry()
    digest = push_one(open_registry, now)
    with token_service(authority) as service:
        service.forbidden = {"delete"}
        token = TokenAuth(service.url, "registry", "issuer", authority.file)
        registry = start_registry(open_registry.storage, token=token)
        target = Target(registry.url, LOGIN)
        assert probe_deletes(target) is DeleteState.DENIED
        with Deleter(target) as deleter:
            with pytest.raises(RegistryDenied, match="that right is missing"):
                deleter.delete_manifest("team-a/web", digest)
            assert deleter.head("team-a/web", "v1") is not None


def test_a_token_service_that_does_not_know_us(start_registry: StartRegistry, authority: Authority):
    with token_service(authority) as service:
        token = TokenAuth(service.url, "registry", "issuer", authority.file)
        registry = start_registry(token=token)
        with (
            Reader(Target(registry.url, WRONG)) as reader,
            pytest.raises(RegistryDenied, match="answers 401") as caught,
        ):
            reader.ping()
    assert LOGIN.password not in str(caught.value)


def test_tokens_that_expire_while_we_read(start_registry: StartRegistry, authority: Authority, now: datetime):
    open_registry = start_registry()
    push_one(open_registry, now)
    with token_service(authority) as service:
        service.lifetime = 1
        token = TokenAuth(service.url, "registry", "issuer", authority.file)
        registry = start_registry(open_registry.storage, token=token)
        with Reader(Target(registry.url, LOGIN)) as reader:
            assert reader.tags("team-a/web") == ("v1", "v2")
            time.sleep(1.2)
            assert reader.tags("team-a/web") == ("v1", "v2")
    assert len(service.scopes) >= 2


def test_tls_with_an_own_authority(start_registry: StartRegistry, authority: Authority, htpasswd: Path, now: datetime):
    registry = start_registry(tls=TLS(authority.file, authority.certified.key_file), htpasswd=htpasswd)
    digest = push_one(registry, now, auth=("pusher", "opensesame"), verify=str(authority.file))
    with Reader(Target(registry.url, LOGIN)) as reader, pytest.raises(RegistryUnreachable, match="caBundleRef"):
        reader.ping()
    with Reader(Target(registry.url, LOGIN, insecure=True)) as reader:
        reader.ping()
    works(Target(registry.url, LOGIN, authority.certified.pem), digest)
