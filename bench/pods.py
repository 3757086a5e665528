"""Made pods as an API server keeps them after they have run: two containers, their status, and who wrote what."""

from __future__ import annotations

import hashlib
from typing import Any

REGISTRY = "registry.example.com"
PODS_OF_ONE_OWNER = 10
NAMESPACES = 200
SINCE = "2026-11-20T08:00:00Z"


def made_pod(number: int) -> dict[str, Any]:
    """Ten of one ReplicaSet are alike. Half of all images are of `REGISTRY`, a hundred versions of each."""
    owner = number // PODS_OF_ONE_OWNER
    app, namespace = f"app-{owner % 997}", f"team-{owner % NAMESPACES}"
    name = f"{app}-{_digest(f'set {owner}')[:10]}"
    images = (f"{REGISTRY}/{namespace}/{app}:v1.{owner % 100}.0", f"quay.io/mesh/proxy:1.{owner % 7}")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-{number:05}",
            "generateName": f"{name}-",
            "namespace": namespace,
            "uid": _uid(f"pod {number}"),
            "creationTimestamp": SINCE,
            "labels": {"app": app, "pod-template-hash": name.rpartition("-")[2], "version": f"v{owner % 100}"},
            "annotations": {"checksum/config": _digest(app), "prometheus.io/scrape": "true"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": _uid(f"set {owner}"),
                    "controller": True, "blockOwnerDeletion": True,
                }
            ],
            "managedFields": [_written("kube-controller-manager", "spec"), _written("kubelet", "status")],
        },
        "spec": {
            "containers": [_container(place, image) for place, image in enumerate(images)],
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "config", "configMap": {"name": app}}],
            "nodeName": f"node-{number % 500}",
            "restartPolicy": "Always",
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": app,
            "schedulerName": "default-scheduler",
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}],
        },
        "status": {
            "phase": "Running",
            "podIP": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
            "startTime": SINCE,
            "conditions": [
                {"type": kind, "status": "True", "lastTransitionTime": SINCE}
                for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "containerStatuses": [_status(place, image, number) for place, image in enumerate(images)],
        },
    }  # fmt: skip


def _container(place: int, image: str) -> dict[str, Any]:
    return {
        "name": f"container-{place}",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": f"SETTING_{number}", "value": f"value-{number}"} for number in range(8)],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "config", "mountPath": "/config"}],
    }


def _status(place: int, image: str, number: int) -> dict[str, Any]:
    return {
        "name": f"container-{place}",
        "image": image,
        "imageID": f"{image.rpartition(':')[0]}@sha256:{_digest(image)}",
        "containerID": f"containerd://{_digest(f'{number} {place}')}",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": SINCE}},
    }


def _written(manager: str, part: str) -> dict[str, Any]:
    fields: dict[str, Any] = {f"f:field-{number}": {"f:name": {}, "f:value": {}} for number in range(20)}
    return {
        "manager": manager, "operation": "Update", "apiVersion": "v1", "time": SINCE, "fieldsType": "FieldsV1",
        "fieldsV1": {f"f:{part}": fields},
    }  # fmt: skip


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _uid(text: str) -> str:
    found = _digest(text)
    return f"{found[:8]}-{found[8:12]}-4{found[13:16]}-8{found[17:20]}-{found[20:32]}"
