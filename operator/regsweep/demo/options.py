"""What a registry process may be told, and the configuration file that says it. Pure.

The file is JSON, which is YAML, and reads alike in Distribution 2.8 and 3.x.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

INSTANCE_HEADER = "X-Registry-Instance"


@dataclass(frozen=True, slots=True)
class TokenAuth:
    """Bearer tokens: who gives them (`realm`, a URL), for which service, signed by whom."""

    realm: str
    service: str
    issuer: str
    root_cert_bundle: Path


@dataclass(frozen=True, slots=True)
class TLS:
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """`cache` is that of blob descriptors: `inmemory` as in the official images, or None. `env` overrides."""

    delete_enabled: bool = True
    read_only: bool = False
    cache: Literal["inmemory"] | None = "inmemory"
    htpasswd: Path | None = None
    token: TokenAuth | None = None
    tls: TLS | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    log_level: Literal["error", "info"] = "error"


def configuration(options: RegistryOptions, storage: Path, port: int, instance: str) -> str:
    """The text of the config file. Every answer carries `instance`: no other server can be taken for it."""
    storing: dict[str, Any] = {
        "filesystem": {"rootdirectory": str(storage)},
        "delete": {"enabled": options.delete_enabled},
        "maintenance": {"uploadpurging": {"enabled": False}, "readonly": {"enabled": options.read_only}},
    }
    if options.cache:
        storing["cache"] = {"blobdescriptor": options.cache}
    serving: dict[str, Any] = {
        "addr": f"127.0.0.1:{port}",
        "secret": instance,
        "headers": {INSTANCE_HEADER: [instance]},
    }
    if options.tls:
        serving["tls"] = {"certificate": str(options.tls.certificate), "key": str(options.tls.key)}
    body = {
        "version": "0.1",
        "log": {"level": options.log_level, "accesslog": {"disabled": True}},
        "storage": storing,
        "http": serving,
        **_auth(options),
    }
    return json.dumps(body, indent=2) + "\n"


def _auth(options: RegistryOptions) -> dict[str, Any]:
    if options.token:
        token = options.token
        about = {"realm": token.realm, "service": token.service, "issuer": token.issuer}
        return {"auth": {"token": {**about, "rootcertbundle": str(token.root_cert_bundle)}}}
    if options.htpasswd:
        return {"auth": {"htpasswd": {"realm": "registry", "path": str(options.htpasswd)}}}
    return {}
