"""The Job that collects: what of the registry's pod is in it, what is not, and what its state says."""

from __future__ import annotations

from typing import Any

import pytest

from regsweep.core.collector_job import (
    LABEL,
    Order,
    Source,
    ended,
    job_body,
    job_name,
    label_value,
    named_configs,
    source_of,
    unfinished,
    waiting_for,
)
from regsweep.core.maintenance import Process

TOKEN = {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
POD: dict[str, Any] = {
    "metadata": {"name": "registry-0", "labels": {"app": "registry"}, "annotations": {"a": "b"}},
    "spec": {
        "nodeName": "node-1",
        "serviceAccountName": "registry",
        "securityContext": {"runAsUser": 1000, "fsGroup": 1000},
        "imagePullSecrets": [{"name": "pull"}],
        "tolerations": [{"key": "k", "operator": "Exists"}],
        "restartPolicy": "Always",
        "affinity": {"podAntiAffinity": {}},
        "initContainers": [
            {"name": "config", "image": "i", "volumeMounts": [{"name": "made", "mountPath": "/made"}, TOKEN]},
            {"name": "migrate", "image": "i", "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
            {
                "name": "proxy",
                "image": "i",
                "restartPolicy": "Always",
                "volumeMounts": [{"name": "made", "mountPath": "/m"}],
            },
        ],
        "containers": [
            {"name": "sidecar", "image": "s", "volumeMounts": [{"name": "logs", "mountPath": "/logs"}]},
            {
                "name": "registry",
                "image": "registry:3",
                "args": ["serve", "/etc/distribution/config.yml"],
                "env": [{"name": "REGISTRY_STORAGE_MAINTENANCE_READONLY", "value": '{"enabled":true}'}],
                "envFrom": [{"secretRef": {"name": "s3"}}],
                "ports": [{"containerPort": 5000}],
                "livenessProbe": {},
                "readinessProbe": {},
                "lifecycle": {},
                "securityContext": {"readOnlyRootFilesystem": True},
                "volumeMounts": [
                    {"name": "data", "mountPath": "/var/lib/registry"},
                    {"name": "config", "mountPath": "/etc/distribution"},
                    {"name": "made", "mountPath": "/made"},
                    TOKEN,
                ],
            },
        ],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data-registry-0"}},
            {"name": "config", "configMap": {"name": "config", "items": [{"key": "main", "path": "config.yml"}]}},
            {"name": "made", "emptyDir": {}},
            {"name": "logs", "emptyDir": {}},
            {"name": "kube-api-access", "projected": {}},
        ],
    },
}
CONFIG = "/etc/distribution/config.yml"
ORDER = Order("regsweep-collect-1", "the-label", "registry", CONFIG, dry_run=True, seconds=60)


def test_it_is_as_the_registry_and_not_taken_for_it():
    body = job_body(POD, ORDER)
    template = body["spec"]["template"]
    assert template["metadata"] == {"labels": {LABEL: "the-label"}}
    spec = template["spec"]
    assert spec["serviceAccountName"] == "registry"
    assert spec["securityContext"] == {"runAsUser": 1000, "fsGroup": 1000}
    assert [volume["name"] for volume in spec["volumes"]] == ["data", "config", "made"]
    assert [each["name"] for each in spec["initContainers"]] == ["config"]
    (ours,) = spec["containers"]
    assert ours["args"] == ["garbage-collect", "--dry-run", CONFIG]
    assert [mount["name"] for mount in ours["volumeMounts"]] == ["data", "config", "made"]
    assert not {"ports", "livenessProbe", "readinessProbe", "lifecycle", "command"} & set(ours)
    fields = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert fields == [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}]


def test_it_lives_once_and_ends_by_itself():
    spec = job_body(POD, ORDER)["spec"]
    assert (spec["backoffLimit"], spec["template"]["spec"]["restartPolicy"]) == (0, "Never")
    assert (spec["podReplacementPolicy"], spec["activeDeadlineSeconds"]) == ("Failed", 60)


WORDS = [
    ({"args": ["serve", CONFIG]}, {"args": ["garbage-collect", CONFIG]}),
    ({"args": [CONFIG]}, {"args": ["garbage-collect", CONFIG]}),
    ({}, {"args": ["garbage-collect", CONFIG]}),
    ({"command": ["/registry", "serve", CONFIG]}, {"command": ["/registry", "garbage-collect", CONFIG]}),
    ({"command": ["/entrypoint.sh", CONFIG]}, {"command": ["/entrypoint.sh", "garbage-collect", CONFIG]}),
    (
        {"command": ["/registry"], "args": ["serve", CONFIG]},
        {"command": ["/registry"], "args": ["garbage-collect", CONFIG]},
    ),
    ({"command": ["/registry"]}, {"command": ["/registry"], "args": ["garbage-collect", CONFIG]}),
]


