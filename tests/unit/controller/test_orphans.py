"""Registries in maintenance without a run: which are lifted, and which are left to whom they belong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from regsweep.clients.kinds import DEPLOYMENT, POLICY, RUN
from regsweep.core import marker
from regsweep.core.workload import SWITCH
from regsweep.errors import ClusterConflict, ClusterDenied
from regsweep.steps.collect.leftover import Hands, Leftover
from tests.unit.controller.world import NAMESPACE, START, World


class Lifting:
    """Takes the place of the lift: what was to be lifted, and how it ends."""

    def __init__(self, world: World) -> None:
        self.lifted: list[str] = []
        self.ends_with: Exception | None = None
        self.holders: set[str] = set()
        self.urls: list[str] = []
        world.operator._orphans._lift = self

    def __call__(self, left: Leftover, hands: Hands, holder: str) -> tuple[str, ...]:
        self.lifted.append(f"{left} of {left.marker.run}")
        self.holders.add(holder)
        self.urls.append(hands.probe_for("http://10.0.0.1:5000").target.url)  # type: ignore[attr-defined]
        if self.ends_with is not None:
            raise self.ends_with
        return ()


def in_maintenance(world: World, run: str, policy_uid: str = "", name: str = "registry") -> None:
    mark = marker.Marker(run, policy_uid, START + timedelta(hours=1))
    env = [{"name": SWITCH, "value": marker.READ_ONLY}]
    body: dict[str, Any] = {
        "metadata": {
            "name": name,
            "annotations": mark.annotations(),
            "labels": {marker.LABEL: "active"},
            "managedFields": [{"manager": "regsweep", "fieldsV1": {f'k:{{"name":"{SWITCH}"}}': {}}}],
        },
        "spec": {"template": {"spec": {"containers": [{"name": "registry", "env": env}]}}},
    }
    world.cluster.create(DEPLOYMENT, NAMESPACE, body)


def test_a_window_whose_run_is_gone_is_lifted() -> None:
    world = World()
    world.policy()
    lifting = Lifting(world)
    in_maintenance(world, "removed-by-force")

    world.resync()

    assert lifting.lifted == [f"Deployment {NAMESPACE}/registry of removed-by-force"]
    assert lifting.holders == {"regsweep"}
    assert "regsweep_orphaned_maintenance 1.0" in world.metrics.text().decode()
    world.cluster.objects.pop(("Deployment", NAMESPACE, "registry"))
    world.resync()
    assert "regsweep_orphaned_maintenance 0.0" in world.metrics.text().decode()


def test_a_window_whose_run_goes_on_is_left_to_it() -> None:
    world = World()
    lifting = Lifting(world)
    status = {"step": "Collecting", "garbageCollection": {"step": "DryRunning"}}
    run = {"metadata": {"name": "nightly-1"}, "spec": {"policyRef": {"name": "nightly"}}, "status": status}
    world.cluster.create(RUN, NAMESPACE, run)
    in_maintenance(world, "nightly-1")

    world.operator._orphans.look()

    assert lifting.lifted == []


def test_a_run_that_is_over_holds_nothing() -> None:
    world = World()
    lifting = Lifting(world)
    world.policy()
    world.run("nightly-1")
    world.settle()
    in_maintenance(world, "nightly-1")

    world.resync()

    assert lifting.lifted == [f"Deployment {NAMESPACE}/registry of nightly-1"]


def test_what_fails_is_tried_again_with_the_next_look() -> None:
    world = World()
    lifting = Lifting(world)
    lifting.ends_with = ClusterConflict("somebody else holds the Lease")
    in_maintenance(world, "apply-1")

    world.resync()
    lifting.ends_with = None
    world.resync()

    assert len(lifting.lifted) == 2


def test_the_policy_of_the_window_gives_the_login() -> None:
    world = World()
    lifting = Lifting(world)
    world.policy()
    uid = world.cluster.get(POLICY, NAMESPACE, "nightly")["metadata"]["uid"]
    in_maintenance(world, "gone", uid)

    world.resync()

    assert lifting.urls == ["http://10.0.0.1:5000"]


def test_without_the_right_to_list_everywhere_it_looks_where_policies_are() -> None:
    world = World()
    lifting = Lifting(world)
    world.policy()
    in_maintenance(world, "gone")
    real = world.cluster.list

    def list_(kind: Any, namespace: str | None, **options: Any) -> Any:
        if kind is DEPLOYMENT and namespace is None:
            raise ClusterDenied("may not list deployments everywhere")
        return real(kind, namespace, **options)

    world.cluster.list = list_  # type: ignore[method-assign]

    world.resync()

    assert lifting.lifted == [f"Deployment {NAMESPACE}/registry of gone"]
