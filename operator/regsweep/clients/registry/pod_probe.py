"""Does this very replica accept writes? Asked anew each time, because pods come and go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from regsweep.clients.registry.reader import Reader
from regsweep.clients.registry.target import Target


@dataclass(frozen=True, slots=True)
class PodProbe:
    """One pod's registry, at `target`."""

    target: Target

    def writable(self) -> bool | None:
        """Raises RegistryError where it does not answer; None where its answer does not tell."""
        with Reader(self.target) as reader:
            return reader.writable()


def at_pod(target: Target, url: str) -> Target:
    """The registry's own login at the address of a pod. A certificate carries the registry's name, not the pod's."""
    name = urlsplit(target.url).hostname if url.startswith("https:") else None
    return replace(target, url=url, server_hostname=name, concurrency=1, requests_per_second=0, timeout=(5, 10))
