"""A login from a kubeconfig of somebody else: it works, it verifies, and it cannot make us run or read anything."""

from __future__ import annotations

import base64
import copy
import ssl
from typing import Any

import pytest

from regsweep.clients.kinds import POD
from regsweep.clients.kubeconfig import connect_with
from regsweep.errors import ClusterUnreachable, InvalidInput
from tests.certificates import LOOPBACK, certificate
from tests.unit.clients.conftest import as_json

TOKEN = "very-secret-token"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(**changes: Any) -> dict[str, Any]:
    """`cluster`, `user`, `context` and `top` are merged into the parts of that name."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": "c", "cluster": {"server": "https://cluster:6443"} | changes.get("cluster", {})}],
        "users": [
            {"name": "other", "user": {"exec": {"command": "rm"}}},
            {"name": "u", "user": changes.get("user", {"token": TOKEN})},
        ],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"} | changes.get("context", {})}],
        "current-context": "x",
    }
    return copy.deepcopy(document | changes.get("top", {}))


def test_the_current_context_counts():
    assert connect_with(kubeconfig(context={"namespace": "shop"}), "w").namespace == "shop"
    assert connect_with(kubeconfig(), "w").namespace == "default"


PEM = encoded(TOKEN)
REFUSED = [
    ("a program", {"user": {"exec": {"apiVersion": "v1", "command": "aws"}}}, "exec would run"),
    ("a plugin", {"user": {"auth-provider": {"name": "gcp"}}}, "auth-provider would run"),
    ("a program beside a token", {"user": {"token": TOKEN, "exec": {"command": "id"}}}, "exec would run"),
    ("a file with a token", {"user": {"tokenFile": "/var/run/token"}}, "tokenFile names a file"),
    ("a file with a key", {"user": {"client-key": "/k", "token": TOKEN}}, "client-key names a file"),
    ("a file with a certificate", {"user": {"client-certificate": "/c"}}, "client-certificate names a file"),
    ("a file of authorities", {"cluster": {"certificate-authority": "/ca"}}, "certificate-authority names a file"),
    ("no verification", {"cluster": {"insecure-skip-tls-verify": True}}, "insecure-skip-tls-verify cannot be true"),
    ("a proxy", {"cluster": {"proxy-url": "http://proxy"}}, "proxy-url is not supported"),
    ("a password", {"user": {"username": "a", "password": TOKEN}}, "is not supported"),
    ("another user", {"user": {"token": TOKEN, "as": "admin"}}, "as is not supported"),
    ("http", {"cluster": {"server": "http://cluster"}}, "server: is not a URL"),
    ("a login in the URL", {"cluster": {"server": f"https://u:{TOKEN}@cluster"}}, "server: is not a URL"),
    ("a query", {"cluster": {"server": "https://cluster?a=b"}}, "server: is not a URL"),
    ("a line break", {"cluster": {"server": "https://cluster\n"}}, "server: is not a URL"),
    ("a file URL", {"cluster": {"server": "file:///etc/passwd"}}, "server: is not a URL"),
    ("a token over two lines", {"user": {"token": f"{TOKEN}\nX-Evil: 1"}}, "token"),
    ("no credentials", {"user": {}}, "neither a token nor a client certificate"),
    ("no user", {"user": None}, "neither a token nor a client certificate"),
    ("certificates that are none", {"cluster": {"certificate-authority-data": PEM}}, "cannot be read"),
    ("no base64", {"cluster": {"certificate-authority-data": "%"}}, "is not PEM in base64"),
    ("a key that is none", {"user": {"client-certificate-data": PEM, "client-key-data": PEM}}, "cannot be read"),
    ("a context that is not there", {"top": {"current-context": "y"}}, "has no context"),
    ("a user that is not there", {"context": {"user": "y"}}, "has no user"),
    ("a cluster that is not there", {"context": {"cluster": "y"}}, "has no cluster"),
    ("no contexts", {"top": {"contexts": TOKEN}}, "contexts"),
    ("a list of strings", {"top": {"users": [TOKEN]}}, "0: "),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_asks_for_more_is_refused_and_not_repeated(changes, words):
    with pytest.raises(InvalidInput) as caught:
        connect_with(kubeconfig(**changes), "Secret ops/east")
    assert str(caught.value).startswith("Secret ops/east: ")
    assert words in str(caught.value)
    assert TOKEN not in f"{caught.value!r}{caught.value.__cause__!r}"


@pytest.mark.parametrize("document", [{}, {"current-context": 7}, {"kind": "Config"}], ids=str)
def test_what_is_no_kubeconfig_is_refused(document):
    with pytest.raises(InvalidInput, match="Secret ops/east: "):
        connect_with(document, "Secret ops/east")


def test_the_server_is_verified_by_the_given_authority_alone(start_server, tmp_path):
    pem, context = certificate(tmp_path, [LOOPBACK])
    server = start_server(lambda asked: as_json({"metadata": {}, "items": []}), context)
    trusting = {"server": server.url, "certificate-authority-data": encoded(pem)}
    cluster = connect_with(kubeconfig(cluster=trusting), "w")
    assert list(cluster.list(POD, None)) == []
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    cluster.close()
    (tmp_path / "other").mkdir()
    other, _ = certificate(tmp_path / "other", [LOOPBACK])
    for changes in ({"server": server.url}, {"server": server.url, "certificate-authority-data": encoded(other)}):
        distrusting = connect_with(kubeconfig(cluster=changes), "w")
        with pytest.raises(ClusterUnreachable, match="certificate verify failed"):
            list(distrusting.list(POD, None))
        distrusting.close()


def test_a_certificate_of_another_name_needs_that_name(start_server, tmp_path):
    from cryptography import x509

    pem, context = certificate(tmp_path, [x509.DNSName("east.example.com")])
    server = start_server(lambda asked: as_json({"metadata": {}, "items": []}), context)
    at = {"server": server.url, "certificate-authority-data": encoded(pem)}
    named = connect_with(kubeconfig(cluster=at | {"tls-server-name": "east.example.com"}), "w")
    assert list(named.list(POD, None)) == []
    named.close()
    unnamed = connect_with(kubeconfig(cluster=at), "w")
    with pytest.raises(ClusterUnreachable, match="certificate"):
        list(unnamed.list(POD, None))
    unnamed.close()


def test_a_client_certificate_is_presented_and_leaves_no_file(start_server, tmp_path, monkeypatch):
    pem, context = certificate(tmp_path, [LOOPBACK])
    (tmp_path / "client").mkdir()
    theirs, _ = certificate(tmp_path / "client", [LOOPBACK])
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=theirs)
    server = start_server(lambda asked: as_json({"metadata": {}, "items": []}), context)
    both = (tmp_path / "client" / "server.pem").read_text()
    key, _, _ = both.partition("-----BEGIN CERTIFICATE-----")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    user = {"client-certificate-data": encoded(theirs), "client-key-data": encoded(key)}
    cluster = connect_with(
        kubeconfig(cluster={"server": server.url, "certificate-authority-data": encoded(pem)}, user=user), "w"
    )
    assert list(cluster.list(POD, None)) == []
    assert "authorization" not in server.asked[0].headers
    assert list((tmp_path / "scratch").iterdir()) == []
    cluster.close()


def test_a_redirect_is_not_followed(start_server, tmp_path):
    pem, context = certificate(tmp_path, [LOOPBACK])
    server = start_server(lambda asked: as_json({}, 302, Location="https://elsewhere/"), context)
    at = {"server": server.url, "certificate-authority-data": encoded(pem)}
    cluster = connect_with(kubeconfig(cluster=at), "w")
    with pytest.raises(Exception, match="HTTP status 302"):
        list(cluster.list(POD, None))
    assert len(server.asked) == 1
    cluster.close()
