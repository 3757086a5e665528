"""One workload of every kind, that names images by tag; what an update of it is, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.cluster.runnable import END, WAIT

Object = dict[str, Any]
Image = Callable[[str], str]
"""The reference of a tag, in the repository of a case."""


@dataclass(frozen=True, slots=True)
class Case:
    """`name` is that of the object and of its repository. `stages` are applied one after the other, each waited for by
    `waits`. `back` is what kubectl has to do to bring the oldest image into a pod again, `runs` waits for that. `used`
    are the tags that must stay.
    """

    name: str
    stages: tuple[Object, ...]
    used: tuple[str, ...]
    waits: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


def pod_spec(image: str, program: str = WAIT, **more: Any) -> Object:
    return {"containers": [container("main", image, program)], "terminationGracePeriodSeconds": 1} | more


def container(name: str, image: str, program: str = WAIT, **more: Any) -> Object:
    return {"name": name, "image": image, "imagePullPolicy": "Always", "command": [program]} | more


def cases(image: Callable[[str, str], str]) -> list[Case]:
    """`image` gives the reference of a repository's tag."""
    return [
        _rolled("deployment", "apps/v1", "Deployment", image, replicas=1),
        _rolled("statefulset", "apps/v1", "StatefulSet", image, replicas=1, serviceName="none"),
        _rolled("daemonset", "apps/v1", "DaemonSet", image),
        _scaled("scaled-down", "apps/v1", "Deployment", image),
        _scaled("replicaset", "apps/v1", "ReplicaSet", image),
        _scaled("replicationcontroller", "v1", "ReplicationController", image),
        _job(image),
        _cron_job(image),
        _pod(image),
    ]


def _template(name: str, image: str) -> Object:
    return {"metadata": {"labels": {"case": name}}, "spec": pod_spec(image)}


def _object(api_version: str, kind: str, name: str, **spec: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _rolled(name: str, api_version: str, kind: str, image: Callable[[str, str], str], **spec: Any) -> Case:
    """Updated once; the way back is a rollback."""
    selector = {"matchLabels": {"case": name}}
    stages = tuple(
        _object(api_version, kind, name, selector=selector, template=_template(name, image(name, tag)), **spec)
        for tag in ("1", "2")
    )
    status = ("rollout", "status", f"{kind.lower()}/{name}", "--timeout=120s")
    return Case(name, stages, ("1", "2"), status, ("rollout", "undo", f"{kind.lower()}/{name}"), status)


def _scaled(name: str, api_version: str, kind: str, image: Callable[[str, str], str]) -> Case:
    """Without a replica; the way back is one."""
    selector: Object = {"case": name} if kind == "ReplicationController" else {"matchLabels": {"case": name}}
    stage = _object(
        api_version, kind, name, replicas=0, selector=selector, template=_template(name, image(name, "1"))
    )  # fmt: skip
    wait = ("wait", f"{kind.lower()}/{name}", "--for=jsonpath={.status.readyReplicas}=1", "--timeout=120s")
    return Case(name, (stage,), ("1",), (), ("scale", f"{kind.lower()}/{name}", "--replicas=1"), wait)


def _job(image: Callable[[str, str], str]) -> Case:
    """Suspended; the way back is to let it go on."""
    template = {"spec": pod_spec(image("job", "1"), END, restartPolicy="Never")}
    back = ("patch", "job/job", "--type=merge", "-p", '{"spec":{"suspend":false}}')
    stage = _object("batch/v1", "Job", "job", suspend=True, template=template)
    return Case("job", (stage,), ("1",), (), back, ("wait", "job/job", "--for=condition=Complete", "--timeout=120s"))


def _cron_job(image: Callable[[str, str], str]) -> Case:
    """Suspended; the way back is a Job of it."""
    template = {"spec": {"template": {"spec": pod_spec(image("cronjob", "1"), END, restartPolicy="Never")}}}
    stage = _object("batch/v1", "CronJob", "cronjob", suspend=True, schedule="0 0 1 1 *", jobTemplate=template)
    back = ("create", "job", "from-cronjob", "--from=cronjob/cronjob")
    wait = ("wait", "job/from-cronjob", "--for=condition=Complete", "--timeout=120s")
    return Case("cronjob", (stage,), ("1",), (), back, wait)


def _pod(image: Callable[[str, str], str]) -> Case:
    """Its init container, its sidecar and itself are of one repository; the way back is to make it again."""
    spec = pod_spec(image("pod", "main")) | {
        "initContainers": [
            container("init", image("pod", "init"), END),
            container("sidecar", image("pod", "sidecar"), restartPolicy="Always"),
        ]
    }
    stage = _object("v1", "Pod", "pod", **spec)
    wait = ("wait", "pod/pod", "--for=condition=Ready", "--timeout=120s")
    return Case("pod", (stage,), ("main", "init", "sidecar"), wait, ("delete", "pod/pod", "--now"), wait)
