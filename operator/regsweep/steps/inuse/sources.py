"""Which lists are read, and how each of their objects names images: a table for what every cluster has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from regsweep.api.image_path import compile_path
from regsweep.api.policy import InUse
from regsweep.clients.kinds import (
    CONTROLLER_REVISION,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    NODE,
    POD,
    POD_TEMPLATE,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    SECRET,
    STATEFUL_SET,
    Kind,
)
from regsweep.clients.kube import PAGE
from regsweep.steps.inuse.custom import Places, custom_images
from regsweep.steps.inuse.helm import PAGE as HELM_PAGE
from regsweep.steps.inuse.helm import RELEASES, release_images
from regsweep.steps.inuse.nodes import node_images
from regsweep.steps.inuse.pods import Span, pod_images
from regsweep.steps.inuse.shapes import Image, Object
from regsweep.steps.inuse.workloads import (
    cron_job_images,
    job_images,
    revision_images,
    stored_template_images,
    template_images,
)

Extract = Callable[[Object], Iterator[Image]]

_WORKLOADS = "inUse.scope: {scope}"


@dataclass(frozen=True, slots=True)
class Source:
    """One list. `value` is the value of the chart that grants it; `field` the one of a policy that asks for it."""

    kind: Kind
    images: Extract
    value: str = _WORKLOADS
    field: str = "protect.inUse"
    selector: str = ""
    page: int = PAGE


def standard_sources(spec: InUse, span: Span) -> tuple[Source, ...]:
    """What makes is read before what it makes: whatever is handed down meanwhile is seen at least once."""
    helm = Source(SECRET, release_images, "inUse.helmReleases: true", "protect.inUse.helmReleases", RELEASES, HELM_PAGE)
    node = Source(NODE, node_images, "inUse.nodeImages: true", "protect.inUse.nodeImages")
    return (
        *((helm,) if spec.helm_releases else ()),
        Source(CRON_JOB, cron_job_images),
        Source(JOB, partial(job_images, span=span)),
        Source(DEPLOYMENT, template_images),
        Source(STATEFUL_SET, template_images),
        Source(DAEMON_SET, template_images),
        Source(CONTROLLER_REVISION, revision_images),
        Source(REPLICA_SET, template_images),
        Source(REPLICATION_CONTROLLER, template_images),
        Source(POD_TEMPLATE, stored_template_images),
        Source(POD, partial(pod_images, span=span)),
        *((node,) if spec.node_images else ()),
    )


def custom_source(kind: Kind, places: Places, span: Span, field: str) -> Source:
    return Source(kind, partial(custom_images, places=places, span=span), "inUse.presets, inUse.customResources", field)


def places_of(paths: tuple[str, ...], finished: tuple[str, ...] = (), *, templates: bool = False) -> Places:
    return Places(tuple(map(compile_path, paths)), finished, templates)
