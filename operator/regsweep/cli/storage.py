"""How this command reads the registry's files and its log: in a folder of this machine, in its pod, or not at all."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from regsweep.api.policy import InventoryKind, RegistryCleanupPolicy
from regsweep.cli.collecting import in_reach
from regsweep.cli.execution import Files, now
from regsweep.cli.options import ClusterLogin, Login
from regsweep.errors import InvalidInput


def files_of(policy: RegistryCleanupPolicy, login: Login, home: ClusterLogin, stack: ExitStack) -> Files:
    """`stack` closes what is opened. Raises InvalidInput where --storage-root is no folder, or the policy says API."""
    registry, root = policy.spec.registry, login.storage_root
    if root is not None:
        from regsweep.steps.storage import DirectoryStore

        if registry.inventory is InventoryKind.API:
            raise InvalidInput(
                "--storage-root reads the registry's files, and spec.registry.inventory is API: leave one of them out"
            )
        if not root.is_dir():
            raise InvalidInput(
                f"--storage-root {root} is no folder: name what storage.filesystem.rootdirectory is in the registry's "
                "configuration"
            )
        return Files(partial(DirectoryStore, root, now), missing="with --storage-root no pod's log is read")
    if registry.workload_ref is None:
        return Files(missing="registry.workloadRef is not set")
    if not in_reach(home):
        return Files(missing="the registry's pods are not in reach: give --kubeconfig or --context, or --storage-root")
    from regsweep.cli.cluster import connected
    from regsweep.steps.listen import PodLogs
    from regsweep.steps.storage.pod import Workload, pod_store

    cluster = stack.enter_context(connected(home))
    where = cluster, policy.metadata.namespace or cluster.namespace, registry.workload_ref
    return Files(partial(pod_store, Workload(*where)), lambda stop: PodLogs(*where, stop).listen)
