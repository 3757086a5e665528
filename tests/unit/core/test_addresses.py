"""A registry under all its names."""

from __future__ import annotations

import pytest

from regsweep.api.policy import RegistrySpec
from regsweep.core.addresses import addresses_of
from regsweep.core.reference import parse_reference

SERVICE = "http://registry.infra.svc:5000"


def meant(text: str, url: str = SERVICE, aliases: tuple[str, ...] = (), hosts: tuple[str, ...] = ()):
    spec = RegistrySpec.model_validate({"url": url, "aliases": list(aliases)})
    return addresses_of(spec, hosts).repositories(parse_reference(text))


@pytest.mark.parametrize(
    "host",
    [
        "registry.infra.svc:5000",
        "registry.infra.svc.cluster.local:5000",
        "registry.infra.svc.corp.example:5000",
        "registry.infra:5000",
        "registry:5000",
        "REGISTRY.infra.SVC:5000",
    ],
)
@pytest.mark.parametrize("url", [SERVICE, "http://registry.infra:5000", "http://registry.infra.svc.cluster.local:5000"])
def test_a_service_has_short_and_long_names(host: str, url: str):
    assert meant(f"{host}/team/app:1", url) == ("team/app",)


@pytest.mark.parametrize(
    "host",
    [
        "registry.infra.svc:5001",
        "registry.infra.svc",
        "registry.other.svc:5000",
        "registry.example.com:5000",
        "other.infra.svc:5000",
        "docker.io",
        "10.96.0.10:5000",
    ],
)
def test_another_registry_is_another(host: str):
    assert meant(f"{host}/team/app:1") == ()


@pytest.mark.parametrize(
    ("url", "text", "own"),
    [
        ("https://r.example.com", "r.example.com/a", True),
        ("https://r.example.com", "r.example.com:443/a", True),
        ("https://r.example.com", "r.example.com:8443/a", True),
        ("https://r.example.com:443", "r.example.com/a", True),
        ("http://r.example.com:80", "r.example.com/a", True),
        ("http://r.example.com:5000", "r.example.com/a", False),
        ("http://r.example.com:5000", "r.example.com:5001/a", False),
        ("http://[fd00::1]:5000", "[FD00:0::1]:5000/a", True),
        ("http://[fd00::1]:5000", "[fd00::1]:5001/a", False),
        ("http://10.0.0.5:5000", "10.0.0.5:5000/a", True),
        ("http://localhost:5000", "localhost:5000/a", True),
        ("http://under_score:5000", "under-score:5000/a", False),
    ],
)
def test_ports_and_addresses(url: str, text: str, own: bool):
    assert meant(text, url) == (("a",) if own else ())


def test_names_that_only_the_cluster_knows():
    hosts = ("10.96.0.10:5000", "node-1.example.com:30500", "[fd00::2]:5000", "not a host")
    for host in hosts[:3]:
        assert meant(f"{host}/a", hosts=hosts) == ("a",)
    assert meant("node-1.example.com:30501/a", hosts=hosts) == ()


def test_a_port_of_every_node():
    for host in ("10.0.0.7:30500", "node-1:30500", "[fd00::7]:30500", "localhost:30500"):
        assert meant(f"{host}/a", hosts=("*:30500",)) == ("a",)
    for host in ("10.0.0.7:30501", "node-1.example.com", "docker.io"):
        assert meant(f"{host}/a", hosts=("*:30500", "*:", "*:http")) == ()


@pytest.mark.parametrize(
    ("alias", "text", "repositories"),
    [
        ("registry.example.com", "registry.example.com/team/app", ("team/app",)),
        ("registry.example.com", "registry.example.com:8443/team/app", ("team/app",)),
        ("registry.example.com:8443", "registry.example.com:8443/team/app", ("team/app",)),
        ("registry.example.com:8443", "registry.example.com/team/app", ()),
        ("Registry.Example.com", "registry.example.com/app", ("app",)),
        ("mirror.example.com/hub", "mirror.example.com/hub/library/nginx", ("library/nginx", "hub/library/nginx")),
        ("mirror.example.com/hub", "mirror.example.com/hubs/nginx", ()),
        ("mirror.example.com/hub", "mirror.example.com/hub", ()),
        ("docker.io", "nginx", ("library/nginx", "nginx")),
        ("docker.io", "grafana/grafana:11", ("grafana/grafana",)),
        ("docker.io=hub", "nginx", ("hub/library/nginx", "hub/nginx")),
        ("quay.io=mirror/quay", "quay.io/org/app", ("mirror/quay/org/app",)),
        ("registry", "registry/team/app", ("team/app",)),
        ("[fd00::1]:5000", "[fd00::1]:5000/app", ("app",)),
    ],
)
def test_aliases(alias: str, text: str, repositories: tuple[str, ...]):
    assert meant(text, aliases=(alias,)) == repositories


def test_a_registry_below_a_path():
    assert meant("r.example.com/below/app", "https://r.example.com/below") == ("below/app", "app")


def test_an_image_id_is_nobodys():
    assert meant("sha256:" + "a" * 64) == ()


def test_every_path_that_means_a_repository_is_written_back():
    spec = RegistrySpec.model_validate(
        {"url": "https://r.example.com/below", "aliases": ["docker.io=hub", "m.example.com/hub"]}
    )
    for address in addresses_of(spec).all:
        for repository in ("app", "hub/app", "hub/library/nginx", "below/app"):
            for path in address.paths(repository):
                assert repository in address.repositories(address.port, path)
