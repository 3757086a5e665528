"""Credentials are read from what Kubernetes and docker write, and never shown."""

from __future__ import annotations

import base64
import json

import pytest

from regsweep.clients.auth import Credentials, from_basic_auth, from_docker_config
from regsweep.clients.registry import Target
from regsweep.errors import InvalidInput

SECRET = "opensesame"


def config(**entries: object) -> str:
    return json.dumps({"auths": entries})


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("registry.example.com", "registry.example.com"),
        ("registry.example.com", "registry.example.com:5000"),
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("https://registry.example.com:5000", "registry.example.com:5000"),
        ("http://registry.example.com/v2/", "registry.example.com"),
        ("REGISTRY.example.com", "registry.Example.com"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "registry-1.docker.io"),
    ],
)
def test_a_docker_config_names_a_host_in_many_forms(name: str, host: str):
    found = from_docker_config(config(**{name: auth(f"admin:{SECRET}:with-colon")}), host)
    assert found == Credentials("admin", f"{SECRET}:with-colon")


def test_the_entry_with_the_port_wins():
    text = config(**{"r.example": auth("wrong:wrong"), "r.example:5000": {"username": "a", "password": "b"}})
    assert from_docker_config(text, "r.example:5000") == Credentials("a", "b")


def test_another_port_is_another_registry():
    assert from_docker_config(config(**{"r.example:5000": auth("a:b")}), "r.example:5001") is None
    assert from_docker_config(config(**{"r.example:5000": auth("a:b")}), "r.example") is None


@pytest.mark.parametrize("text", ["{}", '{"auths": {}}', config(other=auth("a:b"))], ids=["empty", "no auths", "other"])
def test_a_host_that_is_not_named_has_no_credentials(text: str):
    assert from_docker_config(text, "r.example") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json " + SECRET, "is not JSON"),
        (f'["{SECRET}"]', "auths is not an object"),
        (json.dumps({"auths": [SECRET]}), "auths is not an object"),
        (config(**{"r.example": SECRET}), "is not an object"),
        (config(**{"r.example": {"auth": SECRET + "!"}}), "not the base64"),
        (config(**{"r.example": auth(SECRET)}), "holds no colon"),
        (config(**{"r.example": {}}), "credential store"),
        (config(**{"r.example": {"identitytoken": SECRET}}), "token of a login session"),
        (config(**{"r.example": {"username": "admin", "password": ""}}), "holds no user and password"),
        (config(**{"r.example": auth(f"admin:{SECRET}\n")}), "line break"),
    ],
)
def test_a_docker_config_that_cannot_be_used_is_said_without_its_secret(text: str, words: str):
    with pytest.raises(InvalidInput, match=words) as caught:
        from_docker_config(text, "r.example")
    assert SECRET not in str(caught.value)


def test_a_basic_auth_secret_may_end_in_a_line_break():
    assert from_basic_auth("admin\n", f"{SECRET}\r\n") == Credentials("admin", SECRET)


@pytest.mark.parametrize(("username", "password", "field"), [("", "x", "username"), ("x", "\n", "password")])
def test_an_empty_key_is_named(username: str, password: str, field: str):
    with pytest.raises(InvalidInput, match=f"{field} is empty"):
        from_basic_auth(username, password)


def test_nothing_shows_a_password():
    credentials = Credentials("admin", SECRET)
    target = Target("http://r.example:5000", credentials=credentials)
    assert SECRET not in f"{credentials!r}{credentials}{target!r}{target}"
    assert credentials.basic() == "Basic " + base64.b64encode(f"admin:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"http://admin:{SECRET}@r.example", "holds a user or a password"),
        ("r.example:5000", "is not the root of a registry"),
        ("ftp://r.example", "is not the root of a registry"),
        ("http://", "is not the root of a registry"),
        ("http://r.example/?x=1", "is not the root of a registry"),
        ("http://r.example/v2/", "ends in /v2"),
        ("http://r.example:99999", "cannot be read"),
        ("http://[::1", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_one_is_refused(url: str, words: str):
    with pytest.raises(InvalidInput, match=words) as caught:
        Target(url)
    assert SECRET not in str(caught.value)
