"""The operator, installed once for all tests of this folder, and the registries that it serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from tests.cluster.access import Cluster
from tests.cluster.mainjob.installation import NAMESPACE, Installation, installed
from tests.cluster.mainjob.site import Site, conditions_of
from tests.cluster.registries import DeployRegistry

NAMESPACES = tuple(f"{NAMESPACE}-{number:02}" for number in range(40))
"""One for each test: the operator has to be told before which ones it may touch."""


class MakeSite(Protocol):
    """Deploys a registry of a version, with fields of RegistryOptions, beside which policies are served."""

    def __call__(self, version: str, **options: Any) -> Site: ...


@pytest.fixture(scope="package")
def installation(cluster: Cluster) -> Iterator[Installation]:
    with installed(cluster, NAMESPACES) as made:
        yield made


@pytest.fixture(scope="package")
def free_namespaces(installation: Installation) -> Iterator[str]:
    return iter(installation.registry_namespaces)


@pytest.fixture
def namespace(cluster: Cluster, free_namespaces: Iterator[str]) -> Iterator[str]:
    """One of those that the operator may touch; nothing of it runs on after the test."""
    name = next(free_namespaces)
    yield name
    cluster.kubectl("-n", name, "delete", "rcp,deployment,statefulset", "--all", "--wait=false")


@pytest.fixture
def site(cluster: Cluster, namespace: str, registry: DeployRegistry) -> Iterator[MakeSite]:
    made: list[Site] = []

    def make(version: str, **options: Any) -> Site:
        # Its images outlive the pod: a rollout must not be a way to lose them.
        running = registry(version, **{"volume": "claim"} | options)
        made.append(Site(cluster, namespace, running))
        return made[-1]

    yield make
    for each in made:
        for name in each.names("rcr"):
            print(name, conditions_of(each.get("rcr", name)), sep="\n  ")
