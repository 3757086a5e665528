"""All names under which workloads may pull from one registry, and what a reference to one of them means in it.

Two readings of a reference are better than the wrong one: a repository that is protected without need is there
tomorrow, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from regsweep.api.policy import RegistrySpec
from regsweep.core.reference import DOCKER_HUB, OFFICIAL, MalformedReference, Reference, parse_host

PUBLIC = frozenset(
    {DOCKER_HUB, "gcr.io", "ghcr.io", "mcr.microsoft.com", "nvcr.io", "public.ecr.aws", "quay.io", "registry.k8s.io"}
)
"""Public registries. A registry that has one of these names for an alias is a mirror of it."""

ANY_HOST = "*"
"""In place of a host: the port of every node, whatever a node is called."""

_WEB_PORTS = frozenset({"80", "443"})
"""What a client takes where no port is written, by the scheme that it tries."""


@dataclass(frozen=True, slots=True)
class Address:
    """One name. Without a `port` it stands for that host at every port. What follows `path` in a reference is the
    repository, with `prefix` in front.
    """

    host: str
    port: str = ""
    path: str = ""
    prefix: str = ""

    def repositories(self, port: str, path: str) -> Iterator[str]:
        """The repositories that `path` at `port` of this host may mean; none where it is not this registry's."""
        if self.port and port != self.port and (port or self.port not in _WEB_PORTS):
            return
        if not self.path:
            yield self._below(path)
        elif path.startswith(f"{self.path}/"):
            yield self._below(path[len(self.path) + 1 :])
            yield self._below(path)  # a proxy may also pass the path on

    def paths(self, repository: str) -> Iterator[str]:
        """The paths at this host that may mean `repository`: what `repositories` reads, written."""
        if self.prefix:
            if not repository.startswith(f"{self.prefix}/"):
                return
            repository = repository[len(self.prefix) + 1 :]
        yield f"{self.path}/{repository}" if self.path else repository
        if self.path and repository.startswith(f"{self.path}/"):
            yield repository

    def _below(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path


@dataclass(frozen=True)
class Addresses:
    """The names of one registry."""

    all: tuple[Address, ...]

    def repositories(self, reference: Reference) -> tuple[str, ...]:
        """Every repository of this registry that `reference` may mean, the likeliest first; none where it means another
        registry's, or is a bare image ID."""
        found: dict[str, None] = {}
        for host, path in _readings(reference):
            name, port = _split_port(host)
            for address in (*self._by_host.get(name, ()), *self._by_host.get(ANY_HOST, ()), *self._services(name)):
                found.update(dict.fromkeys(address.repositories(port, path)))
        return tuple(found)

    def spellings(self) -> Iterator[Address]:
        """Every name as an address of its own: a Service under its short and its long names."""
        for address in self.all:
            yield address
            if service := _service(address.host):
                name, namespace = service
                hosts = [name]
                if namespace:
                    hosts += [f"{name}.{namespace}{rest}" for rest in ("", ".svc", ".svc.cluster.local")]
                for host in hosts:
                    if host != address.host:
                        yield Address(host, address.port, address.path, address.prefix)

    @cached_property
    def _by_host(self) -> dict[str, list[Address]]:
        found: dict[str, list[Address]] = {}
        for address in self.all:
            found.setdefault(address.host, []).append(address)
        return found

    @cached_property
    def _by_service(self) -> dict[str, list[tuple[str, Address]]]:
        found: dict[str, list[tuple[str, Address]]] = {}
        for address in self.all:
            if service := _service(address.host):
                found.setdefault(service[0], []).append((service[1], address))
        return found

    def _services(self, host: str) -> list[Address]:
        service = _service(host)
        if service is None:
            return []
        name, namespace = service
        return [
            address
            for theirs, address in self._by_service.get(name, ())
            if host != address.host and (not namespace or not theirs or namespace == theirs)
        ]


def addresses_of(registry: RegistrySpec, hosts: Iterable[str] = ()) -> Addresses:
    """The names that the policy says, and `hosts` (`host`, `host:port` or `*:port`) that only the cluster knows.

    A host that no reference can hold (with an underscore, say) is none of them: nobody can pull by it.
    """
    parts = urlsplit(registry.url)
    found = [*_address(parts.netloc)]
    if path := parts.path.strip("/"):
        found += _address(parts.netloc, path)
    for alias in registry.aliases:
        name, _, prefix = alias.partition("=")
        host, _, path = name.partition("/")
        found += _address(host, path, prefix)
    for host in sorted(hosts):
        name, _, port = host.partition(":")
        found += [Address(ANY_HOST, port)] if name == ANY_HOST and port.isdigit() else _address(host)
    return Addresses(tuple(dict.fromkeys(found)))


def _address(host: str, path: str = "", prefix: str = "") -> Iterator[Address]:
    try:
        name, port = _split_port(parse_host(host))
    except MalformedReference:
        return
    yield Address(name, port, path, prefix)


def _readings(reference: Reference) -> Iterator[tuple[str, str]]:
    """Host and path, as the grammar has it, and as somebody may have meant it who has a name without a dot."""
    if not reference.path:
        return
    yield reference.host, reference.path
    if reference.host == DOCKER_HUB:
        first, slash, rest = reference.path.partition("/")
        if slash:
            yield first, rest
        if first + slash == OFFICIAL:
            yield reference.host, rest


def _split_port(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and port.isdigit() else (host, "")


def _service(host: str) -> tuple[str, str] | None:
    """Name and namespace of a Service, the namespace empty in its shortest form; None for what can be no Service."""
    labels = host.split(".")
    if host.startswith("[") or host.replace(".", "").isdigit():
        return None
    if len(labels) <= 2:
        return labels[0], labels[1] if len(labels) == 2 else ""
    return (labels[0], labels[1]) if labels[2] == "svc" else None
