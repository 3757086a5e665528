"""TLS: an own authority, a self-signed certificate, plain http where TLS was meant, and no password in the clear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from regsweep.clients.auth import Credentials
from regsweep.clients.registry import Reader, Target
from regsweep.errors import InvalidInput, NotARegistry, RegistryDenied, RegistryUnreachable
from tests.certificates import LOOPBACK, certificate
from tests.unit.clients.conftest import Reply, Server, as_json, registry_error

StartServer = Callable[..., Server]


def unreachable(target: Target) -> str:
    with Reader(target) as reader, pytest.raises(RegistryUnreachable) as caught:
        reader.ping()
    return str(caught.value)


def test_an_own_authority_is_trusted_and_without_it_the_fix_is_said(start_server: StartServer, tmp_path: Path):
    pem, context = certificate(tmp_path, [LOOPBACK])
    server = start_server(lambda _: as_json({}), context)
    with Reader(Target(server.url, ca_pem=pem)) as reader:
        reader.ping()
    with Reader(Target(server.url, insecure=True)) as reader:
        reader.ping()
    message = unreachable(Target(server.url))
    assert "self-signed" in message
    assert "caBundleRef" in message
    assert len(server.asked) == 2


def test_an_expired_certificate_is_said(start_server: StartServer, tmp_path: Path):
    pem, context = certificate(tmp_path, [LOOPBACK], days=-1)
    server = start_server(lambda _: as_json({}), context)
    assert "has expired" in unreachable(Target(server.url, ca_pem=pem))


def test_the_address_of_a_pod_is_checked_by_the_name_of_the_service(start_server: StartServer, tmp_path: Path):
    pem, context = certificate(tmp_path, [x509.DNSName("registry.example")])
    server = start_server(lambda _: as_json({}), context)
    with Reader(Target(server.url, ca_pem=pem, server_hostname="registry.example")) as reader:
        reader.ping()
    assert "is not for" in unreachable(Target(server.url, ca_pem=pem, server_hostname="other.example"))
    assert "certificate is not" in unreachable(Target(server.url, ca_pem=pem))


def test_plain_http_behind_https_is_said(start_server: StartServer):
    server = start_server(lambda _: as_json({}))
    assert "write the url with http://" in unreachable(Target(server.url.replace("http:", "https:")))


def test_tls_behind_http_is_said(start_server: StartServer):
    server = start_server(lambda _: Reply(400, b"Client sent an HTTP request to an HTTPS server.\n"))
    with Reader(Target(server.url)) as reader, pytest.raises(NotARegistry, match="write the url with https://"):
        reader.ping()


def test_a_password_never_goes_to_a_realm_without_tls(start_server: StartServer, tmp_path: Path):
    pem, context = certificate(tmp_path, [LOOPBACK])
    realm = start_server(lambda _: as_json({"token": "t"}))
    challenge = f'Bearer realm="{realm.url}/token"'
    server = start_server(lambda _: registry_error(401, "UNAUTHORIZED", WWW_Authenticate=challenge), context)
    target = Target(server.url, Credentials("admin", "opensesame"), pem)
    with Reader(target) as reader, pytest.raises(RegistryDenied, match="not sent there in the clear") as caught:
        reader.ping()
    assert "opensesame" not in str(caught.value)
    assert realm.asked == []


@pytest.mark.parametrize(
    "text", ["no certificate", "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n", "é"]
)
def test_a_ca_bundle_that_is_none_is_said(text: str):
    with pytest.raises(InvalidInput, match="no PEM certificate"):
        Reader(Target("https://127.0.0.1:1", ca_pem=text))
