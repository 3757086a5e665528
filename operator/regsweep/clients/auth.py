"""Credentials, and where they come from: a dockerconfigjson or a basic-auth Secret. Pure: text becomes a value.

No error of this module holds a password, a token or the text that it was read from.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from regsweep.errors import InvalidInput

_DOCKER_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password. Its repr shows neither."""

    username: str = field(repr=False)
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Source: RFC 7617: a user name holds no colon, neither part a control character."""
        if ":" in self.username or any(ord(char) < 32 for char in self.username + self.password):
            raise InvalidInput(
                "credentials: a user name may not hold a colon, and neither it nor the password a line break or "
                "another control character; a file of a password often ends in a line break: write it without"
            )

    def basic(self) -> str:
        """The value of an Authorization header. Source: RFC 7617, UTF-8."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def from_basic_auth(username: str, password: str) -> Credentials:
    """The two keys of a kubernetes.io/basic-auth Secret. One line break at the end of either is dropped.

    Raises InvalidInput where one is empty.
    """
    user, secret = username.removesuffix("\n").removesuffix("\r"), password.removesuffix("\n").removesuffix("\r")
    if not user or not secret:
        missing = "password" if user else "username"
        raise InvalidInput(f"credentials: {missing} is empty: a basic-auth Secret needs both username and password")
    return Credentials(user, secret)


def from_docker_config(text: str, host: str) -> Credentials | None:
    """What a dockerconfigjson says about `host` (`registry.example.com:5000`); None where it does not name it.

    An entry may be written with scheme, port and path. One with the port wins over one without.
    Raises InvalidInput for a text that is no such config, or an entry that cannot be used.
    """
    wanted = _canonical(host)
    named = {_canonical(key): (key, value) for key, value in reversed(list(_entries(text).items()))}
    key, entry = named.get(wanted) or named.get(wanted.rpartition(":")[0] or wanted) or ("", None)
    return None if entry is None else _credentials(key, entry)


def _entries(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(
            'docker config: the text is not JSON; expected {"auths": {"registry.example.com": {"auth": "..."}}}'
        ) from None
    entries = document.get("auths", {}) if isinstance(document, dict) else None
    if not isinstance(entries, dict):
        raise InvalidInput(
            'docker config: auths is not an object; expected {"auths": {"registry.example.com": {"auth": "..."}}}'
        )
    return entries


def _canonical(name: str) -> str:
    """Host and port, lower case; the forms of Docker Hub are one."""
    parts = urlsplit(name if "://" in name else f"//{name}")
    place = parts.netloc.rpartition("@")[2].lower()
    return "docker.io" if place in _DOCKER_HUB else place


def _credentials(key: str, entry: Any) -> Credentials:
    where = f"docker config: auths[{key[:100]!r}]"
    if not isinstance(entry, dict):
        raise InvalidInput(f"{where} is not an object")
    username, password = entry.get("username"), entry.get("password")
    if entry.get("auth"):
        username, password = _decode(where, entry["auth"])
    if isinstance(username, str) and isinstance(password, str) and username and password:
        return Credentials(username, password)
    if entry.get("identitytoken") or entry.get("registrytoken"):
        raise InvalidInput(
            f"{where} holds a token of a login session; give a user and a password, or a robot account of the registry"
        )
    raise InvalidInput(
        f"{where} holds no user and password: if they are in a credential store (credsStore), "
        "write them into a config of its own, with `auth`, the base64 of user:password"
    )


def _decode(where: str, auth: Any) -> tuple[str, str]:
    try:
        user, separator, password = base64.b64decode(str(auth), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise InvalidInput(f"{where}.auth is not the base64 of user:password") from None
    if not separator:
        raise InvalidInput(f"{where}.auth is not the base64 of user:password: it holds no colon")
    return user, password.rstrip("\x00")
