"""The record of a run in the cluster: its object, and its plan from the ConfigMaps that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regsweep.api.run import RegistryCleanupRun, RunStep
from regsweep.clients.kinds import CONFIG_MAP
from regsweep.core.plan import Plan
from regsweep.core.plan_chunks import CHUNK_KEY, REPORT_KEY, from_chunks
from regsweep.core.plan_file import plan_from_json
from regsweep.core.report.document import Report, from_json
from regsweep.core.report.stored import report_of_run, with_grounds
from regsweep.errors import ClusterNotFound, PlanUnreadable

if TYPE_CHECKING:  # a Kubernetes client takes long to load
    from regsweep.clients.kube import Cluster


def stored_report(cluster: Cluster, run: RegistryCleanupRun) -> Report:
    """The whole record of a run that has ended. Of another: what its object, its plan, and its record so far say.

    Raises PlanUnreadable where the ConfigMaps are gone or damaged.
    """
    written = None
    if run.status.report is not None and run.status.report.config_maps:
        names = run.status.report.config_maps
        written = from_json(from_chunks([_chunk(cluster, run.metadata.namespace, name, REPORT_KEY) for name in names]))
    if written is not None and written.reason != RunStep.PLANNED.value:
        return written
    report = report_of_run(run, stored_plan(cluster, run))
    return with_grounds(report, written) if written is not None else report


def stored_plan(cluster: Cluster, run: RegistryCleanupRun) -> Plan | None:
    """The plan of a run, and no other: its digest is the one in the status. None for a run without one."""
    status = run.status.plan
    if status is None:
        return None
    plan = plan_from_json(
        from_chunks([_chunk(cluster, run.metadata.namespace, name, CHUNK_KEY) for name in status.config_maps])
    )
    if plan.digest != status.digest:
        raise PlanUnreadable(f"the ConfigMaps of run {run.metadata.name} hold another plan than its status names")
    return plan


def _chunk(cluster: Cluster, namespace: str, name: str, key: str) -> str:
    try:
        found = cluster.get(CONFIG_MAP, namespace, name)
    except ClusterNotFound:
        raise PlanUnreadable(
            f"the plan is not whole: ConfigMap {name} is gone. Make a new run, it plans anew"
        ) from None
    chunk = (found.get("binaryData") or {}).get(key)
    if not isinstance(chunk, str):
        raise PlanUnreadable(f"ConfigMap {name} holds no {key}: was it changed?")
    return chunk
