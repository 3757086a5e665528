"""The chart as it is installed: its pod is restricted and ready, its ServiceAccount may do this and nothing more."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.cluster.access import Cluster
from tests.cluster.mainjob.installation import NAMESPACE, RELEASE, Installation

pytestmark = pytest.mark.alone  # the rights of an operator that watches all namespaces

EVERYWHERE = {
    "regsweep.dev/registrycleanuppolicies": "get list patch watch",
    "regsweep.dev/registrycleanuppolicies/finalizers": "update",
    "regsweep.dev/registrycleanuppolicies/status": "get patch",
    "regsweep.dev/registrycleanupruns": "create delete get list patch watch",
    "regsweep.dev/registrycleanupruns/finalizers": "update",
    "regsweep.dev/registrycleanupruns/status": "get patch",
    "events.k8s.io/events": "create patch",
    "pods": "list",
    "podtemplates": "list",
    "replicationcontrollers": "list",
    "apps/controllerrevisions": "list",
    "apps/daemonsets": "list",
    "apps/deployments": "list",
    "apps/replicasets": "list",
    "apps/statefulsets": "list",
    "batch/cronjobs": "list",
    "batch/jobs": "list",
}
LEASES = {"coordination.k8s.io/leases": "create get patch update"}
BESIDE_A_REGISTRY = LEASES | {
    "pods": "delete get list watch",
    "pods/exec": "create get",
    "pods/log": "get",
    "services": "list",
    "batch/jobs": "create delete get list",
    "apps/deployments": "get list patch watch",
    "apps/replicasets": "get list",
    "apps/statefulsets": "get list patch watch",
    "autoscaling/horizontalpodautoscalers": "list",
    "configmaps": "create delete get list patch",
    "secrets": "get",
}
OF_EVERY_ACCOUNT = {"authorization.k8s.io", "authentication.k8s.io"}


def rights(cluster: Cluster, user: str, namespace: str) -> dict[str, str]:
    """Resource to verbs of everything that the user may do there, as the API server itself says."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    as_user = ("--as", user, "--as-group", "system:serviceaccounts", "--as-group", "system:authenticated")
    answer = json.loads(
        cluster.kubectl("create", "--validate=false", "-f", "-", "-o", "json", *as_user, stdin=json.dumps(review))
    )
    assert answer["status"]["incomplete"] is False
    found: dict[str, set[str]] = {}
    for rule in answer["status"]["resourceRules"]:
        for group in set(rule["apiGroups"]) - OF_EVERY_ACCOUNT:
            for resource in rule["resources"]:
                found.setdefault(f"{group}/{resource}".lstrip("/"), set()).update(rule["verbs"])
    return {resource: " ".join(sorted(verbs)) for resource, verbs in found.items()}


def the_pod(installation: Installation) -> dict[str, Any]:
    [pod] = [each for each in installation.pods() if "deletionTimestamp" not in each["metadata"]]
    return pod


def test_the_operator_is_ready_where_pods_are_restricted(cluster: Cluster, installation: Installation):
    space = json.loads(cluster.kubectl("get", "namespace", NAMESPACE, "-o", "json"))
    assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    pod = the_pod(installation)
    ready = [each["status"] for each in pod["status"]["conditions"] if each["type"] == "Ready"]
    assert (ready, pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"]) == (["True"], True)


def test_it_can_write_its_cache_and_nothing_of_its_image(installation: Installation):
    def write(path: str) -> None:
        code = f"open({path!r}, 'w').close()"
        installation.kubectl("exec", the_pod(installation)["metadata"]["name"], "--", "python", "-P", "-c", code)

    write("/tmp/test")
    write("/var/cache/regsweep/test")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        write("/opt/regsweep/test")
    assert "Read-only file system" in refused.value.stderr


def test_elsewhere_it_may_see_what_runs_and_nothing_more(cluster: Cluster, installation: Installation):
    assert rights(cluster, installation.user, "default") == EVERYWHERE


def test_beside_a_registry_it_may_do_its_work_and_nothing_more(cluster: Cluster, installation: Installation):
    beside = rights(cluster, installation.user, installation.registry_namespaces[0])
    assert beside == EVERYWHERE | BESIDE_A_REGISTRY


def test_at_home_it_may_hold_its_lease_and_nothing_more(cluster: Cluster, installation: Installation):
    assert rights(cluster, installation.user, NAMESPACE) == EVERYWHERE | LEASES


def test_helm_test_passes(cluster: Cluster, installation: Installation):
    assert "Succeeded" in cluster.helm("test", RELEASE, "--namespace", NAMESPACE, "--timeout=120s")
