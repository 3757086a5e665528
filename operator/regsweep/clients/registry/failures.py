"""What an answer or an exception means: an error of our tree, with the fix in words. Pure.

A message holds the registry's URL and never a header, a query or a body, where credentials could be.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import BadStatusLine, RemoteDisconnected
from urllib.parse import urlsplit

from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util.ssl_match_hostname import CertificateError

from regsweep.errors import NotARegistry, RegistryDenied, RegistryError, RegistryMisbehaved, RegistryUnreachable

_OTHER_NAME = "its certificate is not for this host: use a name that the certificate carries"

_SELF_SIGNED, _SELF_SIGNED_CHAIN, _NO_ISSUER, _NO_LEAF, _EXPIRED, _WRONG_HOST = 18, 19, 20, 21, 10, 62


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer. Header names are in lower case; of a repeated header all values are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def codes(self) -> frozenset[str]:
        """The codes of an error body (OCI distribution spec, errors); none where it is not the registry that speaks."""
        try:
            errors = json.loads(self.body)["errors"]
            return frozenset(error["code"] for error in errors if isinstance(error["code"], str))
        except (ValueError, KeyError, TypeError, RecursionError):
            return frozenset()

    def is_html(self) -> bool:
        return self.media_type == "text/html" or self.body.lstrip()[:1] == b"<"


def unexpected(answer: Answer, question: str, url: str) -> RegistryError:
    """The error for an answer that the question cannot have."""
    status, codes = answer.status, ", ".join(sorted(answer.codes()))[:200]
    said = f"{url}: {question} was answered with {status}{f' {codes}' if codes else ''}"
    if status == 401:
        return RegistryDenied(
            f"{said}: the user or the password is wrong, or that right is missing; check the Secret of "
            "spec.registry.credentialsSecretRef, or --username and --password-file"
        )
    if status == 403:
        return RegistryDenied(
            f"{said}: these credentials do not have that right; give it to the user, or use another one"
        )
    if status == 429 or status >= 500:
        return RegistryUnreachable(f"{said}: look at the registry's log, or lower limits.concurrency")
    if 300 <= status < 400:
        return NotARegistry(f"{said}, a redirect to {_place(answer)}: set the registry's url to where it really is")
    if answer.is_html():
        return NotARegistry(f"{said} and a web page: something else than the registry answers there; check the url")
    return RegistryMisbehaved(
        f"{said}, which a registry does not do: look for a proxy between, and at the registry's log"
    )


def failed(error: HTTPError, question: str, url: str) -> RegistryError:
    """The error for an exception of the HTTP library."""
    cause = _root(error)
    said = f"{url}: {question} failed"
    for kind, explain in _EXPLAINED:
        if isinstance(cause, kind):
            return explain(cause, said, url)
    return RegistryUnreachable(
        f"{said}: {type(cause).__name__}; is the registry running, and does its address hold from here?"
    )


def dropped(error: HTTPError) -> bool:
    """Whether the other side hung up on a question that it had got, without a word."""
    cause = _root(error)
    return isinstance(cause, ProtocolError) and not _garbage(cause)


def _root(error: BaseException) -> BaseException:
    reason = getattr(error, "reason", None)
    if isinstance(error, MaxRetryError) and reason is not None:
        return _root(reason)
    if isinstance(error, ProxyError) and isinstance(getattr(error, "original_error", None), HTTPError):
        return error
    return error


def _garbage(error: ProtocolError) -> bool:
    return any(isinstance(arg, BadStatusLine) and not isinstance(arg, RemoteDisconnected) for arg in error.args)


def _place(answer: Answer) -> str:
    """Scheme and host of a redirect: its path and query may hold a signature."""
    parts = urlsplit(answer.headers.get("location", ""))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else "another path"


def _tls(error: BaseException, said: str, _url: str) -> RegistryError:
    inner = next((arg for arg in error.args if isinstance(arg, ssl.SSLError)), None)
    if isinstance(inner, ssl.SSLCertVerificationError):
        trust = "set spec.registry.caBundleRef (or --ca-file) to the certificate of its issuer"
        why = {
            _SELF_SIGNED: f"its certificate is self-signed: {trust}",
            _SELF_SIGNED_CHAIN: f"its certificate comes from an unknown authority: {trust}",
            _NO_ISSUER: f"its certificate comes from an unknown authority: {trust}",
            _NO_LEAF: f"its certificate comes from an unknown authority: {trust}",
            _EXPIRED: "its certificate has expired: renew it",
            _WRONG_HOST: _OTHER_NAME,
        }.get(inner.verify_code, f"its certificate is not accepted ({inner.verify_message})")
        return RegistryUnreachable(f"{said}: {why}")
    if any(isinstance(arg, CertificateError) for arg in error.args):
        return RegistryUnreachable(f"{said}: {_OTHER_NAME}")
    if inner is not None and inner.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}:
        return RegistryUnreachable(f"{said}: no TLS is spoken there; if it is plain http, write the url with http://")
    return RegistryUnreachable(f"{said}: TLS failed ({(inner.reason if inner else None) or 'no reason given'})")


def _timeout(error: BaseException, said: str, _url: str) -> RegistryError:
    where = "no connection" if isinstance(error, ConnectTimeoutError) else "no answer"
    return RegistryUnreachable(f"{said}: {where} in time; is the network open, and the registry not overloaded?")


def _refused(_error: BaseException, said: str, _url: str) -> RegistryError:
    return RegistryUnreachable(
        f"{said}: nobody answers there; is the registry running, and does its address hold from here?"
    )


def _name(_error: BaseException, said: str, url: str) -> RegistryError:
    return RegistryUnreachable(f"{said}: the name {urlsplit(url).hostname} does not resolve; check the url")


def _proxy(_error: BaseException, said: str, _url: str) -> RegistryError:
    return RegistryUnreachable(
        f"{said}: the proxy of HTTP_PROXY or HTTPS_PROXY did not let it through; or set NO_PROXY"
    )


def _protocol(error: BaseException, said: str, _url: str) -> RegistryError:
    if isinstance(error, ProtocolError) and _garbage(error):
        return NotARegistry(f"{said}: no HTTP is spoken there; check host and port of the url")
    return RegistryUnreachable(f"{said}: the connection was closed without a whole answer; look at the registry's log")


_EXPLAINED = (
    (ProxyError, _proxy),
    (SSLError, _tls),
    (NameResolutionError, _name),
    (NewConnectionError, _refused),
    ((ConnectTimeoutError, ReadTimeoutError), _timeout),
    (ProtocolError, _protocol),
)
