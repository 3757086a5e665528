"""The verbs of the command line on a real cluster, from this machine and, without any operator, from a pod."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.mainjob.builds import COLLECT, KEEP_TWO, fill
from tests.cluster.mainjob.conftest import MakeSite
from tests.cluster.mainjob.content import sizes
from tests.cluster.mainjob.installation import IMAGE, RELEASE
from tests.cluster.mainjob.site import Site, eventually, reason_of

pytestmark = pytest.mark.timeout(300)

CRONJOB = Path(__file__).resolve().parents[3] / "deploy/examples/cronjob.yaml"
ACCOUNT = "cleaner"


def test_a_run_is_made_watched_approved_and_told_without_kubectl(site: MakeSite) -> None:
    builds = fill(site("2.8"))
    where = builds.site
    where.apply(mode="Delete", approval="Manual", garbageCollection=COLLECT, **KEEP_TWO)

    waiting = where.command("run", "nightly", "--wait", "--timeout", "120")

    name = waiting.stdout.strip()
    assert waiting.returncode == 3, waiting.stderr
    assert f"regsweep report --run {name}" in waiting.stderr
    assert builds.all_there()
    [row] = [line for line in where.regsweep("status").splitlines() if line.split()[1:2] == [name]]
    assert row.split()[2:6] == ["nightly", "Delete", "ManualApproval", "26"]

    wrong = where.command("approve", name, "--plan", "sha256:" + "0" * 64, "--yes")
    nobody = where.command("approve", name)
    assert (wrong.returncode, nobody.returncode) == (2, 3)
    assert "regsweep report" in wrong.stderr
    assert "--yes" in nobody.stderr
    assert builds.all_there()

    digest = where.get("rcr", name)["status"]["plan"]["digest"]
    assert digest in where.regsweep("approve", name, "--plan", digest, "--yes")
    assert reason_of(where.wait(name), "Complete") == "Collected"
    assert where.blobs() == sizes(builds.kept)
    report = json.loads(where.regsweep("report", "--run", name, "-o", "json"))
    assert report["plan"]["digest"] == digest
    assert report["keptByReason"], "who approves has to see what stays, and why"
    assert sum(each["kept"] for each in report["repositories"]) == sum(report["keptByReason"].values())
    assert "nightly" in where.regsweep("status", "nightly")


def test_a_run_that_fails_says_so_by_its_exit_code(site: MakeSite) -> None:
    builds = fill(site("3", delete=False))
    builds.site.apply(mode="Delete", **KEEP_TWO)

    failed = builds.site.command("run", "nightly", "--wait", "--timeout", "120")

    assert failed.returncode == 4, failed.stderr
    assert "REGISTRY_STORAGE_DELETE_ENABLED=true" in failed.stderr
    assert builds.all_there()


def test_what_is_not_there_is_named(site: MakeSite) -> None:
    where = site("3")

    for verb in (["run", "no-such-policy"], ["approve", "no-such-run", "--yes"], ["report", "--run", "no-such-run"]):
        done = where.command(*verb)
        assert done.returncode == 4
        assert "no-such" in done.stderr
        assert "kubectl get" in done.stderr


@pytest.mark.parametrize("collects", [False, True], ids=["as-the-example", "with-the-rights-to-collect"])
def test_the_same_image_cleans_as_a_plain_cronjob(site: MakeSite, collects: bool) -> None:
    """No operator, no custom resource: the policy of deploy/examples/cronjob.yaml in a pod of the registry's namespace.

    Whoever gives the pod an account with the operator's rights beside a registry has it collect, too.
    """
    builds = fill(site("3"))
    where = builds.site
    spec: dict[str, Any] = {"mode": "Delete", **KEEP_TWO}
    if collects:
        workload = {"kind": where.registry.options.kind, "name": where.registry.options.name}
        spec |= {"garbageCollection": COLLECT, "registry": {"workloadRef": workload, "inventory": "API"}}
        _account_with_rights(where)

    _apply_example(where, spec, ACCOUNT if collects else None)
    where.kubectl("create", "job", "now", "--from=cronjob/regsweep")
    job = eventually(lambda: _ended(where, "now"), 200)

    log = where.kubectl("logs", "job/now", "--tail=-1")
    print(log)
    assert job["status"].get("succeeded") == 1
    assert builds.swept()
    assert where.blobs() == sizes(builds.kept if collects else builds.images)
    assert where.writable() == [True]
    builds.pull_kept()


def _apply_example(where: Site, spec: dict[str, Any], account: str | None) -> None:
    """The example with this policy, for this namespace, from the image at hand."""
    documents = list(yaml.safe_load_all(CRONJOB.read_text()))
    policy, cronjob = documents
    text = yaml.safe_load(policy["data"]["policy.yaml"])
    text["spec"] = {**text["spec"], **spec}
    text["spec"]["registry"] = {"url": where.registry.service_url, **spec.get("registry", {})}
    policy["data"]["policy.yaml"] = yaml.safe_dump(text)
    pod = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["containers"][0]["image"] = IMAGE
    if account is not None:
        pod |= {"serviceAccountName": account, "automountServiceAccountToken": True}
    for document in documents:
        document["metadata"]["namespace"] = where.namespace
        where.kubectl("apply", "-f", "-", stdin=json.dumps(document))


def _account_with_rights(where: Site) -> None:
    where.kubectl("create", "serviceaccount", ACCOUNT)
    role, account = f"--role={RELEASE}-registry", f"--serviceaccount={where.namespace}:{ACCOUNT}"
    where.kubectl("create", "rolebinding", ACCOUNT, role, account)


def _ended(where: Site, job: str) -> dict[str, Any] | None:
    found = where.get("job", job)
    return found if found["status"].get("succeeded") or found["status"].get("failed") else None
