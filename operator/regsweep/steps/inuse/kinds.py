"""The kinds beside those of Kubernetes that a policy asks for, as each cluster serves them.

A kind that no cluster has is a mistake in the policy: nobody knows what was meant. A kind that one of several clusters
does not have has no objects there. A preset names kinds that exist; where they are not installed, there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regsweep.api.policy import CustomResource, InUse
from regsweep.clients.discovery import served_kind, served_versions
from regsweep.clients.kinds import Kind
from regsweep.errors import InUseUnknown
from regsweep.steps.inuse.custom import Places
from regsweep.steps.inuse.places import Place
from regsweep.steps.inuse.pods import Span
from regsweep.steps.inuse.presets import PRESETS
from regsweep.steps.inuse.rights import CONSEQUENCE
from regsweep.steps.inuse.sources import Source, custom_source, places_of


class CustomKinds:
    """Asked place by place; `check` when all were asked."""

    def __init__(self, spec: InUse, span: Span) -> None:
        self._spec = spec
        self._span = span
        self._found = [False] * len(spec.custom_resources)

    def sources(self, place: Place) -> Iterator[Source]:
        """Raises ClusterError where the cluster does not say what it serves, InUseUnknown for a kind that it has
        otherwise than the policy says."""
        for preset in self._spec.presets:
            for kind in PRESETS[preset]:
                served = _in_any_version(place, kind.group, kind.name)
                if served is not None and _can_be_read(served, place):
                    places = places_of(kind.paths, kind.finished, templates=True)
                    yield custom_source(served, places, self._span, f"protect.inUse.presets: {preset.value}")
        for number, resource in enumerate(self._spec.custom_resources):
            field = f"protect.inUse.customResources[{number}]"
            served = served_kind(place.cluster, resource.api_version, resource.kind)
            if served is None:
                _refuse_other_version(place, resource, field)
                continue
            self._found[number] = True
            if not _can_be_read(served, place):
                raise InUseUnknown(
                    f"spec.{field}: {resource.kind} is of the whole cluster, and spec.protect.inUse.scope is "
                    f"Namespace. {CONSEQUENCE} Set the scope to Cluster, or remove the entry."
                )
            yield custom_source(served, _places(resource), self._span, field)

    def check(self, places: Sequence[Place]) -> None:
        """Raises InUseUnknown for the kinds that were found nowhere."""
        lost = [
            f"{resource.kind} of {resource.api_version} (spec.protect.inUse.customResources[{number}])"
            for number, (resource, found) in enumerate(zip(self._spec.custom_resources, self._found, strict=True))
            if not found
        ]
        if lost:
            raise InUseUnknown(
                f"{', '.join(map(str, places))}: nothing serves {', '.join(lost)}. {CONSEQUENCE} "
                "Correct apiVersion and kind, install what defines them, or remove the entry."
            )


def _places(resource: CustomResource) -> Places:
    return places_of((resource.path,))


def _can_be_read(kind: Kind, place: Place) -> bool:
    """In the scope of a namespace nothing of the whole cluster is listed."""
    return kind.namespaced or place.namespace is None


def _in_any_version(place: Place, group: str, name: str) -> Kind | None:
    for version in served_versions(place.cluster, group):
        if served := served_kind(place.cluster, version, name):
            return served
    return None


def _refuse_other_version(place: Place, resource: CustomResource, field: str) -> None:
    """Objects of a kind that is served otherwise are there, and would not be seen."""
    group, slash, _ = resource.api_version.partition("/")
    served = _in_any_version(place, group if slash else "", resource.kind)
    if served is not None:
        raise InUseUnknown(
            f"spec.{field}: {place} serves {resource.kind} as {served.api_version}, not as {resource.api_version}. "
            f"{CONSEQUENCE} Correct apiVersion, and the path where it is another one."
        )
