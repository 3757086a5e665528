"""The Lease of a registry's maintenance: who conducts a window, or ends one, holds it."""

from __future__ import annotations

from regsweep.clients.lease import Lease, workload_lease
from regsweep.errors import ClusterConflict, ClusterError
from regsweep.steps.collect.site import Site


def lease_of(site: Site, holder: str = "") -> Lease:
    """Wanted by the site's run, which may have held it before a crash, or by another `holder`."""
    name = workload_lease(site.namespace, site.workload.kind, site.workload.name)
    return Lease(site.cluster, site.namespace, name, holder or f"{site.policy_uid}/{site.run}")


def acquire(site: Site, lease: Lease) -> None:
    """Wait for a dead holder's Lease to run out, but not for a live one's work to end: then ClusterConflict."""
    waited = 0.0
    while not lease.try_acquire():
        if waited >= site.pace.lease_patience:
            raise ClusterConflict(f"{site.name}: somebody else holds the Lease of its maintenance: try again later")
        site.stop.wait(site.pace.poll)
        waited += site.pace.poll


def acquired_at_once(site: Site, lease: Lease) -> bool:
    """Whether it could be had now; where that cannot be known, it could not."""
    try:
        return lease.try_acquire()
    except ClusterError as error:
        site.progress.say(f"the Lease of {site.name} cannot be had ({error}): its maintenance is only ended")
        return False


def release(site: Site, lease: Lease | None) -> None:
    try:
        if lease is not None:
            lease.release()
    except ClusterError as error:
        site.progress.say(f"the Lease of {site.name} could not be given up ({error}): it runs out by itself")
