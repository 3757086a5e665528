"""Objects from a file: what kubectl writes, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from regsweep.steps.inuse import uses_of

CONTAINERS = {
    "initContainers": [{"name": "init", "image": "r/init:1"}],
    "containers": [{"name": "web", "image": "r/a"}],
}


def an_object(kind: str, api_version: str, name: str = "x", **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"namespace": "shop", "name": name}, **rest}


def said(document: object) -> list[tuple[str, str]]:
    return [(str(use.user), use.text) for use in uses_of(document)]


POD = an_object(
    "Pod",
    "v1",
    "web-1",
    spec=CONTAINERS,
    status={
        "phase": "Succeeded",
        "containerStatuses": [{"name": "web", "image": "r/a:latest", "imageID": "r/a@sha256:0"}],
    },
)
OF_POD = [
    ("Pod shop/web-1, container init", "r/init:1"),
    ("Pod shop/web-1, container web", "r/a"),
    ("Pod shop/web-1, container web", "r/a:latest"),
    ("Pod shop/web-1, container web", "r/a@sha256:0"),
]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(POD, id="object"),
        pytest.param([POD], id="array"),
        pytest.param({"apiVersion": "v1", "kind": "List", "items": [POD]}, id="list"),
        pytest.param(
            {
                "apiVersion": "v1",
                "kind": "PodList",
                "items": [{key: value for key, value in POD.items() if key not in ("kind", "apiVersion")}],
            },
            id="list of a kind",
        ),
    ],
)
def test_a_pod_names_what_it_runs_however_long_it_is_over(document: object):
    assert said(document) == OF_POD


def test_other_workloads_name_what_they_make():
    template = {"template": {"spec": CONTAINERS}}
    documents = [
        an_object("Deployment", "apps/v1", spec=template),
        an_object("CronJob", "batch/v1", spec={"jobTemplate": {"spec": template}}),
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {"images": [{"names": ["r/n:1"]}]}},
    ]
    assert {text for _, text in said(documents)} == {"r/init:1", "r/a", "r/n:1"}
    assert said(documents)[-1] == ("Node n", "r/n:1")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("text", "no Kubernetes object"),
        ([[1]], "no Kubernetes object"),
        ({}, r"kind \(none\)"),
        (an_object("Rollout", "argoproj.io/v1alpha1"), "kind Rollout"),
        (an_object("Job", "batch.volcano.sh/v1"), "kind Job"),
        (an_object("Pod", "v1", spec=[]), "not an object"),
        ({"kind": "List", "items": 7}, "items is not a list"),
        ({"kind": "List", "items": ["text"]}, "not an object"),
        ({"kind": 7, "apiVersion": "v1"}, "not a string"),
    ],
)
def test_what_is_no_object_of_a_known_kind_is_refused(document: object, words: str):
    with pytest.raises(ValueError, match=words):
        said(document)
