"""Objects as an API server gives them, cut to what matters and with the rest of their kind around it."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from regsweep.steps.inuse.pods import Span

Object = dict[str, Any]

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SPAN = Span(NOW, timedelta(hours=24))
DIGEST = "sha256:" + "a" * 64


def before(**age: float) -> str:
    return (NOW - timedelta(**age)).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(name: str = "web", namespace: str = "shop", **more: Any) -> Object:
    return {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": "7"} | more


def owned_by(kind: str, name: str) -> list[Object]:
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}]


def pod_spec(*images: str) -> Object:
    names = ("app", "sidecar", "third")
    return {
        "containers": [
            {"name": name, "image": image, "imagePullPolicy": "Always", "resources": {}}
            for name, image in zip(names, images, strict=False)
        ],
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
    }


def template(*images: str) -> Object:
    return {"metadata": {"labels": {"app": "web"}, "creationTimestamp": None}, "spec": pod_spec(*images)}


def workload(*images: str, **spec: Any) -> Object:
    return {"metadata": meta(), "spec": {"selector": {}, "template": template(*images)} | spec}


def status(name: str, image: str, image_id: str, **state: Any) -> Object:
    return {
        "name": name, "image": image, "imageID": image_id, "ready": True, "restartCount": 0,
        "state": state or {"running": {"startedAt": before(hours=1)}}, "lastState": {},
    }  # fmt: skip


def pod(image: str = "r/app:1", *, phase: str = "Running", name: str = "web-1", owner: str = "") -> Object:
    return {
        "metadata": meta(name) | ({"ownerReferences": owned_by("ReplicaSet", owner)} if owner else {}),
        "spec": pod_spec(image),
        "status": {"phase": phase, "containerStatuses": [status("app", image, f"r/app@{DIGEST}")]},
    }


def job(image: str = "r/job:1", *, suspend: bool = False, **state: Any) -> Object:
    return {"metadata": meta("job"), "spec": {"template": template(image), "suspend": suspend}, "status": state}


def revision(*images: str, owner: str = "StatefulSet") -> Object:
    return {
        "metadata": meta("db-5d8", ownerReferences=owned_by(owner, "db")),
        "data": {"spec": {"template": template(*images) | {"$patch": "replace"}}},
        "revision": 2,
    }


def release(manifest: str, *hooks: str, name: str = "web", number: int = 3) -> Object:
    """A Secret as Helm writes it."""
    document = {
        "name": name, "namespace": "shop", "version": number, "info": {"status": "superseded"}, "config": {},
        "manifest": manifest, "hooks": [{"name": "h", "kind": "Job", "manifest": hook} for hook in hooks],
    }  # fmt: skip
    packed = base64.b64encode(gzip.compress(json.dumps(document).encode()))
    return secret_release(packed, name, number)


def secret_release(packed: bytes, name: str = "web", number: int = 3) -> Object:
    return {
        "metadata": meta(f"sh.helm.release.v1.{name}.v{number}", labels={"owner": "helm", "status": "superseded"}),
        "type": "helm.sh/release.v1",
        "data": {"release": base64.b64encode(packed).decode()},
    }
