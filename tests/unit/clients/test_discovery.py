"""What an API server says that it serves, and what it says wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from regsweep.clients.discovery import served_kind, served_versions
from regsweep.clients.kinds import Kind
from regsweep.errors import ClusterDenied, ClusterError, ClusterUnreachable
from tests.unit.clients.test_kube import cluster_on

GROUP = {
    "kind": "APIGroup",
    "name": "tekton.dev",
    "versions": [{"groupVersion": "tekton.dev/v1beta1", "version": "v1beta1"}, {"groupVersion": "tekton.dev/v1"}],
    "preferredVersion": {"groupVersion": "tekton.dev/v1", "version": "v1"},
}
RESOURCES = {
    "kind": "APIResourceList",
    "groupVersion": "tekton.dev/v1",
    "resources": [
        {"name": "tasks/status", "singularName": "", "namespaced": True, "kind": "Task", "verbs": ["get"]},
        {"name": "tasks", "singularName": "task", "namespaced": True, "kind": "Task", "verbs": ["get", "list"]},
        {"name": "clustertasks", "namespaced": False, "kind": "ClusterTask", "verbs": ["list"]},
    ],
}


def test_versions_come_with_the_preferred_one_first():
    cluster, pool = cluster_on((200, GROUP))
    assert served_versions(cluster, "tekton.dev") == ("tekton.dev/v1", "tekton.dev/v1beta1")
    assert pool.asked[0][1] == "https://cluster/apis/tekton.dev"


def test_a_group_that_is_not_there_has_no_versions():
    assert served_versions(cluster_on((404, {"message": "not found"}))[0], "tekton.dev") == ()


def test_the_core_group_is_always_there():
    assert served_versions(cluster_on()[0], "") == ("v1",)


KINDS = [
    ("Task", Kind("tekton.dev/v1", "Task", "tasks")),
    ("ClusterTask", Kind("tekton.dev/v1", "ClusterTask", "clustertasks", namespaced=False)),
    ("TaskRun", None),
]


@pytest.mark.parametrize(("name", "kind"), KINDS, ids=[name for name, _ in KINDS])
def test_a_kind_is_served_as(name, kind):
    assert served_kind(cluster_on((200, RESOURCES))[0], "tekton.dev/v1", name) == kind


def test_where_versions_are():
    for version, path in (("v1", "/api/v1"), ("apps/v1", "/apis/apps/v1")):
        cluster, pool = cluster_on((404, {}))
        assert (served_kind(cluster, version, "Pod"), pool.asked[0][1]) == (None, f"https://cluster{path}")


ANSWERS: list[tuple[int, Any, type[Exception]]] = [
    (200, {}, ClusterError),
    (200, {"resources": {}, "versions": {}, "preferredVersion": {}}, ClusterError),
    (200, {"resources": [7], "versions": [7], "preferredVersion": {"groupVersion": "a/v1"}}, ClusterError),
    (403, {"message": "forbidden"}, ClusterDenied),
    (503, {}, ClusterUnreachable),
]


@pytest.mark.parametrize(("status", "answer", "error"), ANSWERS, ids=str)
def test_what_is_not_said_is_not_taken_for_absent(status, answer, error):
    with pytest.raises(error):
        served_versions(cluster_on((status, answer))[0], "tekton.dev")
    with pytest.raises(error):
        served_kind(cluster_on((status, answer))[0], "tekton.dev/v1", "Task")
