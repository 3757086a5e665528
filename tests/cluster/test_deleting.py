"""`enableDelete` on a real workload."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from regsweep.api.policy import WorkloadRef
from regsweep.clients.registry import DeleteState, Target, probe_deletes
from regsweep.core.workload import DELETE_SWITCH
from regsweep.errors import ClusterConflict, WorkloadUnfit
from regsweep.steps.deleting import MANAGER, Switching, enable_delete
from tests.cluster.access import Cluster
from tests.cluster.collecting import Ports
from tests.cluster.registries import DeployRegistry, RunningRegistry


def switching(cluster: Cluster, running: RunningRegistry) -> Switching:
    return Switching(
        cluster=cluster.api,
        namespace=running.namespace,
        workload=WorkloadRef(kind=running.options.kind, name=running.options.name),
        probe=lambda: probe_deletes(Target(url=running.url)),
        clock=lambda: datetime.now(UTC),
        stop=Ports(),
        progress=Ports(),
    )


@pytest.mark.parametrize("version", ["2.8", "3"])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_deletes_are_switched_on_and_stay_on(cluster: Cluster, registry: DeployRegistry, version: str, kind: Any):
    running = registry(version, kind=kind, volume="claim", delete=False)
    switch = switching(cluster, running)
    assert switch.probe() is DeleteState.DISABLED
    enable_delete(switch)
    assert switch.probe() is DeleteState.ENABLED
    managers = cluster.kubectl("-n", running.namespace, "get", running.workload, "--show-managed-fields", "-o", "json")
    assert f'"manager": "{MANAGER}"' in managers
    enable_delete(switch)


def test_another_managers_value_is_named_and_left(cluster: Cluster, registry: DeployRegistry):
    running = registry("3", volume="claim", delete=False, environment={DELETE_SWITCH: "false"})
    with pytest.raises(ClusterConflict, match=r'to something else: .*conflict with "kubectl'):
        enable_delete(switching(cluster, running))


def test_a_store_that_a_restart_would_lose_is_not_restarted(cluster: Cluster, registry: DeployRegistry):
    running = registry("3", volume="emptyDir", delete=False)
    with pytest.raises(WorkloadUnfit, match="every restart loses it"):
        enable_delete(switching(cluster, running))
