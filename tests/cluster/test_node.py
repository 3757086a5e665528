"""The cluster itself: what every other cluster test takes for granted."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

from tests.cluster import settings
from tests.cluster.access import Cluster
from tests.cluster.outside.namespaces import in_node
from tests.cluster.registries import DeployRegistry

ABSENT = "sha256:" + "0" * 64


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def answers(cluster: Cluster) -> bool:
    try:
        return cluster.kubectl("get", "--raw", "/readyz", "--request-timeout=2s") == "ok"
    except subprocess.CalledProcessError:
        return False


def process_of(component: str) -> str:
    return in_node(["cat", str(settings.PIDS / component)])


@pytest.mark.parametrize("version", ["2.8", "3"])
@pytest.mark.parametrize(("delete", "status"), [(True, 404), (False, 405)], ids=["deletes-on", "deletes-off"])
def test_a_registry_answers_and_says_whether_it_deletes(
    registry: DeployRegistry, version: str, delete: bool, status: int
) -> None:
    deployed = registry(version, delete=delete)

    assert deployed.request("GET", "_catalog").json() == {"repositories": []}
    assert deployed.request("DELETE", f"team/app/manifests/{ABSENT}").status_code == status


@pytest.mark.parametrize("version", ["2.8", "3"])
def test_exec_runs_the_registry_in_its_pod(registry: DeployRegistry, version: str) -> None:
    deployed = registry(version)

    assert deployed.exec("registry", "--version").split()[-1].startswith(version)
    assert deployed.exec("sh", "-c", "ls -d /var/lib/registry") == "/var/lib/registry\n"


def test_replicas_of_a_stateful_set_share_a_volume(registry: DeployRegistry) -> None:
    deployed = registry("3", kind="StatefulSet", replicas=2, volume="claim", login=("admin", "secret"))

    deployed.exec("touch", "/var/lib/registry/seen")

    assert deployed.pods() == ["registry-0", "registry-1"]
    seen = [
        deployed.cluster.kubectl("-n", deployed.namespace, "exec", pod, "--", "ls", "/var/lib/registry")
        for pod in deployed.pods()
    ]
    assert ["seen" in listing for listing in seen] == [True, True]
    assert deployed.request("GET", "").status_code == 200


@pytest.mark.node
def test_a_registry_without_a_shell(registry: DeployRegistry) -> None:
    deployed = registry("3-distroless", volume="hostPath", strategy="Recreate")

    assert deployed.exec("registry", "--version").split()[-1].startswith("3.")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        deployed.exec("sh", "-c", "true")
    assert "executable file not found" in "".join(refused.value.__notes__)


@pytest.mark.node
@pytest.mark.alone
@pytest.mark.parametrize("component", ["apiserver", "kubelet", "containerd", "etcd", "proxy"])
def test_a_killed_component_comes_back(cluster: Cluster, registry: DeployRegistry, component: str) -> None:
    deployed = registry("3")
    before = deployed.pods()
    process = process_of(component)

    cluster.kill(component)

    eventually(lambda: process_of(component) != process)
    eventually(lambda: answers(cluster))
    eventually(lambda: cluster.kubectl("get", "node", "node1").find(" Ready ") > 0)
    assert deployed.pods() == before
    assert deployed.request("GET", "").status_code == 200


@pytest.mark.node
@pytest.mark.alone
def test_a_registry_is_reached_while_the_api_server_is_away(cluster: Cluster, registry: DeployRegistry) -> None:
    deployed = registry("2.8")

    cluster.stop("apiserver")
    try:
        eventually(lambda: not answers(cluster))
        assert deployed.request("GET", "").status_code == 200
    finally:
        cluster.start("apiserver")
    eventually(lambda: answers(cluster))
