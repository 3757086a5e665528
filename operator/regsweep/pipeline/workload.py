"""What can be done to the registry's own workload, made from the one site that both doors build. Loads a Kubernetes
client: the terminal imports it only where there is a cluster.
"""

from __future__ import annotations

from functools import partial

from regsweep.clients.registry import Target, probe_deletes
from regsweep.steps.collect import Site
from regsweep.steps.deleting import Switching, enable_delete


def switch_deletes_on(site: Site, target: Target) -> None:
    """Raises as `steps.deleting.enable_delete`."""
    enable_delete(
        Switching(
            cluster=site.cluster,
            namespace=site.namespace,
            workload=site.workload,
            probe=partial(probe_deletes, target),
            clock=site.clock,
            stop=site.stop,
            progress=site.progress,
            rollout_timeout=site.spec.rollout_timeout.timedelta,
        )
    )
