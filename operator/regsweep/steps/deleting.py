"""Switch deletes on in the registry's own workload, as `spec.registry.enableDelete` asks: one variable, by
an apply.

The variable is owned by a field manager of its own and stays: it is the setting, not a window. Never forced:
where somebody else has set it to another value, that is said, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from regsweep.api.meta import FIELD_MANAGER
from regsweep.api.policy import WorkloadRef
from regsweep.clients.kinds import POD, WORKLOADS
from regsweep.clients.kube import Cluster
from regsweep.clients.registry import DeleteState
from regsweep.core import registry_config, workload
from regsweep.core.marker import Target, env_body
from regsweep.core.ports import Clock, Progress, Stop
from regsweep.errors import ClusterConflict, ClusterNotFound, DeleteDisabled, RegistryError, WorkloadUnfit

MANAGER = f"{FIELD_MANAGER}-enable-delete"
ENABLED = "true"
"""Exactly this word: `1` and a quoted "true" count as off (Distribution 2.8 and 3.x)."""
DEFAULT_ROOT = "/var/lib/registry"
_ROOT_VARIABLE = "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"
_POLL_SECONDS = 1.0
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Switching:
    """What is given: the workload, the probe that tells whether deletes are on
    (`clients.registry.probe_deletes`), and how long its rollout may take."""

    cluster: Cluster
    namespace: str
    workload: WorkloadRef
    probe: Callable[[], DeleteState]
    clock: Clock
    stop: Stop
    progress: Progress
    rollout_timeout: timedelta = timedelta(minutes=10)

    @property
    def name(self) -> str:
        return f"{self.workload.kind} {self.namespace}/{self.workload.name}"


def enable_delete(switching: Switching) -> None:
    """Put the variable there, wait for the rollout, and prove by the probe that the registry deletes now.

    Raises WorkloadUnfit where a restart could harm, ClusterConflict with the other manager's name,
    DeleteDisabled where the registry still refuses, and what the Stop and the cluster raise. Where deletes
    are on already nothing changes.
    """
    found = _fit(switching)
    target = Target(
        switching.namespace, switching.workload.name, found["metadata"]["uid"], switching.workload.container
    )
    body = env_body(target, workload.DELETE_SWITCH, ENABLED)
    try:
        switching.cluster.apply(WORKLOADS[switching.workload.kind], body, manager=MANAGER)
    except ClusterConflict as error:
        raise ClusterConflict(
            f"deletes cannot be switched on: another manager has set {workload.DELETE_SWITCH} of {switching.name} to "
            f'something else: {error}. Set it to "{ENABLED}" there, or remove it'
        ) from error
    switching.progress.say(f"{workload.DELETE_SWITCH} is set on {switching.name}: waiting for its rollout")
    _wait_for_rollout(switching)
    _wait_for_answer(switching)


def _fit(switching: Switching) -> dict[str, Any]:
    try:
        found = _workload(switching)
    except ClusterNotFound as error:
        raise WorkloadUnfit(
            f"there is no {switching.name}: set registry.workloadRef to the workload that runs the registry"
        ) from error
    name = switching.workload.container
    faults = [*workload.unfit(found, name)] or _lost_by_a_restart(found, name)
    if faults:
        raise WorkloadUnfit(
            f"deletes cannot be switched on, for it takes a restart of {switching.name}: {'; '.join(faults)}. (By "
            "hand: "
            f'set {workload.DELETE_SWITCH} to "{ENABLED}" in its container)'
        )
    return found


def _lost_by_a_restart(found: dict[str, Any], name: str) -> list[str]:
    """Nothing for a store that is not on the registry's own disk, as far as its variables say."""
    env = workload.plain_env(workload.container(workload.template(found), name))
    driver = registry_config.read({}, env).driver
    if driver not in ("", "filesystem"):
        return []
    return list(workload.unfit_storage(found, name, env.get(_ROOT_VARIABLE, DEFAULT_ROOT)))


def _workload(switching: Switching) -> dict[str, Any]:
    return switching.cluster.get(WORKLOADS[switching.workload.kind], switching.namespace, switching.workload.name)


def _wait_for_rollout(switching: Switching) -> None:
    until = switching.clock() + switching.rollout_timeout
    while True:
        found = _workload(switching)
        pods = list(switching.cluster.list(POD, switching.namespace, labels=workload.selector(found)))
        if workload.rolled_out(found, pods, switching.workload.container):
            return
        crash = workload.crash(pods, switching.workload.container, workload.DELETE_SWITCH)
        if crash or switching.clock() > until:
            why = crash or f"it took longer than {switching.rollout_timeout}"
            raise DeleteDisabled(f"deletes are set on {switching.name}, and its rollout did not end: {why}")
        switching.stop.wait(_POLL_SECONDS)


def _wait_for_answer(switching: Switching) -> None:
    """A Service is a moment behind its pods' rollout."""
    until = switching.clock() + timedelta(seconds=_ANSWER_SECONDS)
    while True:
        try:
            last = str(state := switching.probe())
            if state is DeleteState.ENABLED:
                return
        except RegistryError as error:
            last = str(error)
        if switching.clock() > until:
            raise DeleteDisabled(
                f"{workload.DELETE_SWITCH}={ENABLED} is set on {switching.name} and rolled out, and the registry "
                "behind "
                f"spec.registry.url still does not delete ({last}): is it the same registry?"
            )
        switching.stop.wait(_POLL_SECONDS)
