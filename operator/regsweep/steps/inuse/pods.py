"""Images of a pod, and of the template of one: every kind of container, and volumes made from images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from regsweep.steps.inuse.shapes import Image, Object, entries, moment, part, text

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_OVER = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Span:
    """How long what is finished still protects."""

    now: datetime
    finished_for: timedelta

    def is_over(self, finished: datetime | None) -> bool:
        """False where the time is not known: then it protects."""
        return finished is not None and self.now - finished > self.finished_for


def spec_images(spec: Any) -> Iterator[Image]:
    """What a pod spec names. A sidecar is an init container that stays; a volume can be an image, too."""
    for field in _CONTAINERS:
        for container in entries(spec, field):
            yield text(container, "name"), text(container, "image")
    for volume in entries(spec, "volumes"):
        yield "", text(volume, "image", "reference")


def pod_images(pod: Object, span: Span) -> Iterator[Image]:
    """What the pod names, and what its node took for it: a tag may have moved since it started."""
    if text(pod, "status", "phase") in _OVER and span.is_over(_finished(pod)):
        return
    yield from spec_images(part(pod, "spec"))
    for field in _STATUSES:
        for status in entries(pod, "status", field):
            name = text(status, "name")
            yield name, text(status, "image")
            yield name, text(status, "imageID")
            for mount in entries(status, "volumeMounts"):
                yield name, text(mount, "volumeStatus", "image", "imageRef")


def _finished(pod: Object) -> datetime | None:
    """The last thing that happened to it: the end of its last container, or the last change of a condition."""
    ends = [
        moment(status, "state", "terminated", "finishedAt")
        for field in _STATUSES
        for status in entries(pod, "status", field)
    ]
    changes = [moment(condition, "lastTransitionTime") for condition in entries(pod, "status", "conditions")]
    return max((time for time in (*ends, *changes) if time is not None), default=None)
