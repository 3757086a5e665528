"""A login to another cluster from a kubeconfig that somebody else wrote: inline data, and nothing that acts.

A kubeconfig can name programs to run and files to read. Whoever may write a Secret must not be able to make this
process do either, so everything but a server, its certificates, a token and a client certificate is refused.
No message holds a value: each may be a credential.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import certifi
from kubernetes import client
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from regsweep.clients.kube import Cluster
from regsweep.errors import InvalidInput

_RUNS = "would run a program of the Secret's author: use a token or a client certificate"
_FILE = "names a file of this machine: put its content into the field of the same name with -data"
_FIXES = {
    "exec": _RUNS,
    "auth-provider": _RUNS,
    "certificate-authority": _FILE,
    "client-certificate": _FILE,
    "client-key": _FILE,
    "tokenFile": "names a file of this machine: put its content into token",
    "insecure-skip-tls-verify": "cannot be true: put the server's certificates into certificate-authority-data",
    "proxy-url": "is not supported: set a proxy for the operator",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _pem(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("is not PEM in base64") from None


def _https(text: str) -> str:
    if not re.fullmatch(r"https://([-A-Za-z0-9.]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[-._~A-Za-z0-9/]*)?", text):
        raise ValueError("is not a URL such as https://cluster.example.com:6443")
    return text.rstrip("/")


_Pem = Annotated[str, AfterValidator(_pem)]
_Host = Annotated[str, Field(pattern=r"^[-A-Za-z0-9.]+$")]


class _Server(_Part):
    server: Annotated[str, AfterValidator(_https)]
    certificate_authority_data: Annotated[_Pem | None, Field(alias="certificate-authority-data")] = None
    tls_server_name: Annotated[_Host | None, Field(alias="tls-server-name")] = None
    insecure_skip_tls_verify: Annotated[Literal[False], Field(alias="insecure-skip-tls-verify")] = False
    disable_compression: Annotated[bool, Field(alias="disable-compression")] = False
    extensions: Any = None


class _User(_Part):
    token: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$")] | None = None
    client_certificate_data: Annotated[_Pem | None, Field(alias="client-certificate-data")] = None
    client_key_data: Annotated[_Pem | None, Field(alias="client-key-data")] = None
    extensions: Any = None


class _Context(_Part):
    cluster: str
    user: str
    namespace: str = "default"
    extensions: Any = None


class _Entry(BaseModel):
    """One of many; only those that the current context names are looked at, the others are never used."""

    model_config = ConfigDict(hide_input_in_errors=True)
    name: str
    cluster: Any = None
    user: Any = None
    context: Any = None


class _Kubeconfig(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    current_context: Annotated[str, Field(alias="current-context")]
    clusters: list[_Entry]
    users: list[_Entry]
    contexts: list[_Entry]


def connect_with(kubeconfig: Mapping[str, Any], where: str) -> Cluster:
    """Log in as the current context says. Asks nothing yet; certificates are always verified.

    Raises InvalidInput, which begins with `where`, for a kubeconfig that cannot be used or that asks for more.
    """
    try:
        whole = _Kubeconfig.model_validate(kubeconfig)
        context = _Context.model_validate(_named(whole.contexts, whole.current_context, "context", where))
        server = _Server.model_validate(_named(whole.clusters, context.cluster, "cluster", where))
        user = _User.model_validate(_named(whole.users, context.user, "user", where))
    except ValidationError as error:
        raise InvalidInput(f"{where}: {_words(error)}") from None
    return Cluster(_client(server, user, where), context.namespace)


def _named(entries: list[_Entry], name: str, part: str, where: str) -> Any:
    for entry in entries:
        if entry.name == name:
            return getattr(entry, part) or {}
    raise InvalidInput(f"{where}: the kubeconfig has no {part} of the name that its current context needs")


def _client(server: _Server, user: _User, where: str) -> client.ApiClient:
    settings = client.Configuration(host=server.server)
    if user.token is not None:
        settings.api_key["BearerToken"] = f"Bearer {user.token}"
    elif user.client_certificate_data is None:
        raise InvalidInput(f"{where}: the user of the kubeconfig has neither a token nor a client certificate")
    if server.tls_server_name:
        settings.tls_server_name = server.tls_server_name
    api = client.ApiClient(settings)
    try:
        context = ssl.create_default_context(cadata=server.certificate_authority_data)
        if server.certificate_authority_data is None:
            context.load_verify_locations(certifi.where())
        if user.client_certificate_data is not None:
            _present(context, user.client_certificate_data, user.client_key_data or "")
    except (ssl.SSLError, ValueError, OSError):
        raise InvalidInput(f"{where}: a certificate or key of the kubeconfig cannot be read: is it whole?") from None
    api.rest_client.pool_manager.connection_pool_kw["ssl_context"] = context
    return api


def _present(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """The TLS library takes a key from a file alone: it exists for this moment, for this user only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.pem"
        path.touch(mode=0o600)
        path.write_text(f"{certificate}\n{key}\n")
        context.load_cert_chain(path, password=lambda: "")


def _words(error: ValidationError) -> str:
    """The first fault with its field. Pydantic's own words hold no input: they are asked not to."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = str(fault["loc"][-1]) if fault["loc"] else "the kubeconfig"
    if fault["type"] == "extra_forbidden" or field in _FIXES:
        return f"{field} {_FIXES.get(field, 'is not supported in this kubeconfig')}"
    return f"{field}: {fault['msg'].removeprefix('Value error, ')}"
