"""The ports of a run in the cluster: the registry as the policy names it, and its workload."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial

from regsweep.api.policy import CollectMode, WorkloadRef
from regsweep.clients.registry import Deleter, PodProbe, Putter, Reader, Target, at_pod, probe_deletes
from regsweep.controller.execution import Execution
from regsweep.controller.journal import StatusJournal, window_open
from regsweep.controller.keepsakes import ClusterKeepsakes
from regsweep.controller.progress import StatusProgress
from regsweep.controller.registry_access import target_of
from regsweep.errors import RegsweepError
from regsweep.pipeline import Ports
from regsweep.pipeline.workload import switch_deletes_on
from regsweep.steps.collect import PodCollector, Site
from regsweep.steps.inuse import Reading, read_usage
from regsweep.steps.listen import PodLogs
from regsweep.steps.storage.pod import Workload, pod_store

_log = logging.getLogger(__name__)


def make_ports(execution: Execution, stack: ExitStack, journal: StatusJournal, progress: StatusProgress) -> Ports:
    """Ports that `stack` closes. Raises RegsweepError where credentials or certificates cannot be had."""
    registry, mode = execution.policy.spec.registry, execution.policy.spec.garbage_collection.mode
    target = _target(execution, journal)
    workload = registry.workload_ref
    site = None if workload is None else _site(execution, workload, target, journal, progress)
    return Ports(
        reader=stack.enter_context(Reader(target)),
        deleter=lambda: stack.enter_context(Deleter(target)),
        probe=partial(probe_deletes, target),
        cache=execution.environment.cache,
        clock=execution.environment.clock,
        stop=execution.stop,
        progress=progress,
        journal=journal,
        collector=None if site is None or mode is CollectMode.DISABLED else PodCollector(site),
        enable_delete=None if site is None or not registry.enable_delete else partial(switch_deletes_on, site, target),
        usage=partial(read_usage, _reading(execution)),
        keepsakes=ClusterKeepsakes(execution.environment, execution.run, execution.policy, execution.status),
        putter=lambda: stack.enter_context(Putter(target)),
        storage=None if workload is None else partial(pod_store, _workload(execution, workload)),
        listen=None if workload is None else _logs(execution, workload).listen,
        listen_missing="registry.workloadRef is not set",
    )


def _workload(execution: Execution, workload: WorkloadRef) -> Workload:
    return Workload(execution.environment.cluster, execution.policy.metadata.namespace, workload)


def _logs(execution: Execution, workload: WorkloadRef) -> PodLogs:
    return PodLogs(execution.environment.cluster, execution.policy.metadata.namespace, workload, execution.stop)


def _reading(execution: Execution) -> Reading:
    environment, policy = execution.environment, execution.policy
    clusters = (("", environment.cluster),)
    return Reading(policy, clusters, policy.metadata.namespace, environment.clock, execution.stop)


def _target(execution: Execution, journal: StatusJournal) -> Target:
    """Where a window has to be left, no Secret that is gone meanwhile may stand in the way."""
    try:
        return target_of(execution.policy, execution.environment.cluster)
    except RegsweepError as error:
        if not window_open(journal.window.load()):
            raise
        _log.warning("run %s leaves its window without credentials: %s", execution.run.metadata.name, error)
        return Target(url=execution.policy.spec.registry.url)


def _site(
    execution: Execution, workload: WorkloadRef, target: Target, journal: StatusJournal, progress: StatusProgress
) -> Site:
    return Site(
        cluster=execution.environment.cluster,
        namespace=execution.policy.metadata.namespace,
        workload=workload,
        spec=execution.policy.spec.garbage_collection,
        probe_for=lambda url: PodProbe(at_pod(target, url)),
        journal=journal.window,
        clock=execution.environment.clock,
        stop=execution.stop,
        progress=progress,
        run=execution.run.metadata.name,
        policy_uid=execution.policy.metadata.uid,
    )
