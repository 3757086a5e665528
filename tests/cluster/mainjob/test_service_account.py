"""What the operator's ServiceAccount may do, asked of the API server and held against a list written by hand."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.cluster.mainjob.installation import IMAGE, NAMESPACE, Installation

Rights = dict[str, set[str]]
"""Resource to verbs."""

# In every namespace. Which images workloads use is only ever listed.
EVERYWHERE: Rights = {
    "registrycleanuppolicies.regsweep.dev": {"get", "list", "watch", "patch"},
    "registrycleanuppolicies.regsweep.dev/status": {"get", "patch"},
    "registrycleanuppolicies.regsweep.dev/finalizers": {"update"},
    "registrycleanupruns.regsweep.dev": {"get", "list", "watch", "create", "patch", "delete"},
    "registrycleanupruns.regsweep.dev/status": {"get", "patch"},
    "registrycleanupruns.regsweep.dev/finalizers": {"update"},
    "events.events.k8s.io": {"create", "patch"},
    "pods": {"list"},
    "deployments.apps": {"list"},
    "statefulsets.apps": {"list"},
    "daemonsets.apps": {"list"},
    "replicasets.apps": {"list"},
    "controllerrevisions.apps": {"list"},
    "jobs.batch": {"list"},
    "cronjobs.batch": {"list"},
}
BESIDE_A_REGISTRY: Rights = {
    "pods": {"get", "list", "watch", "delete"},
    "pods/exec": {"get", "create"},
    "deployments.apps": {"get", "list", "watch", "patch"},
    "statefulsets.apps": {"get", "list", "watch", "patch"},
    "replicasets.apps": {"get", "list"},
    "horizontalpodautoscalers.autoscaling": {"list"},
    "secrets": {"get"},
    "configmaps": {"get", "list", "create", "patch", "delete"},
    "leases.coordination.k8s.io": {"get", "create", "update", "patch"},
}
AT_HOME: Rights = {"leases.coordination.k8s.io": {"get", "create", "update", "patch"}}

FORBIDDEN = [
    ("get", "secrets", "default"),
    ("list", "secrets", "{registry}"),
    ("create", "pods", "{registry}"),
    ("create", "pods/exec", "default"),
    ("create", "pods/exec", NAMESPACE),
    ("patch", "deployments.apps", "default"),
    ("patch", "deployments.apps", NAMESPACE),
    ("create", "deployments.apps", "{registry}"),
    ("delete", "deployments.apps", "{registry}"),
    ("create", "registrycleanuppolicies.regsweep.dev", "{registry}"),
    ("delete", "registrycleanuppolicies.regsweep.dev", "{registry}"),
    ("get", "nodes", ""),
    ("list", "namespaces", ""),
    ("create", "clusterrolebindings.rbac.authorization.k8s.io", ""),
    ("patch", "customresourcedefinitions.apiextensions.k8s.io", ""),
    ("create", "serviceaccounts/token", NAMESPACE),
]


@pytest.mark.parametrize(
    ("namespace", "more"),
    [("default", {}), (NAMESPACE, AT_HOME), ("{registry}", BESIDE_A_REGISTRY)],
    ids=["elsewhere", "at-home", "beside-a-registry"],
)
def test_the_rights_are_these_and_no_others(installation: Installation, namespace: str, more: Rights) -> None:
    where = namespace.format(registry=installation.registry_namespaces[0])
    ours = rights(installation, installation.user, where)
    everybody = rights(installation, "system:serviceaccount:default:nobody", where)

    expected = {key: EVERYWHERE.get(key, set()) | more.get(key, set()) for key in EVERYWHERE | more}
    assert {key: verbs - everybody.get(key, set()) for key, verbs in ours.items() if key not in everybody} == expected


@pytest.mark.parametrize(("verb", "resource", "namespace"), FORBIDDEN)
def test_it_may_not(installation: Installation, verb: str, resource: str, namespace: str) -> None:
    where = namespace.format(registry=installation.registry_namespaces[0])
    scope = ["-n", where] if where else []
    resource, _, subresource = resource.partition("/")
    more = [f"--subresource={subresource}"] if subresource else []
    with pytest.raises(subprocess.CalledProcessError) as refused:
        installation.cluster.kubectl("auth", "can-i", verb, resource, *more, *scope, f"--as={installation.user}")
    assert refused.value.stdout.strip().startswith("no")


def test_its_pod_is_restricted(installation: Installation) -> None:
    """The namespace enforces the restricted profile, so that the pod would not run otherwise; its root is read-only."""
    [pod] = installation.pods()
    [container] = pod["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["spec"]["serviceAccountName"] == "regsweep"
    label = installation.cluster.kubectl("get", "namespace", NAMESPACE, "-o", "json")
    assert json.loads(label)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def rights(installation: Installation, user: str, namespace: str) -> Rights:
    """By `kubectl auth can-i --list`; questions that are no resource (paths) are left out."""
    listing = installation.cluster.kubectl("auth", "can-i", "--list", "-n", namespace, f"--as={user}", "--no-headers")
    found: Rights = {}
    for line in listing.splitlines():
        row = re.fullmatch(r"(\S*)\s+\[(.*)\]\s+\[(.*)\]\s+\[(.*)\]\s*", line)
        assert row is not None, line
        if row[1]:
            found.setdefault(row[1], set()).update(row[4].split())
    return found