@pytest.mark.parametrize(("words", "expected"), WORDS)
def test_serve_gives_way_to_garbage_collect(words, expected):
    pod = {"metadata": {}, "spec": {"containers": [{"name": "registry", "image": "i", **words}]}}
    order = Order("n", "l", "registry", CONFIG, dry_run=False, seconds=1)
    (ours,) = job_body(pod, order)["spec"]["template"]["spec"]["containers"]
    assert {key: ours[key] for key in ("command", "args") if key in ours} == expected


def _mounted(**volume: Any) -> dict[str, Any]:
    return {"spec": {"volumes": [{"name": "v", **volume}]}}


SOURCES = [
    ({"mountPath": "/etc/distribution"}, {"configMap": {"name": "c"}}, Source("ConfigMap", "c", "config.yml")),
    ({"mountPath": "/etc/distribution"}, {"secret": {"secretName": "s"}}, Source("Secret", "s", "config.yml")),
    ({"mountPath": CONFIG, "subPath": "main.yml"}, {"configMap": {"name": "c"}}, Source("ConfigMap", "c", "main.yml")),
    (
        {"mountPath": "/etc/distribution/"},
        {"configMap": {"name": "c", "items": [{"key": "main", "path": "config.yml"}]}},
        Source("ConfigMap", "c", "main"),
    ),
    ({"mountPath": "/etc/distribution"}, {"emptyDir": {}}, None),
    ({"mountPath": "/etc/dist"}, {"configMap": {"name": "c"}}, None),
]


@pytest.mark.parametrize(("mount", "volume", "expected"), SOURCES)
def test_where_the_configuration_comes_from(mount, volume, expected):
    assert source_of(_mounted(**volume), {"volumeMounts": [{"name": "v", **mount}]}, CONFIG) == expected


def test_named_configurations_leave_out_what_is_not_known():
    ours = {
        "args": ["serve", "$(CONFIG).yml", "/a.yaml"],
        "env": [{"name": "REGISTRY_CONFIGURATION_PATH", "value": "/b.yml"}],
    }
    assert named_configs(ours) == ["/a.yaml", "/b.yml"]


def test_names_are_short_and_their_own():
    names = {job_name("r" * 63, attempt, dry) for attempt in (1, 2) for dry in (True, False)}
    assert len(names) == 4
    assert max(map(len, names)) <= 52
    assert label_value("Deployment", "a") != label_value("StatefulSet", "a")


def _pod(phase: str = "Running", reason: str = "", **state: Any) -> dict[str, Any]:
    statuses = [{"name": "collector", "state": state}] if state else []
    return {"metadata": {"name": "p"}, "status": {"phase": phase, "reason": reason, "containerStatuses": statuses}}


STATES = [
    (_pod(running={}), None, None),
    (_pod("Pending"), None, None),
    (_pod("Succeeded", terminated={"exitCode": 0}), Process.SUCCEEDED, 0),
    (_pod("Failed", terminated={"exitCode": 137, "reason": "OOMKilled"}), Process.FAILED, 137),
    (_pod("Failed", reason="Evicted"), Process.DEAD, None),
]


@pytest.mark.parametrize(("pod", "state", "code"), STATES)
def test_how_it_ended(pod, state, code):
    found = ended(pod)
    assert (found and found.state, found and found.code) == (state, code)


def test_a_job_is_finished_by_its_conditions_alone():
    assert unfinished({"status": {}})
    assert unfinished({"status": {"conditions": [{"type": "FailureTarget", "status": "True"}]}})
    assert not unfinished({"status": {"conditions": [{"type": "Failed", "status": "True"}]}})


WAITING = [
    ([], "the Job makes no pod"),
    ([_pod(waiting={"reason": "ImagePullBackOff", "message": "no such image"})], "ImagePullBackOff: no such image"),
    ([_pod(waiting={"reason": "ContainerCreating"})], "its pod p is Running"),
]


@pytest.mark.parametrize(("pods", "words"), WAITING)
def test_why_it_does_not_begin(pods, words):
    assert words in waiting_for(pods)
    pending = _pod("Pending")
    pending["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "reason": "R", "message": "no node"}]
    assert waiting_for([pending]) == "R: no node"
