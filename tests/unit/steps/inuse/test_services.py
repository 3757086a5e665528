"""Under which addresses a registry is called inside its cluster."""

from __future__ import annotations

from typing import Any

import pytest

from regsweep.api.policy import RegistrySpec
from regsweep.errors import InUseUnknown
from regsweep.steps.inuse.places import Place
from regsweep.steps.inuse.services import registry_hosts
from tests.unit.steps.inuse.fake_api import FakeApi, forbidden

NAMES = {"reg", "reg.infra", "reg.infra.svc", "reg.infra.svc.cluster.local"}
WORKLOAD = {"kind": "Deployment", "name": "registry", "container": "registry"}


def service(name: str = "reg", *, selector: Any = None, ports: Any = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "infra"},
        "spec": {"selector": {"app": "registry"} if selector is None else selector, "ports": ports or [{"port": 5000}]}
        | spec,
        "status": {"loadBalancer": {}},
    }


def hosts(*services: dict[str, Any], url: str = "http://reg:5000", template: Any = None, **registry: Any) -> set[str]:
    api = FakeApi()
    api.lists["services"] = [list(services)]
    if template is not None:
        api.objects["Deployment", "infra", "registry"] = {"spec": {"template": template}}
    spec = RegistrySpec.model_validate({"url": url} | registry)
    return set(registry_hosts(spec, Place(api), "infra"))  # type: ignore[arg-type]


def test_a_service_is_called_by_its_names_and_addresses():
    found = hosts(
        service(
            clusterIP="10.0.0.7", clusterIPs=["10.0.0.7", "fd00::7"], externalIPs=["1.2.3.4"],
            ports=[{"port": 80, "nodePort": 30500}, {"port": 5000}],
        )
    )  # fmt: skip
    addresses = {"10.0.0.7", "[fd00::7]", "1.2.3.4"}
    assert found == {f"{host}:{port}" for host in NAMES | addresses for port in (80, 5000)} | {"*:30500"}


def test_a_load_balancer_is_called_by_what_it_got():
    found = service(clusterIP="None")
    found["status"]["loadBalancer"]["ingress"] = [{"ip": "1.2.3.4"}, {"hostname": "lb.example.com"}]
    assert hosts(found) - {f"{name}:5000" for name in NAMES} == {"1.2.3.4:5000", "lb.example.com:5000"}


def test_all_services_that_lead_to_the_same_pods_count():
    found = hosts(
        service(), service("also"), service("other", selector={"app": "web"}), service("headless", selector={})
    )
    assert {host.partition(".")[0].partition(":")[0] for host in found} == {"reg", "also"}


def test_the_labels_of_the_workload_count():
    template = {"metadata": {"labels": {"app": "registry", "tier": "infra"}}}
    services = (service("a", selector={"tier": "infra"}), service("b", selector={"tier": "web"}))
    found = hosts(*services, url="https://registry.example.com", template=template, workloadRef=WORKLOAD)
    assert {host for host in found if "." not in host} == {"a:5000"}


def test_a_port_of_the_host_is_one_of_every_node():
    container = {"name": "registry", "ports": [{"containerPort": 5000, "hostPort": 5001}, {"containerPort": 9000}]}
    template = {"spec": {"containers": [container]}}
    url = "https://registry.example.com"
    assert hosts(url=url, template=template, workloadRef=WORKLOAD) == {"*:5001"}
    template["spec"]["hostNetwork"] = True  # type: ignore[assignment]
    assert hosts(url=url, template=template, workloadRef=WORKLOAD) == {"*:5001", "*:9000"}


URLS = [
    ("http://reg:5000", True),
    ("http://reg.infra:5000", True),
    ("http://reg.infra.svc:5000", True),
    ("http://reg.infra.svc.cluster.local:5000", True),
    ("http://reg.elsewhere.svc:5000", False),
    ("http://localhost:5000", False),
    ("https://reg.example.com", False),
    ("https://10.0.0.7", False),
    ("https://[fd00::7]:5000", False),
]


@pytest.mark.parametrize(("url", "is_service"), URLS, ids=[url for url, _ in URLS])
def test_services_are_looked_at_where_the_url_may_be_one(url, is_service):
    api = FakeApi()
    registry_hosts(RegistrySpec.model_validate({"url": url}), Place(api), "infra")  # type: ignore[arg-type]
    assert [plural for plural, *_ in api.asked] == (["services"] if is_service else [])


ALIASES = [
    ("reg.infra.svc:5000", True), ("reg:5000", True), ("reg:5000/team=up", True), ("reg.example.com", False),
    ("[fd00::7]:5000", False),
]  # fmt: skip


@pytest.mark.parametrize(("alias", "is_service"), ALIASES, ids=[alias for alias, _ in ALIASES])
def test_an_alias_may_be_a_service_too(alias, is_service):
    found = hosts(service(clusterIP="10.0.0.7"), url="http://localhost:5000", aliases=[alias])
    assert ("10.0.0.7:5000" in found) is is_service


def test_a_workload_that_is_not_there_leads_nowhere():
    assert hosts(service(), url="https://registry.example.com", workloadRef=WORKLOAD) == set()


def unknown(api: FakeApi, **registry: Any) -> str:
    spec = RegistrySpec.model_validate({"url": "http://reg:5000"} | registry)
    with pytest.raises(InUseUnknown) as caught:
        registry_hosts(spec, Place(api), "infra")  # type: ignore[arg-type]
    return str(caught.value)


def test_a_right_that_is_missing_is_named():
    api = FakeApi()
    api.lists["services"] = forbidden("services")
    assert "may not list services in namespace infra" in unknown(api)
    api.objects["Deployment", "infra", "registry"] = forbidden("deployments", "apps")
    assert "may not get deployments.apps in namespace infra" in unknown(api, workloadRef=WORKLOAD)


def test_a_malformed_service_is_not_passed_over():
    api = FakeApi()
    api.lists["services"] = [[{"metadata": {"name": "reg"}, "spec": {"ports": "5000", "selector": {"a": "b"}}}]]
    assert "ports is not a list" in unknown(api)
