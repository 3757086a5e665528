"""Who uses which image: every cluster and list that a policy asks for, read to its end or not at all.

Says what is used and by whom, as it is written there. What that means for a registry, others decide. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from regsweep.api.policy import InUse, RegistryCleanupPolicy
from regsweep.clients.kube import Cluster
from regsweep.core.inuse import Usage, Use
from regsweep.core.ports import Clock, Stop
from regsweep.errors import ClusterDenied, ClusterError, ClusterUnreachable, InUseUnknown
from regsweep.steps.inuse.documents import uses_of
from regsweep.steps.inuse.kinds import CustomKinds
from regsweep.steps.inuse.lists import images_in, listed_uses
from regsweep.steps.inuse.others import other_places
from regsweep.steps.inuse.places import Place
from regsweep.steps.inuse.pods import Span
from regsweep.steps.inuse.reading import away, read_place
from regsweep.steps.inuse.rights import CONSEQUENCE, undiscovered
from regsweep.steps.inuse.services import registry_hosts
from regsweep.steps.inuse.sources import Source, standard_sources

__all__ = ["Reading", "images_in", "read_usage", "uses_of"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read. `clusters` are those that the door logged into, by the name that a report calls them: in the
    operator one without a name, on a command line as many as it was given. In the first of them, in `namespace`, lie
    the registry and the policy's Secrets and ConfigMaps.
    """

    policy: RegistryCleanupPolicy
    clusters: tuple[tuple[str, Cluster], ...]
    namespace: str
    clock: Clock
    stop: Stop

    @property
    def spec(self) -> InUse:
        return self.policy.spec.protect.in_use or InUse()

    @property
    def places(self) -> tuple[Place, ...]:
        within = self.namespace if self.spec.scope == "Namespace" else None
        return tuple(Place(cluster, name, within) for name, cluster in self.clusters)


def read_usage(reading: Reading) -> Usage:
    """One reading, now: `uses` is read while it is taken, once.

    Raises InUseUnknown, here or in the middle of `uses`, which names the right, the cluster or the object; and
    ClusterUnreachable where the cluster at hand does not answer, so that the run goes on later.
    """
    home = reading.places[0]
    try:
        hosts = registry_hosts(reading.policy.spec.registry, home, reading.namespace)
    except ClusterError as error:
        raise _known(home, error) from error
    return Usage(_uses(reading), hosts)


def _uses(reading: Reading) -> Iterator[Use]:
    spec, home = reading.spec, reading.places[0]
    span = Span(reading.clock(), spec.finished_for.timedelta)
    with ExitStack() as stack:
        try:
            yield from listed_uses(spec.image_lists, home, reading.namespace)
            others = tuple(other_places(spec.clusters, home, reading.namespace, stack))
        except ClusterError as error:
            raise _known(home, error) from error
        places = (*reading.places, *others)
        custom = CustomKinds(spec, span)
        wanted = [(place, _sources(spec, span, custom, place)) for place in places]
        custom.check(places)
        for place, sources in wanted:
            yield from read_place(place, sources, reading.stop)


def _sources(spec: InUse, span: Span, custom: CustomKinds, place: Place) -> tuple[Source, ...]:
    try:
        return (*custom.sources(place), *standard_sources(spec, span))
    except ClusterError as error:
        raise _known(place, error) from error


def _known(place: Place, error: ClusterError) -> InUseUnknown | ClusterUnreachable:
    """What a failure outside of a list means."""
    if isinstance(error, ClusterUnreachable):
        return away(place, error)
    if isinstance(error, ClusterDenied):
        return undiscovered(place, error)
    return InUseUnknown(f"what {place} uses cannot be known: {error}. {CONSEQUENCE}")
