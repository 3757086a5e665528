"""Where a registry is, who we are to it, and how gently it is asked. A value; opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from regsweep import __version__
from regsweep.clients.auth import Credentials
from regsweep.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Target:
    """One registry. `url` is its root, without `/v2/`.

    `ca_pem` is the text of PEM certificates that are trusted besides the system's. `concurrency` is the number of
    connections that are kept alive. `requests_per_second` 0 is no limit. `timeout` is (connect, read) in seconds.
    `server_hostname` is the name that the certificate must carry where `url` holds the address of a pod; such a target
    is never asked through a proxy. Raises InvalidInput for a URL that cannot be one.
    """

    url: str
    credentials: Credentials | None = field(default=None, repr=False)
    ca_pem: str | None = field(default=None, repr=False)
    insecure: bool = False
    concurrency: int = 8
    requests_per_second: int = 0
    timeout: tuple[float, float] = (5, 60)
    server_hostname: str | None = None
    user_agent: str = f"regsweep/{__version__}"

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise InvalidInput("registry url: cannot be read; write it as http://registry.example.com:5000") from None
        if parts.username is not None or parts.password is not None:
            raise InvalidInput(
                "registry url: holds a user or a password; take them out and set spec.registry.credentialsSecretRef, "
                "or --username with --password-file"
            )
        if not valid or parts.query or parts.fragment:
            raise InvalidInput(
                f"registry url: {self.url!r} is not the root of a registry; write it as http://registry.example.com:5000"
            )
        if parts.path.rstrip("/").endswith("/v2"):
            raise InvalidInput(f"registry url: {self.url!r} ends in /v2; write it without")

    @property
    def root(self) -> str:
        """The URL without a slash at its end."""
        return self.url.rstrip("/")

    @property
    def host(self) -> str:
        """Host and port as in the URL: what a docker config names."""
        return urlsplit(self.url).netloc
