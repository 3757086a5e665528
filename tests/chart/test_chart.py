"""The chart renders, gives the operator no more than it says, refuses unknown values, and agrees with deploy/."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from regsweep.api.crd import crds
from regsweep.api.load import load_policy
from regsweep.steps.inuse.pods import Span
from regsweep.steps.inuse.presets import PRESETS
from regsweep.steps.inuse.rights import to_list
from regsweep.steps.inuse.sources import standard_sources
from tests.chart.rendering import CHART, ROOT, Document, helm, manifests, rendered, template

pytestmark = pytest.mark.timeout(1800)  # the first test may have to build helm

MONITORING = ("ServiceMonitor", "PodMonitor", "PrometheusRule")
ALL_ON = {
    "registryNamespaces": ["registry", "mirror"],
    "watchNamespaces": ["registry"],
    "image": {"digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "login"}],
    "inUse": {
        "presets": ["ArgoRollouts", "ArgoWorkflows", "FluxImagePolicies", "Knative", "Tekton"],
        "customResources": [{"apiGroup": "apps.kruise.io", "resource": "clonesets"}],
        "helmReleases": True,
        "nodeImages": True,
    },
    "serviceAccount": {"annotations": {"a": "b"}},
    "cache": {"existingClaim": "cache"},
    "operator": {"extraArgs": ["-v"]},
    "podAnnotations": {"a": "b"},
    "podLabels": {"a": "b"},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
    "priorityClassName": "high",
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "metrics": {kind: {"enabled": True} for kind in ("serviceMonitor", "podMonitor", "prometheusRule", "dashboard")},
    "networkPolicy": {"enabled": True, "metricsFrom": [{"namespaceSelector": {}}]},
    "guard": {"enabled": True},
}
CAPABLE = tuple(f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in MONITORING)


def of_kind(documents: list[Document], kind: str) -> list[Document]:
    return [each for each in documents if each["kind"] == kind]


def named(documents: list[Document], kind: str, name: str) -> Document:
    [found] = [each for each in of_kind(documents, kind) if each["metadata"]["name"] == name]
    return found


def rights(role: Document) -> set[str]:
    """`verb group/resource` for everything that a role allows."""
    return {
        f"{verb} {group + '/' if group else ''}{resource}"
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def pod(documents: list[Document]) -> dict[str, Any]:
    [deployment] = of_kind(documents, "Deployment")
    return deployment["spec"]["template"]["spec"]


def test_the_chart_lints():
    answer = helm("lint", "--strict", str(CHART))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_everything_that_can_be_switched_on_renders():
    documents = rendered(*CAPABLE, **ALL_ON)
    kinds = {document["kind"] for document in documents}
    assert {*MONITORING, "NetworkPolicy", "ConfigMap", "Service", "Deployment"} <= kinds
    unique = {(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in documents}
    assert len(unique) == len(documents)


def test_every_value_is_in_the_schema_and_the_other_way_round():
    def keys(node: dict[str, Any], path: str = "") -> set[str]:
        inner = node.get("properties")
        return (
            {path} if inner is None else {key for name, each in inner.items() for key in keys(each, f"{path}.{name}")}
        )

    def values(node: Any, path: str, known: set[str]) -> set[str]:
        if path in known or not isinstance(node, dict):
            return {path}
        return {key for name, each in node.items() for key in values(each, f"{path}.{name}", known)}

    known = keys(json.loads((CHART / "values.schema.json").read_text())) - {".global", ".resources.claims"}
    assert values(yaml.safe_load((CHART / "values.yaml").read_text()), "", known) == known


@pytest.mark.parametrize(
    "values",
    [
        {"registryNamespace": ["registry"]},
        {"registryNamespaces": "registry"},
        {"registryNamespaces": ["Registry"]},
        {"image": {"repo": "x"}},
        {"image": {"digest": "latest"}},
        {"image": {"pullPolicy": "never"}},
        {"operator": {"maxConcurrentRuns": 0}},
        {"operator": {"logFormat": "xml"}},
        {"crds": {"keep": "yes"}},
        {"metrics": {"service": {"port": 0}}},
        {"terminationGracePeriodSeconds": 0},
        {"inUse": {"customResources": [{"apiGroup": "argoproj.io"}]}},
        {"inUse": {"scope": "cluster"}},
        {"inUse": {"presets": ["Argo"]}},
        {"inUse": {"readWorkloads": True}},
        {"replicas": 2},
    ],
    ids=str,
)
def test_a_value_that_the_chart_does_not_know_is_refused(values: dict[str, Any]):
    answer = template(**values)
    assert (answer.returncode != 0, next(iter(values)) in answer.stderr) == (True, True), answer.stderr


def test_the_definitions_are_the_generated_ones():
    found = of_kind(rendered(crds={"keep": False}), "CustomResourceDefinition")
    assert found == crds()


def test_the_definitions_stay_when_the_chart_goes():
    found = of_kind(rendered(), "CustomResourceDefinition")
    assert [each["metadata"]["annotations"] for each in found] == [{"helm.sh/resource-policy": "keep"}] * 2


def test_the_definitions_can_be_left_out():
    assert of_kind(rendered(crds={"install": False}), "CustomResourceDefinition") == []


@pytest.mark.parametrize("path", ["deploy/operator.yaml", "deploy/registry-namespace/role.yaml"])
def test_deploy_is_what_the_chart_renders(path: str):
    assert (ROOT / path).read_text() == manifests()[Path(path)], "run `python -m tests.chart`"


def test_by_default_no_registry_may_be_touched():
    documents = rendered()
    touching = [rights(each) for kind in ("Role", "ClusterRole") for each in of_kind(documents, kind)]
    granted = set().union(*touching)
    assert not {right for right in granted if re.search(r"pods/exec|secrets|configmaps", right)}
    assert not {right for right in granted if right.startswith(("patch apps", "delete pods"))}


def test_beside_a_registry_it_may_do_this_and_nothing_more():
    role = named(rendered(registryNamespaces=["registry"]), "Role", "regsweep-registry")
    assert rights(role) == {
        "get pods", "list pods", "watch pods", "delete pods", "get pods/exec", "create pods/exec",
        "get apps/deployments", "list apps/deployments", "watch apps/deployments", "patch apps/deployments",
        "get apps/statefulsets", "list apps/statefulsets", "watch apps/statefulsets", "patch apps/statefulsets",
        "get batch/jobs", "list batch/jobs", "create batch/jobs", "delete batch/jobs", "get pods/log",
        "get apps/replicasets", "list apps/replicasets", "list autoscaling/horizontalpodautoscalers", "get secrets",
        "list services",
        "get configmaps", "list configmaps", "create configmaps", "patch configmaps", "delete configmaps",
        "get coordination.k8s.io/leases", "create coordination.k8s.io/leases",
        "update coordination.k8s.io/leases", "patch coordination.k8s.io/leases",
    }  # fmt: skip


LISTED = {
    "list pods", "list podtemplates", "list replicationcontrollers", "list apps/controllerrevisions",
    "list apps/daemonsets", "list apps/deployments", "list apps/replicasets", "list apps/statefulsets",
    "list batch/cronjobs", "list batch/jobs",
}  # fmt: skip


def in_use_roles(**values: Any) -> dict[tuple[str, str], set[str]]:
    """Of every role that looks for images in use: its kind and namespace, and its rights."""
    documents = rendered(registryNamespaces=["a", "b"], **values)
    return {
        (each["kind"], each["metadata"].get("namespace", "")): rights(each)
        for each in documents
        if each["kind"] in ("Role", "ClusterRole") and each["metadata"]["name"] == "regsweep-in-use"
    }


def test_to_know_what_is_used_it_may_list_this_and_nothing_more():
    assert in_use_roles() == {("ClusterRole", ""): LISTED}
    assert in_use_roles(inUse={"scope": "Namespace"}) == {("Role", "a"): LISTED, ("Role", "b"): LISTED}
    assert in_use_roles(inUse={"scope": "None"}) == {}


def test_what_is_not_looked_for_is_not_granted():
    none = {
        right
        for each in of_kind(rendered(registryNamespaces=["a"], inUse={"scope": "None"}), "Role")
        for right in rights(each)
    }
    assert "list services" not in none
    namespaced = rendered(registryNamespaces=["a"], inUse={"scope": "Namespace"})
    assert [each["metadata"]["name"] for each in of_kind(namespaced, "ClusterRoleBinding")] == ["regsweep-policies"]
    bound = {(e["metadata"]["namespace"], e["roleRef"]["name"]) for e in of_kind(namespaced, "RoleBinding")}
    assert ("a", "regsweep-in-use") in bound


MORE: list[tuple[dict[str, Any], set[str]]] = [
    ({"helmReleases": True}, {"list secrets"}),
    ({"nodeImages": True}, {"list nodes"}),
    ({"customResources": [{"apiGroup": "a.io", "resource": "things"}]}, {"list a.io/things"}),
    ({"presets": ["FluxImagePolicies"]}, {"list image.toolkit.fluxcd.io/imagepolicies"}),
]


@pytest.mark.parametrize(("values", "more"), MORE, ids=[next(iter(values)) for values, _ in MORE])
def test_each_of_the_others_is_granted_by_its_own_value(values: dict[str, Any], more: set[str]):
    assert in_use_roles(inUse=values) == {("ClusterRole", ""): LISTED | more}


def plural(name: str) -> str:
    return re.sub("y$", "ie", name.lower()) + "s"


def test_presets_are_granted_what_they_read():
    for preset, kinds in PRESETS.items():
        wanted = {f"list {kind.group}/{plural(kind.name)}" for kind in kinds}
        assert in_use_roles(inUse={"presets": [preset.value]}) == {("ClusterRole", ""): LISTED | wanted}
        within = {right for right in wanted if "/cluster" not in right}
        roles = in_use_roles(inUse={"presets": [preset.value], "scope": "Namespace"})
        assert roles == {("Role", "a"): LISTED | within, ("Role", "b"): LISTED | within}


def test_nodes_are_of_the_whole_cluster():
    answer = template(registryNamespaces=["a"], inUse={"scope": "Namespace", "nodeImages": True})
    assert (answer.returncode != 0, "inUse.nodeImages needs inUse.scope Cluster" in answer.stderr) == (True, True)


def test_what_the_operator_lists_is_what_the_chart_grants():
    every = load_policy(
        {
            "apiVersion": "regsweep.dev/v1alpha1",
            "kind": "RegistryCleanupPolicy",
            "metadata": {"name": "all"},
            "spec": {
                "registry": {"url": "https://registry.example.com"},
                "protect": {"inUse": {"helmReleases": True, "nodeImages": True}},
            },
        }
    ).spec.protect.in_use
    assert every is not None
    sources = standard_sources(every, Span(datetime.now(UTC), timedelta(1)))
    listed = {f"list {to_list(source.kind).group}/{source.kind.plural}".replace(" /", " ") for source in sources}
    assert in_use_roles(inUse={"helmReleases": True, "nodeImages": True}) == {("ClusterRole", ""): listed}


def test_nothing_is_a_wildcard():
    roles = [each for kind in ("Role", "ClusterRole") for each in of_kind(rendered(*CAPABLE, **ALL_ON), kind)]
    assert [each["metadata"]["name"] for each in roles if "*" in json.dumps(each["rules"])] == []


def test_with_watched_namespaces_it_has_no_right_on_policies_elsewhere():
    documents = rendered(watchNamespaces=["registry"])
    bound = [each["roleRef"]["name"] for each in of_kind(documents, "ClusterRoleBinding")]
    assert (bound, "--namespace=registry" in pod(documents)["containers"][0]["args"]) == (["regsweep-in-use"], True)


def test_every_binding_is_for_the_operator():
    bindings = [e for kind in ("RoleBinding", "ClusterRoleBinding") for e in of_kind(rendered(**ALL_ON), kind)]
    subject = {"kind": "ServiceAccount", "name": "regsweep", "namespace": "regsweep"}
    assert [each["subjects"] for each in bindings] == [[subject]] * len(bindings)


def test_without_rbac_there_is_no_role():
    kinds = {each["kind"] for each in rendered(rbac={"create": False}, registryNamespaces=["registry"])}
    assert kinds & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"} == set()


def test_people_get_what_their_role_says():
    documents = rendered()
    verbs = {
        role: {right.split()[0] for right in rights(named(documents, "ClusterRole", f"regsweep-{role}"))}
        for role in ("view", "edit", "admin")
    }
    write = {"create", "update", "patch", "delete", "deletecollection"}
    assert verbs == {"view": {"get", "list", "watch"}, "edit": write, "admin": write}


def test_the_pod_is_restricted():
    spec = pod(rendered())
    [container] = spec["containers"]
    assert (spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["seccompProfile"]) == (
        True,
        {"type": "RuntimeDefault"},
    )
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [each["emptyDir"] for each in spec["volumes"]] == [{"sizeLimit": "256Mi"}, {"sizeLimit": "1Gi"}]


def test_there_is_one_operator_at_a_time():
    [deployment] = of_kind(rendered(), "Deployment")
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({}, "ghcr.io/regsweep/regsweep:0.1.0"),
        ({"tag": "1"}, "ghcr.io/regsweep/regsweep:1"),
        ({"tag": "1", "digest": "sha256:" + "a" * 64}, "ghcr.io/regsweep/regsweep@sha256:" + "a" * 64),
    ],
    ids=["version of the chart", "tag", "digest wins"],
)
def test_the_image_is(image: dict[str, str], expected: str):
    assert pod(rendered(image=image))["containers"][0]["image"] == expected


def test_monitors_need_the_kinds_of_the_prometheus_operator():
    assert {each["kind"] for each in rendered(metrics=ALL_ON["metrics"])} & set(MONITORING) == set()


def test_alerts_and_dashboard_ask_for_metrics_that_exist():
    from regsweep.controller.metrics import Metrics

    known = set()
    for family in Metrics().registry.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [""])
        known |= {family.name + suffix for suffix in suffixes}
    text = (
        json.dumps(of_kind(rendered(*CAPABLE, **ALL_ON), "PrometheusRule"))
        + (CHART / "files/dashboard.json").read_text()
    )
    asked = set(re.findall(r"\bregsweep_[a-z_]+", text))
    assert (asked - known, len(asked) > 8) == (set(), True)


def test_versions_agree():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert project is not None
    assert {chart["version"], chart["appVersion"]} == {project[1]}


def test_the_notes_say_how_to_lift_by_hand():
    from regsweep.core.marker import LABEL
    from regsweep.core.workload import SWITCH

    notes = (CHART / "templates/NOTES.txt").read_text()
    assert [part in notes for part in (f"{SWITCH}-\n", f"{LABEL}-\n", f"{LABEL}=active")] == [True] * 3


def hooks(**values: Any) -> list[Document]:
    answer = template(**values)
    assert answer.returncode == 0, answer.stderr
    documents = [document for document in yaml.safe_load_all(answer.stdout) if document]
    return [
        each for each in documents if (each["metadata"].get("annotations") or {}).get("helm.sh/hook") == "pre-delete"
    ]


def test_before_the_release_goes_its_registries_are_lifted():
    made = hooks(registryNamespaces=["registry", "mirror"])
    job = named(made, "Job", "regsweep-uninstall")
    spec = job["spec"]["template"]["spec"]
    assert spec["containers"][0]["args"] == [
        "lift", "--uninstall=regsweep/regsweep", "--namespace=registry", "--namespace=mirror",
    ]  # fmt: skip
    assert spec["serviceAccountName"] == "regsweep"
    assert rights(named(made, "Role", "regsweep-uninstall")) == {
        "get apps/deployments", "patch apps/deployments", "list pods",
    }  # fmt: skip
    assert named(made, "Role", "regsweep-uninstall")["rules"][0]["resourceNames"] == ["regsweep"]
    assert hooks(registryNamespaces=[]) == hooks(registryNamespaces=["registry"], uninstall={"lift": False}) == []


def test_a_guard_is_there_where_it_is_asked_for():
    assert of_kind(rendered(registryNamespaces=["registry"]), "CronJob") == []
    [guard] = of_kind(rendered(registryNamespaces=["registry"], guard={"enabled": True}), "CronJob")
    pod_spec = guard["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod_spec["containers"][0]["args"] == ["guard", "--namespace=registry"]
    assert pod_spec["securityContext"]["runAsNonRoot"]
    assert pod_spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
    refused = template(guard={"enabled": True})
    assert refused.returncode != 0
    assert "guard.enabled needs registryNamespaces" in refused.stderr
