"""From a policy and the options to a registry's address and login. Reads secrets from files only."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.cli.files import MAXIMUM_SECRET_BYTES, read_text
from regsweep.cli.options import Login
from regsweep.cli.terminal import say
from regsweep.clients.auth import Credentials, from_docker_config
from regsweep.clients.cache import FileCache
from regsweep.clients.registry import Target
from regsweep.errors import InvalidInput


def with_url(policy: RegistryCleanupPolicy, url: str | None) -> RegistryCleanupPolicy:
    """The policy with another address of its registry, which keeps its own as an alias: workloads pull by that one.

    Raises InvalidInput where `url` is no URL.
    """
    if url is None:
        return policy
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        raise InvalidInput(
            "--url is not the address of a registry: give http:// or https:// and a host, "
            "and no user name or password (they go into --username and --password-file)"
        )
    registry = policy.spec.registry
    own = urlsplit(registry.url)
    aliases = (*registry.aliases, f"{own.netloc}{own.path.rstrip('/')}")
    registry = registry.model_copy(update={"url": url.rstrip("/"), "aliases": aliases})
    return policy.model_copy(update={"spec": policy.spec.model_copy(update={"registry": registry})})


def target(policy: RegistryCleanupPolicy, login: Login) -> Target:
    """Where and how to speak to the policy's registry. Raises InvalidInput."""
    registry, limits = policy.spec.registry, policy.spec.limits
    credentials = _credentials(registry.url, login)
    if credentials is None and registry.credentials_secret_ref is not None:
        raise InvalidInput(
            f"spec.registry.credentialsSecretRef names the Secret {registry.credentials_secret_ref.name}, "
            "which only the operator reads: give --docker-config, or --username and --password-file"
        )
    return Target(
        url=registry.url,
        credentials=credentials,
        ca_pem=read_text(login.ca_file, MAXIMUM_SECRET_BYTES << 4) if login.ca_file else None,
        insecure=login.insecure or registry.insecure_skip_tls_verify,
        concurrency=limits.concurrency,
        requests_per_second=limits.requests_per_second,
    )


def _credentials(url: str, login: Login) -> Credentials | None:
    if login.username and login.password_file:
        return Credentials(login.username, read_text(login.password_file, MAXIMUM_SECRET_BYTES).rstrip("\r\n"))
    if login.username or login.password_file:
        raise InvalidInput("--username and --password-file go together")
    if login.docker_config is None:
        return None
    found = from_docker_config(read_text(login.docker_config, MAXIMUM_SECRET_BYTES << 4), urlsplit(url).netloc)
    if found is None:
        raise InvalidInput(
            f"{login.docker_config} holds no login for {urlsplit(url).netloc}: add one with `docker login`"
        )
    return found


def open_cache(directory: Path | None) -> FileCache:
    """The cache of manifests on this machine: they are immutable, and read once."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return FileCache((directory or base / "regsweep") / "manifests.sqlite", say)
