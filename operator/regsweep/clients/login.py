"""Who we are to the registry: which Authorization header a request carries, and what to do about a 401.

Basic: the password is sent only after the registry itself asked for it, and from then on with every request to it.
Bearer: a token for each scope is got from the realm that the challenge names, kept until it expires, and got anew once
when it is refused. Source: Distribution, token authentication specification.

The password goes to a realm only over TLS, whatever its host, because a registry whose certificate was checked may name
its own token service. Over plain http it goes to a realm only if the registry is plain http too: then whoever listens
has seen as much already. Headers made here are for the registry's own host; the transport drops them on a redirect.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from regsweep.clients.auth import Credentials
from regsweep.clients.challenge import Challenge, parse_challenges
from regsweep.errors import RegistryDenied, RegistryMisbehaved

Scope = tuple[str, ...]
"""What a request needs, as `repository:team/app:pull`; empty for what needs only a known user."""

Ask = Callable[[str, dict[str, str]], tuple[int, bytes]]
"""GET a URL with headers, without following redirects: the status and the body. Raises RegistryError."""

DEFAULT_LIFETIME = 60
"""Seconds that a token lives whose answer does not say. Source: token authentication specification."""

_FIX = "set spec.registry.credentialsSecretRef, or --username with --password-file, or --docker-config"


@dataclass(slots=True)
class _Slot:
    """The token of one scope. `lock` lets one thread ask for it while the others wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    header: str | None = field(default=None, repr=False)
    until: float = 0.0


class Login:
    """Thread-safe. `ask` reaches the token service."""

    def __init__(self, url: str, credentials: Credentials | None, ask: Ask) -> None:
        self._url, self._credentials, self._ask = url, credentials, ask
        self._basic: str | None = None
        self._bearer: Challenge | None = None
        self._slots: dict[Scope, _Slot] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Login({self._url!r})"

    def header(self, scope: Scope) -> str | None:
        """What to send with a first attempt; None while the registry has not asked for anything."""
        if self._bearer is None:
            return self._basic
        slot = self._slot(scope)
        with slot.lock:
            if slot.header is None or time.monotonic() >= slot.until:
                self._fill(slot, scope)
            return slot.header

    def answer(self, challenges: str, scope: Scope, refused: str | None) -> str:
        """The header for one more attempt after a 401 with this WWW-Authenticate header; `refused` was sent before.

        Raises RegistryDenied where nothing better can be sent.
        """
        asked = {challenge.scheme: challenge for challenge in parse_challenges(challenges)}
        if bearer := asked.get("bearer"):
            return self._renew(bearer, scope, refused)
        if "basic" not in asked:
            raise RegistryDenied(
                f"{self._url} answers 401 and asks for neither a password nor a token "
                f"({', '.join(sorted(asked)) or 'no WWW-Authenticate'}): regsweep speaks Basic and Bearer"
            )
        if self._credentials is None:
            raise RegistryDenied(f"{self._url} asks for a user and a password: {_FIX}")
        if refused is not None:
            raise RegistryDenied(f"{self._url} refuses the user or the password: check them, then {_FIX}")
        self._basic = self._credentials.basic()
        return self._basic

    def _renew(self, bearer: Challenge, scope: Scope, refused: str | None) -> str:
        self._bearer = bearer
        slot = self._slot(scope)
        with slot.lock:
            if slot.header is None or slot.header == refused:  # else another thread has renewed it meanwhile
                self._fill(slot, scope)
            assert slot.header is not None  # noqa: S101  (_fill raises where it has none)
            return slot.header

    def _slot(self, scope: Scope) -> _Slot:
        with self._lock:
            return self._slots.setdefault(scope, _Slot())

    def _fill(self, slot: _Slot, scope: Scope) -> None:
        assert self._bearer is not None  # noqa: S101  (only called once it is known)
        slot.header = None
        url, headers = self._token_request(self._bearer, scope)
        asked_at = time.monotonic()
        status, body = self._ask(url, headers)
        if status != 200:
            raise self._no_token(status)
        token, lifetime = _token(body, self._realm_host(self._bearer))
        slot.header, slot.until = f"Bearer {token}", asked_at + 0.9 * lifetime

    def _token_request(self, bearer: Challenge, scope: Scope) -> tuple[str, dict[str, str]]:
        realm = urlsplit(bearer.parameters.get("realm", ""))
        if realm.scheme not in {"http", "https"} or not realm.hostname or realm.username is not None:
            raise RegistryMisbehaved(
                f"{self._url} names a token service that is no http or https URL: "
                "correct auth.token.realm of the registry"
            )
        scopes = dict.fromkeys((*scope, *([bearer.parameters["scope"]] if bearer.parameters.get("scope") else [])))
        query = [("service", bearer.parameters["service"])] if bearer.parameters.get("service") else []
        query += [("scope", one) for one in scopes]
        url = realm._replace(query="&".join(filter(None, (realm.query, urlencode(query)))), fragment="").geturl()
        if self._credentials is None:
            return url, {}
        if realm.scheme == "http" and urlsplit(self._url).scheme == "https":
            raise RegistryDenied(
                f"{self._url} names a token service without TLS ({realm.scheme}://{realm.netloc}): the password is not "
                "sent there in the clear; give the registry an auth.token.realm that begins with https://"
            )
        return url, {"Authorization": self._credentials.basic()}

    def _no_token(self, status: int) -> RegistryDenied:
        where = self._realm_host(self._bearer)
        if self._credentials is None:
            return RegistryDenied(f"the token service {where} answers {status} to an anonymous request: {_FIX}")
        return RegistryDenied(
            f"the token service {where} answers {status}: check the user and the password, and that the user may do "
            "what is asked"
        )

    @staticmethod
    def _realm_host(bearer: Challenge | None) -> str:
        return urlsplit(bearer.parameters.get("realm", "")).netloc if bearer else ""


def _token(body: bytes, where: str) -> tuple[str, float]:
    """The token and its lifetime in seconds. `access_token` is the OAuth 2 name of the same."""
    try:
        document: Any = json.loads(body)
        token = document.get("token") or document.get("access_token")
    except (ValueError, AttributeError, RecursionError):
        token, document = None, {}
    if not isinstance(token, str) or not token.isprintable() or " " in token:
        raise RegistryMisbehaved(
            f"the token service {where} answers without a token: check auth.token.realm of the registry"
        )
    lifetime = document.get("expires_in")
    known = isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and 0 < lifetime < 10**7
    return token, float(lifetime) if known else DEFAULT_LIFETIME
