"""Under which addresses the registry is called in its cluster: its Services, and ports of its nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from regsweep.api.policy import RegistrySpec
from regsweep.clients.kinds import SERVICE, WORKLOADS
from regsweep.core.addresses import ANY_HOST
from regsweep.errors import ClusterDenied, ClusterNotFound, InUseUnknown
from regsweep.steps.inuse.places import Place
from regsweep.steps.inuse.rights import CONSEQUENCE, Right, denied
from regsweep.steps.inuse.shapes import Object, Strange, entries, part, text


def registry_hosts(registry: RegistrySpec, place: Place, namespace: str) -> frozenset[str]:
    """Names as `host:port`, and `*:port` for a port of the nodes; `namespace` is the policy's.

    Looks at Services only where the policy names a workload, or a Service by its URL or an alias: another registry is
    not in the cluster. Raises InUseUnknown for a missing right or a malformed object, and ClusterError.
    """
    hosts = (urlsplit(registry.url).hostname or "", *(_host_of(alias) for alias in registry.aliases))
    called = {name for host in hosts if (name := _service_of(host, namespace))}
    if not called and registry.workload_ref is None:
        return frozenset()
    here = Place(place.cluster, place.name, namespace)
    try:
        template = _template(registry, here, namespace)
        services = list(_list(here, namespace))
        labels = _labels(template, services, called)
        leading = [each for each in services if each["metadata"]["name"] in called or _leads(each, labels)]
        return frozenset((*_host_ports(template), *(host for each in leading for host in _hosts(each, namespace))))
    except Strange as error:
        raise InUseUnknown(
            f"the Services of namespace {namespace} cannot be understood: {error}. {CONSEQUENCE}"
        ) from error


def _list(here: Place, namespace: str) -> Iterator[Object]:
    try:
        yield from here.cluster.list(SERVICE, namespace)
    except ClusterDenied as error:
        raise denied(here, [Right("", "services", "list", f"registryNamespaces with {namespace}")], error) from error


def _template(registry: RegistrySpec, here: Place, namespace: str) -> Object:
    """The pod template of the workload; empty where the policy names none, or one that is not there."""
    ref = registry.workload_ref
    if ref is None:
        return {}
    kind = WORKLOADS[ref.kind]
    try:
        found = here.cluster.get(kind, namespace, ref.name)
    except ClusterNotFound:
        return {}
    except ClusterDenied as error:
        right = Right("apps", kind.plural, "get", f"registryNamespaces with {namespace}")
        raise denied(here, [right], error) from error
    return part(found, "spec", "template") or {}


def _host_of(alias: str) -> str:
    """Without port, path and prefix."""
    return alias.partition("=")[0].partition("/")[0].partition(":")[0]


def _service_of(host: str, namespace: str) -> str | None:
    """The Service in the policy's namespace that may have this name: `name`, `name.namespace...`."""
    labels = host.split(".")
    if ":" in host or host in ("", "[", "localhost"):
        return None
    if len(labels) == 1 or (labels[1] == namespace and labels[2:3] in ([], ["svc"])):
        return labels[0]
    return None


def _labels(template: Object, services: list[Object], called: set[str]) -> Mapping[str, Any]:
    """Those of the registry's pods: of the workload's template, else what a Service of its names selects by."""
    if found := part(template, "metadata", "labels"):
        return dict(found)
    selectors = [part(each, "spec", "selector") for each in services if each["metadata"]["name"] in called]
    return dict(selectors[0] or {}) if selectors else {}


def _leads(service: Object, labels: Mapping[str, Any]) -> bool:
    selector = part(service, "spec", "selector")
    return bool(selector) and dict(selector).items() <= labels.items()


def _hosts(service: Object, namespace: str) -> Iterator[str]:
    name = service["metadata"]["name"]
    names = [f"{name}.{namespace}", f"{name}.{namespace}.svc", f"{name}.{namespace}.svc.cluster.local"]
    addresses = [
        *_strings(service, "clusterIPs"),
        text(service, "spec", "clusterIP"),
        *_strings(service, "externalIPs"),
    ]
    for ingress in entries(service, "status", "loadBalancer", "ingress"):
        addresses += [text(ingress, "ip"), text(ingress, "hostname")]
    hosts = [name, *names, *(each for each in addresses if each and each != "None")]
    for port in entries(service, "spec", "ports"):
        yield from (f"{_bracketed(host)}:{port.get('port')}" for host in hosts)
        if port.get("nodePort"):
            yield f"{ANY_HOST}:{port['nodePort']}"


def _host_ports(template: Object) -> Iterator[str]:
    for container in entries(template, "spec", "containers"):
        for port in entries(container, "ports"):
            on_host = port.get("hostPort") or (part(template, "spec", "hostNetwork") and port.get("containerPort"))
            if on_host:
                yield f"{ANY_HOST}:{on_host}"


def _strings(service: Object, field: str) -> list[str]:
    found = part(service, "spec", field) or []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise Strange(f"{field} is not a list of strings")
    return found


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
