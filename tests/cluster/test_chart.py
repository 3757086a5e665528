"""A real API server takes everything that is shipped, with strict validation: the chart, deploy/ and the examples."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import ROOT, Document, rendered
from tests.cluster.access import Cluster

pytestmark = pytest.mark.usefixtures("definitions")

CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}
EVERYTHING = {
    "registryNamespaces": ["registry"],
    "metrics": {"dashboard": {"enabled": True}},
    "networkPolicy": {"enabled": True, "metricsFrom": [{"namespaceSelector": {}}]},
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "priorityClassName": "system-cluster-critical",
}


def accepted(cluster: Cluster, namespace: str, documents: list[Document]) -> list[str]:
    """What the API server would make of them, all in one namespace. Raises CalledProcessError where it refuses one."""
    for document in documents:
        if document["kind"] not in CLUSTER_WIDE:
            document["metadata"]["namespace"] = namespace
    options = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-o", "name")
    return cluster.kubectl("apply", *options, "-f", "-", stdin=yaml.safe_dump_all(documents)).split()


def read(path: Path) -> list[Document]:
    return list(yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["by default", "everything on"])
def test_the_chart_is_accepted(cluster: Cluster, namespace: str, values: dict[str, object]):
    documents = rendered(**values)
    assert len(accepted(cluster, namespace, documents)) == len(documents)


def test_deploy_is_accepted(cluster: Cluster, namespace: str):
    files = [ROOT / "deploy" / name for name in ("namespace.yaml", "operator.yaml", "registry-namespace/role.yaml")]
    documents = [document for file in files for document in read(file)]
    assert len(accepted(cluster, namespace, documents)) == len(documents)


def test_kustomize_makes_all_of_deploy(cluster: Cluster):
    built = list(yaml.safe_load_all(cluster.kubectl("kustomize", str(ROOT / "deploy"))))
    parts = [each for name in ("namespace.yaml", "crds.yaml", "operator.yaml") for each in read(ROOT / "deploy" / name)]
    assert {(each["kind"], each["metadata"]["name"]) for each in built} == {
        (each["kind"], each["metadata"]["name"]) for each in parts
    }


@pytest.mark.parametrize("path", sorted((ROOT / "deploy/examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_is_accepted(cluster: Cluster, namespace: str, path: Path):
    documents = read(path)
    assert len(accepted(cluster, namespace, documents)) == len(documents)


def test_pods_of_the_examples_are_restricted(cluster: Cluster, namespace: str):
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    for name in ("registry", "cronjob"):
        for document in read(ROOT / f"deploy/examples/{name}.yaml"):
            spec = document.get("spec", {})
            template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template")
            if template is not None:
                pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template["spec"]}
                assert accepted(cluster, namespace, [pod]) == [f"pod/{name}"]
