"""Images of what makes pods: each kind that Kubernetes itself has, with the history that a rollback can go back to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from regsweep.steps.inuse.pods import Span, spec_images
from regsweep.steps.inuse.shapes import Image, Object, Strange, entries, moment, part, text

_OURS = ("StatefulSet", "DaemonSet")


def template_images(workload: Object) -> Iterator[Image]:
    """Deployments, ReplicaSets, StatefulSets, DaemonSets, ReplicationControllers: with or without replicas.

    Every ReplicaSet counts: the Deployment's controller removes those beyond revisionHistoryLimit, and one that is
    there can be rolled back to, or scaled up.
    """
    yield from spec_images(part(workload, "spec", "template", "spec"))


def stored_template_images(template: Object) -> Iterator[Image]:
    """A PodTemplate, whoever uses it."""
    yield from spec_images(part(template, "template", "spec"))


def job_images(job: Object, span: Span) -> Iterator[Image]:
    """A suspended Job goes on one day, whatever happened before."""
    if part(job, "spec", "suspend") is True or not span.is_over(_finished(job)):
        yield from template_images(job)


def cron_job_images(cron_job: Object) -> Iterator[Image]:
    """Suspended or not."""
    yield from template_images({"spec": part(cron_job, "spec", "jobTemplate", "spec")})


def revision_images(revision: Object) -> Iterator[Image]:
    """A ControllerRevision: what a StatefulSet or DaemonSet can be rolled back to.

    Its data is a patch of the owner, `{"spec": {"template": ...}}`, whole in the pod template. Other controllers keep
    what they like in it: there, whatever is called an image counts.
    """
    data = part(revision, "data")
    template = part(data, "spec", "template") if isinstance(data, dict) else None
    if any(text(owner, "kind") in _OURS for owner in entries(revision, "metadata", "ownerReferences")):
        if part(template, "spec", "containers") is None:
            raise Strange("data holds no pod template")
        yield from spec_images(part(template, "spec"))
    else:
        yield from (("", found) for found in called_image(data))


def called_image(value: Any) -> Iterator[str]:
    """Every string in a document of any shape that is called `image`, or the `reference` of one."""
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, list):
            left.extend(found)
        elif isinstance(found, dict):
            image = found.get("image")
            reference = image.get("reference") if isinstance(image, dict) else image
            if isinstance(reference, str):
                yield reference
            left.extend(found.values())


def _finished(job: Object) -> datetime | None:
    for condition in entries(job, "status", "conditions"):
        if text(condition, "type") in ("Complete", "Failed") and text(condition, "status") == "True":
            return moment(job, "status", "completionTime") or moment(condition, "lastTransitionTime")
    return None
