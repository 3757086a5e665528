"""Everything that can be known beforehand, so that no window is entered that cannot be left. Changes
nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from regsweep.clients.kinds import AUTOSCALER
from regsweep.core import marker, workload
from regsweep.core.maintenance import Process, Replica
from regsweep.errors import ClusterConflict, ClusterDenied, ClusterError, ClusterNotFound, ExecFailed, WorkloadUnfit
from regsweep.steps.collect.alive import Solitude
from regsweep.steps.collect.inside import inspect
from regsweep.steps.collect.inspection import FILESYSTEM, Inspection
from regsweep.steps.collect.sight import ask, pods_of
from regsweep.steps.collect.site import Site

MAXIMUM_REPLICAS = 256
SETTLING = timedelta(seconds=60)
"""A rollout that just ended leaves terminating pods for a while."""
_REACH = "regsweep must reach each pod by its own address (run it inside the cluster), with the policy's credentials"


def preflight(site: Site) -> Inspection:
    """Raises WorkloadUnfit with every fault that was found and its fix; ClusterError where it cannot be
    known."""
    _refuse(site, list(workload.unfit(_workload(site), site.workload.container)))
    found, pods = _settled(site)
    if len(pods) > MAXIMUM_REPLICAS:
        _refuse(site, [f"it has more than {MAXIMUM_REPLICAS} replicas"])
    inspection = inspect(site, pods[0])
    if inspection.registry.driver == FILESYSTEM:
        _refuse(site, list(workload.unfit_storage(found, site.workload.container, inspection.registry.root)))
    _refuse_foreign_window(site, found)
    _try_apply(site, found, inspection)
    _refuse_replicas(site, pods, inspection)
    _refuse_collector(site, pods)
    _tell_autoscaler(site)
    return inspection


def _workload(site: Site) -> dict[str, Any]:
    try:
        return site.cluster.get(site.kind, site.namespace, site.workload.name)
    except ClusterNotFound as error:
        raise WorkloadUnfit(
            f"there is no {site.name}: set registry.workloadRef to the Deployment or StatefulSet that runs the registry"
        ) from error


def _settled(site: Site) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The workload and its pods once they are all ready; a rollout that is just ending is waited for."""
    until = site.clock() + SETTLING
    while True:
        found = _workload(site)
        pods = pods_of(site, found)
        if pods and workload.rolled_out(found, pods, site.workload.container):
            return found, pods
        if site.clock() > until:
            _refuse(site, ["it is not rolled out and ready: wait for `kubectl rollout status`, or repair it first"])
        site.stop.wait(site.pace.poll)


def _refuse_collector(site: Site, pods: list[dict[str, Any]]) -> None:
    solitude = Solitude(site)
    while (alive := solitude.ask(pods)) is None:
        site.stop.wait(site.pace.poll)
        _, pods = _settled(site)
    if alive is Process.RUNNING:
        fault = "garbage-collect already runs in one of its pods: wait for its end, or switch off that other job"
        _refuse(site, [fault])
    if alive is Process.UNKNOWN:
        raise ExecFailed(f"whether garbage-collect runs already in the pods of {site.name} is not known")


def _refuse(site: Site, faults: list[str]) -> None:
    if faults:
        raise WorkloadUnfit(f"{site.name} cannot be put into maintenance: {'; '.join(faults)}")


def _refuse_foreign_window(site: Site, found: dict[str, Any]) -> None:
    other = marker.marked_run(found)
    if other and other != site.run:
        _refuse(site, [f"run {other} has it in maintenance already: wait for it, or lift that window first"])


def _try_apply(site: Site, found: dict[str, Any], inspection: Inspection) -> None:
    """The real apply as a server-side dry run: a field that somebody else owns shows here."""
    target = site.target(found["metadata"]["uid"])
    deadline = site.clock() + site.spec.timeout.timedelta
    redis = inspection.registry.cache == "redis"
    wanted = site.marker(deadline, inspection.endpoint, without_redis=redis)
    try:
        site.cluster.apply(site.kind, marker.enter_body(target, wanted), dry_run=True)
    except ClusterConflict as error:
        ours = " or ".join(wanted.env) or "its marker"
        raise WorkloadUnfit(
            f"{site.name} cannot be put into maintenance: another manager owns {ours}: "
            f"{error}. Remove it from that manager's manifest"
        ) from error
    except ClusterDenied as error:
        raise WorkloadUnfit(f"{site.name} cannot be put into maintenance: {error}") from error
    except ClusterError as error:
        if "duplicate entries" not in str(error):
            raise
        raise WorkloadUnfit(
            f"{site.name} cannot be put into maintenance: its container lists an environment variable twice: {error}"
        ) from error


def _refuse_replicas(site: Site, pods: list[dict[str, Any]], inspection: Inspection) -> None:
    """A replica that is not proven writable now could not be proven writable afterwards."""
    for pod in pods:
        name, answer = pod["metadata"]["name"], ask(site, pod, inspection.endpoint)
        if answer is Replica.READ_ONLY:
            _refuse(
                site, [f"pod {name} is read-only already, by its own configuration: nothing can be deleted from it"]
            )
        if answer is Replica.DENIED:
            _refuse(site, [f"pod {name} refuses the login: look at spec.registry.credentialsSecretRef"])
        if answer is Replica.UNKNOWN:
            url = inspection.endpoint.replace("{}", str(pod["status"].get("podIP")))
            _refuse(site, [f"pod {name} does not say at {url} whether it accepts writes: {_REACH}"])


def _tell_autoscaler(site: Site) -> None:
    try:
        for scaler in site.cluster.list(AUTOSCALER, site.namespace):
            ref = scaler["spec"]["scaleTargetRef"]
            if (ref.get("kind"), ref.get("name")) == (site.workload.kind, site.workload.name):
                name, status = scaler["metadata"]["name"], scaler.get("status") or {}
                now, wanted = status.get("currentReplicas"), status.get("desiredReplicas")
                if now is not None and wanted and now != wanted:
                    fault = f"HorizontalPodAutoscaler {name} is scaling it from {now} to {wanted}: wait for its end"
                    _refuse(site, [fault])
                site.progress.say(
                    f"{site.name} is scaled by HorizontalPodAutoscaler {name}; every new replica is checked too"
                )
    except (ClusterDenied, ClusterNotFound):
        site.progress.say(f"whether an autoscaler scales {site.name} is not known: regsweep may not list them")
