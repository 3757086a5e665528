"""A real API server takes the CRDs, gives the corpus the same answers as the models, shows what an admin asks for."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import yaml

from tests.cluster.access import Cluster
from tests.policy_corpus import Case, cases

pytestmark = pytest.mark.usefixtures("definitions")

RUN = {
    "apiVersion": "regsweep.dev/v1alpha1",
    "kind": "RegistryCleanupRun",
    "metadata": {"name": "now"},
    "spec": {"policyRef": {"name": "full"}, "mode": "DryRun"},
}
COMPLETE = {
    "type": "Complete",
    "status": "True",
    "reason": "DryRun",
    "message": "3 manifests would go",
    "lastTransitionTime": "2026-11-23T03:00:00Z",
}
STATUS = {
    "observedGeneration": 1,
    "step": "Finished",
    "mode": "DryRun",
    "conditions": [COMPLETE],
    "plan": {
        "digest": "sha256:" + "0" * 64,
        "createdAt": "2026-11-23T03:00:00Z",
        "expiresAt": "2026-11-24T03:00:00Z",
        "deletions": 3,
        "bytes": 2**40,
    },
}


def create(cluster: Cluster, namespace: str, text: str, *options: str) -> dict[str, Any]:
    arguments = ("create", "-n", namespace, "--validate=strict", "-o", "json", *options, "-f", "-")
    return json.loads(cluster.kubectl(*arguments, stdin=text))


def refusal(cluster: Cluster, namespace: str, text: str) -> str:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        create(cluster, namespace, text, "--dry-run=server")
    return str(refused.value.stderr)


def table(cluster: Cluster, namespace: str, what: str, *options: str) -> dict[str, str]:
    """The one row of `kubectl get`, by the names of its columns. No cell may be empty."""
    heading, row = cluster.kubectl("get", what, "-n", namespace, *options).splitlines()
    return dict(zip(heading.split(), row.split(), strict=True))


TWICE = ("rule-names-twice", "in-use-cluster-names-twice")
"""What the API server refuses by the key of a list, in its own words."""


def corpus(folder: str) -> dict[str, Case]:
    return {case.name: case for case in cases(folder)}


@pytest.mark.parametrize("folder", ["valid", "invalid-operator"])
def test_the_api_server_accepts(cluster: Cluster, folder: str):
    for case in cases(folder):
        made = create(cluster, "default", case.text, "--dry-run=server")
        assert made["metadata"]["name"] == case.document["metadata"]["name"]


def test_the_api_server_refuses_what_is_invalid(cluster: Cluster):
    for case in cases("invalid"):
        said = refusal(cluster, "default", case.text)
        assert case.field.split(".")[-1].split("[")[0] in said, (case.name, said)
        if case.by == "rule" and case.name not in TWICE:
            assert case.says in said, (case.name, said)


@pytest.mark.parametrize("name", TWICE)
def test_two_of_one_name_are_refused(cluster: Cluster, name: str):
    assert "Duplicate value" in refusal(cluster, "default", corpus("invalid")[name].text)


def test_defaults_appear_and_are_safe(cluster: Cluster, namespace: str):
    spec = create(cluster, namespace, corpus("valid")["smallest"].text)["spec"]
    assert (spec["mode"], spec["suspend"], spec["garbageCollection"]["mode"]) == ("DryRun", False, "Disabled")
    assert spec["limits"] == {
        "maxDeletions": 5000,
        "maxDeletionPercent": 50,
        "minimumAge": "1h",
        "concurrency": 8,
        "requestsPerSecond": 0,
        "runTimeout": "6h",
    }


def test_a_rule_shows_that_it_selects_everything(cluster: Cluster, namespace: str):
    rule = create(cluster, namespace, corpus("valid")["one-rule"].text)["spec"]["rules"][0]
    assert rule == {
        "name": "all",
        "keep": {"latest": 2},
        "repositories": {"include": ["**"]},
        "tags": {"include": ["*"]},
    }


def test_the_status_is_a_subresource(cluster: Cluster, namespace: str):
    create(cluster, namespace, json.dumps(RUN | {"status": STATUS}))
    name = ("rcr", "now", "-n", namespace)
    assert "status" not in json.loads(cluster.kubectl("get", *name, "-o", "json"))
    patch = json.dumps({"status": STATUS, "spec": {"collect": "Skip"}})
    cluster.kubectl("patch", *name, "--subresource=status", "--type=merge", "-p", patch)
    now = json.loads(cluster.kubectl("get", *name, "-o", "json"))
    assert (now["status"], now["spec"]["collect"], now["metadata"]["generation"]) == (STATUS, "Auto", 1)
    cluster.kubectl("wait", "--for=condition=Complete", "--timeout=10s", *name)


def test_a_run_tells_its_story_in_a_line(cluster: Cluster, namespace: str):
    create(cluster, namespace, json.dumps(RUN))
    status = STATUS | {
        "mode": "Delete",
        "conditions": [COMPLETE | {"reason": "Collected", "message": "done"}],
        "deletion": {"deleted": 3, "failed": 0},
        "restoration": {"manifests": 0},
        "garbageCollection": {"reclaimedBytes": 2**41},
        "verification": {"damaged": 0},
    }
    patch = json.dumps({"status": status})
    cluster.kubectl("patch", "rcr", "now", "-n", namespace, "--subresource=status", "--type=merge", "-p", patch)
    row = table(cluster, namespace, "rcr", "-o", "wide")
    assert {name: row[name] for name in row if name not in ("NAME", "AGE")} == {
        "POLICY": "full",
        "MODE": "Delete",
        "STEP": "Finished",
        "RESULT": "Collected",
        "PLANNED": "3",
        "DELETED": "3",
        "RECLAIMED": str(2**41),
        "BYTES": str(2**40),
        "RESTORED": "0",
        "FAILURES": "0",
        "DAMAGED": "0",
        "MESSAGE": "done",
    }


def test_a_policy_tells_its_story_in_a_line(cluster: Cluster, namespace: str):
    document = corpus("valid")["full"].document
    document["spec"]["schedule"] = "0-59/5\t3\t*\t*\t*".replace("\t", " ")
    create(cluster, namespace, yaml.safe_dump(document))
    condition = {"status": "True", "reason": "Scheduled", "message": "", "lastTransitionTime": "2026-11-23T03:00:00Z"}
    status = {
        "conditions": [condition | {"type": "Ready"}, condition | {"type": "MaintenanceActive", "status": "False"}],
        "lastRun": {"name": "full-1", "result": "Collected", "deleted": 3, "reclaimedBytes": 2**41},
        "lastSuccessfulTime": "2026-11-23T03:00:00Z",
        "nextScheduleTime": "2099-01-01T03:00:00Z",
    }
    patch = json.dumps({"status": status})
    cluster.kubectl("patch", "rcp", "full", "-n", namespace, "--subresource=status", "--type=merge", "-p", patch)
    line = cluster.kubectl("get", "rcp", "-n", namespace, "-o", "wide", "--no-headers")
    shown = line.replace("0-59/5 3 * * *", "SCHEDULE").split()
    assert shown[1:6] == ["SCHEDULE", "Delete", "true", "True", "Collected"]
    assert shown[7:-1] == [
        "http://registry.registry.svc:5000",
        "Scheduled",
        "3",
        str(2**41),
        "False",
        "2099-01-01T03:00:00Z",
    ]


def test_a_run_does_not_change_what_it_does_but_takes_an_approval(cluster: Cluster, namespace: str):
    create(cluster, namespace, json.dumps(RUN))
    name = ("rcr", "now", "-n", namespace)

    def patch(spec: dict[str, Any]) -> None:
        cluster.kubectl("patch", *name, "--type=merge", "-p", json.dumps({"spec": spec}))

    patch({"approvedPlan": "sha256:" + "0" * 64})
    for change in ({"policyRef": {"name": "other"}}, {"mode": "Delete"}, {"mode": None}, {"collect": "Only"}):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            patch(change)
        assert "delete it and create another" in str(refused.value.stderr)


def test_a_restore_restores_and_nothing_else(cluster: Cluster, namespace: str):
    def run(**spec: Any) -> str:
        policy = {"policyRef": {"name": "full"}}
        return json.dumps(RUN | {"spec": policy | {"restoreFrom": {"name": "nightly-1"}} | spec})

    for other in ({"mode": "Delete"}, {"collect": "Skip"}, {"approvedPlan": "sha256:" + "0" * 64}):
        assert "only restores" in refusal(cluster, namespace, run(**other))
    create(cluster, namespace, run(restoreFrom={"name": "nightly-1", "images": ["team/app:v1"]}))
    name = ("rcr", "now", "-n", namespace)
    for change in ({"restoreFrom": None}, {"restoreFrom": {"name": "nightly-2"}}, {"restoreFrom": {"images": ["b"]}}):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            cluster.kubectl("patch", *name, "--type=merge", "-p", json.dumps({"spec": change}))
        assert "delete it and create another" in str(refused.value.stderr)


def test_objects_are_found_by_short_name_category_and_field(cluster: Cluster, namespace: str):
    create(cluster, namespace, corpus("valid")["full"].text)
    create(cluster, namespace, json.dumps(RUN))
    everything = cluster.kubectl("get", "regsweep", "-n", namespace, "-o", "name").split()
    assert everything == [
        "registrycleanuppolicy.regsweep.dev/full",
        "registrycleanuprun.regsweep.dev/now",
    ]

    def found(what: str, selector: str) -> int:
        return len(cluster.kubectl("get", what, "-n", namespace, "--field-selector", selector, "-o", "name").split())

    assert [found("rcp", "spec.mode=Delete"), found("rcp", "spec.mode=DryRun"), found("rcp", "spec.suspend=true")] == [
        1,
        0,
        1,
    ]
    assert [found("rcr", "spec.policyRef.name=full"), found("rcr", "spec.policyRef.name=other")] == [1, 0]


def test_kubectl_explains_every_field(cluster: Cluster):
    assert "Keep images younger than this" in cluster.kubectl("explain", "rcp.spec.rules.keep")
