"""Plan and policy of a run in ConfigMaps."""

from __future__ import annotations

from typing import cast

import pytest

from regsweep.api.load import load_policy
from regsweep.api.meta import ObjectMeta
from regsweep.clients.kube import Cluster
from regsweep.controller.documents import Documents
from regsweep.errors import ClusterDenied, PlanUnreadable
from tests.unit.controller.fake_cluster import FakeCluster
from tests.unit.controller.world import SPEC, World, plan_of

META = ObjectMeta(name="now", namespace="team", uid="0123456789")


def documents() -> tuple[FakeCluster, Documents]:
    cluster = FakeCluster()
    return cluster, Documents(cast(Cluster, cluster), META)


def test_a_plan_comes_back_whole() -> None:
    _, kept = documents()
    plan = plan_of(World(), 500)
    names = kept.save_plan(plan)
    assert names == ("now-01234567-plan-0",)
    assert kept.load_plan(names, plan.digest) == plan


def test_another_plan_than_the_status_names_is_refused() -> None:
    _, kept = documents()
    names = kept.save_plan(plan_of(World(), 2))
    with pytest.raises(PlanUnreadable, match="hold another plan than sha256:"):
        kept.load_plan(names, plan_of(World(), 3).digest)


def test_a_plan_that_was_changed_is_refused() -> None:
    cluster, kept = documents()
    names = kept.save_plan(plan_of(World(), 2))
    cluster.objects["ConfigMap", "team", names[0]]["binaryData"]["plan.json.gz"] = "bm8="
    with pytest.raises(PlanUnreadable):
        kept.load_plan(names, plan_of(World(), 2).digest)


def test_a_policy_comes_back_as_it_was_written() -> None:
    _, kept = documents()
    assert kept.load_policy() is None
    document = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy", "spec": SPEC}
    policy = load_policy({**document, "metadata": {"name": "nightly", "namespace": "team", "uid": "uid-1"}})
    kept.save_policy(policy)
    assert kept.load_policy() == policy


def test_a_missing_right_names_the_value_of_the_chart() -> None:
    cluster, kept = documents()

    def denied(verb: str, kind: str, name: str) -> None:
        raise ClusterDenied("configmaps is forbidden")

    cluster.fails = denied
    with pytest.raises(ClusterDenied, match="add it to registryNamespaces in the values of the chart"):
        kept.save_plan(plan_of(World(), 2))
