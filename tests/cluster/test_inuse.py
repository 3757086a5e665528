"""Promise S4 in a real cluster: after a run that would have taken everything, whatever ran or can run again still does.

The operator runs from source with the rights of the chart alone. Containerd pulls from the registry under test, at the
node port of its Service: a reference to localhost needs no TLS.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from regsweep.demo.push import Pusher
from tests.cluster import settings
from tests.cluster.access import Cluster
from tests.cluster.granted import granted, operator
from tests.cluster.mainjob.site import Site, condition, eventually, reason_of
from tests.cluster.outside import namespaces
from tests.cluster.registries import DeployRegistry
from tests.cluster.runnable import WAIT, runnable
from tests.cluster.workloads import Case, cases, container, pod_spec

pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]

EVERYTHING_GOES: dict[str, Any] = {
    "mode": "Delete",
    "rules": [{"name": "all", "keep": {"latest": 0, "youngerThan": "1s"}}],
    "limits": {"maxDeletionPercent": 100, "minimumAge": "0s"},
}
GONE = ("unused-1", "unused-2")
ROLLOUTS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rollouts.argoproj.io"},
    "spec": {
        "group": "argoproj.io",
        "names": {"kind": "Rollout", "plural": "rollouts"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1alpha1", "served": True, "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}  # fmt: skip
CHART = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: released}
spec:
  revisionHistoryLimit: 0
  selector: {matchLabels: {case: released}}
  template:
    metadata: {labels: {case: released}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "{{ .Values.image }}", imagePullPolicy: Always, command: [/wait]}]
"""


@pytest.fixture(scope="session", autouse=True)
def rollouts(cluster: Cluster, definitions: None) -> None:
    """A kind that somebody else defines. It stays, too."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(ROLLOUTS))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/rollouts.argoproj.io")


class Shop:
    """Workloads that pull from the registry of a site, and what they pull."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.kubectl("patch", "service/registry", "-p", '{"spec":{"type":"NodePort"}}')
        self.port = int(site.kubectl("get", "service/registry", "-o", "jsonpath={.spec.ports[0].nodePort}"))
        self.used: dict[str, set[str]] = {}

    def image(self, repository: str, tag: str) -> str:
        return f"localhost:{self.port}/{repository}:{tag}"

    def push(self, repository: str, *tags: str) -> None:
        """Images that are used, each unlike all others, and beside them some that nobody uses."""
        with Pusher(self.site.registry.url) as pusher:
            for tag in (*tags, *GONE):
                pusher.push(runnable(f"{repository}:{tag}").at(repository, tag))
        self.used[repository] = set(tags)

    def apply(self, *objects: dict[str, Any]) -> None:
        listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.site.kubectl("apply", "-f", "-", stdin=listing)

    def open(self, case: Case) -> None:
        self.push(case.name, *case.used)
        for stage in case.stages:
            self.apply(stage)
            if case.waits:
                self.site.kubectl(*case.waits)

    def run(self, name: str, image: str) -> None:
        """A pod of that image, until it is ready."""
        self.run_all({name: image})

    def run_all(self, images: dict[str, str]) -> None:
        """A pod of each image, by their names, until all are ready."""
        pods = [{"metadata": {"name": name}, "spec": pod_spec(image)} for name, image in images.items()]
        self.apply(*({"apiVersion": "v1", "kind": "Pod"} | pod for pod in pods))
        self.site.kubectl("wait", *(f"pod/{name}" for name in images), "--for=condition=Ready", "--timeout=180s")

    def tags(self, repository: str) -> set[str]:
        return set(self.site.registry.request("GET", f"{repository}/tags/list").json().get("tags") or ())

    def forget(self) -> None:
        """The node has none of the images any more: what starts now is pulled, layer by layer."""
        ctr = ("ctr", "--namespace", "k8s.io", "images")
        ours = [name for name in namespaces.in_node([*ctr, "ls", "-q"]).split() if f":{self.port}/" in name]
        if ours:
            namespaces.in_node([*ctr, "rm", "--sync", *ours])


@pytest.fixture(params=["2.8", "3"])
def site(request: pytest.FixtureRequest, cluster: Cluster, namespace: str, registry: DeployRegistry) -> Site:
    return Site(cluster, namespace, registry(request.param, volume="claim"))


def clean(site: Site, **in_use: Any) -> None:
    site.apply(**EVERYTHING_GOES, protect={"inUse": in_use}, garbageCollection={"mode": "ReadOnly"})
    assert reason_of(site.wait(site.run()), "Complete") == "Collected"


@pytest.mark.long
def test_what_ran_or_can_run_again_starts_after_everything_else_was_deleted(site: Site, tmp_path: Path) -> None:
    shop, kinds = Shop(site), []
    for case in cases(shop.image):
        shop.open(case)
        kinds.append(case)
    _more(shop, tmp_path)
    with (
        granted(site.cluster, site.namespace, helmReleases=True, presets=["ArgoRollouts"]) as who,
        operator(who, tmp_path),
    ):
        clean(site, helmReleases=True, presets=["ArgoRollouts"], imageLists=[{"name": "listed"}])
    assert {repository: shop.tags(repository) for repository in shop.used} == shop.used

    shop.forget()
    for case in kinds:
        site.kubectl(*case.back)
        if case.name == "pod":
            shop.apply(*case.stages)
        site.kubectl(*case.runs)
    site.cluster.helm("-n", site.namespace, "rollback", "released", "1", "--wait", "--timeout=120s")
    used = [(repository, tag) for repository, tags in shop.used.items() for tag in tags]
    shop.run_all({f"again-{repository}-{tag}": shop.image(repository, tag) for repository, tag in used})


def _more(shop: Shop, folder: Path) -> None:
    """What is no workload of Kubernetes, and what a pod does not say in its template."""
    site = shop.site
    shop.push("rollout", "1")
    template = {"spec": pod_spec(shop.image("rollout", "1"))}
    rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"}}
    shop.push("podtemplate", "1")
    stored = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "t"}}
    shop.push("volume", "1")
    volumes = [{"name": "v", "image": {"reference": shop.image("volume", "1")}}]
    with_volume = {"spec": pod_spec(shop.image("podtemplate", "1"), volumes=volumes)}
    shop.push("listed", "1")
    listed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "listed"}}
    shop.apply(
        rollout | {"spec": {"template": template}},
        stored | {"template": with_volume},
        listed | {"data": {"images": f"# by hand\n{shop.image('listed', '1')}\n"}},
    )
    _debugged(shop)
    _moved(shop)
    _released(site, shop, folder)


def _debugged(shop: Shop) -> None:
    """A container that was added to a running pod."""
    shop.push("ephemeral", "1", "debugger")
    shop.run("ephemeral", shop.image("ephemeral", "1"))
    more = {"spec": {"ephemeralContainers": [container("debugger", shop.image("ephemeral", "debugger"), WAIT)]}}
    shop.site.kubectl("patch", "pod/ephemeral", "--subresource=ephemeralcontainers", "-p", json.dumps(more))


def _moved(shop: Shop) -> None:
    """The tag of a running pod was pushed anew: what runs has only another tag by now, which no object names."""
    shop.push("moved", "tag", "older")
    with Pusher(shop.site.registry.url) as pusher:
        pusher.push(runnable("moved: as it runs").at("moved", "tag", "older"))
        shop.run("moved", shop.image("moved", "tag"))
        pusher.push(runnable("moved: as it is now").at("moved", "tag"))


def _released(site: Site, shop: Shop, folder: Path) -> None:
    """A Helm release whose older revision is in no ReplicaSet any more."""
    shop.push("released", "1", "2")
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: released\nversion: 1.0.0\n")
    (chart / "templates/deployment.yaml").write_text(CHART)
    for tag in ("1", "2"):
        image = f"--set-string=image={shop.image('released', tag)}"
        where = ("-n", site.namespace)
        site.cluster.helm(*where, "upgrade", "--install", "released", str(chart), image, "--wait", "--timeout=120s")


@pytest.fixture
def small(cluster: Cluster, namespace: str, registry: DeployRegistry) -> Shop:
    """A registry with one image in use."""
    shop = Shop(Site(cluster, namespace, registry("3", volume="claim")))
    shop.push("app", "1")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod_spec(shop.image("app", "1"))}
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    shop.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}, "spec": spec})
    return shop


def refused(shop: Shop, **in_use: Any) -> str:
    """A run that deletes nothing, because it does not know what is in use; what it says."""
    shop.site.apply(**EVERYTHING_GOES, protect={"inUse": in_use})
    ended = shop.site.wait(shop.site.run(), "Failed")
    assert reason_of(ended, "Failed") == "InUseUnknown"
    assert shop.tags("app") == {"1", *GONE}
    return condition(ended, "Failed")[2]


def deletes(shop: Shop, **in_use: Any) -> None:
    """A run that deletes what nobody uses, and nothing else."""
    shop.site.apply(**EVERYTHING_GOES, protect={"inUse": in_use})
    assert reason_of(shop.site.wait(shop.site.run()), "Complete") == "Deleted"
    assert shop.tags("app") == {"1"}


def rule(group: str, resource: str) -> str:
    return f'- apiGroups: ["{group}"]\n  resources: [{resource}]\n  verbs: [list]'


EVERYTHING_ASKED: dict[str, Any] = {"helmReleases": True, "nodeImages": True, "presets": ["ArgoRollouts"]}


def test_without_any_one_right_nothing_is_deleted_and_the_right_is_named(small: Shop, tmp_path: Path) -> None:
    site = small.site
    with granted(site.cluster, site.namespace, **EVERYTHING_ASKED) as who, operator(who, tmp_path):
        tried = []
        for role, group, resource in who.rules("in-use"):
            if group == "argoproj.io" and resource != "rollouts":
                continue  # this cluster does not serve it
            with who.without(role, group, resource):
                said = refused(small, **EVERYTHING_ASKED)
            assert (rule(group, resource) in said, f"ServiceAccount {site.namespace}/regsweep" in said) == (True, True)
            tried.append(resource)
        [(role, group, resource)] = [each for each in who.rules("registry") if each[2] == "services"]
        with who.without(role, group, resource):
            assert rule(group, resource) in refused(small)
        assert len(tried) == 13
        deletes(small, presets=["ArgoRollouts"])


def test_the_rights_for_one_namespace_are_enough_for_one_namespace(small: Shop, tmp_path: Path) -> None:
    site = small.site
    with granted(site.cluster, site.namespace, scope="Namespace", helmReleases=True) as who, operator(who, tmp_path):
        said = refused(small)
        assert ("in all namespaces" in said, "ClusterRoleBinding" in said, "list pods" in said) == (True, True, True)
        deletes(small, scope="Namespace", helmReleases=True)


def test_one_of_several_clusters_that_cannot_be_read_stops_everything(small: Shop, tmp_path: Path) -> None:
    """The other cluster is this one, under another name."""
    site = small.site
    east = {"clusters": [{"name": "east", "kubeconfigSecretRef": {"name": "east"}}]}
    with granted(site.cluster, site.namespace, scope="Cluster") as who, operator(who, tmp_path):

        def log_in(kubeconfig: dict[str, Any]) -> None:
            content = {"kubeconfig": json.dumps(kubeconfig)}
            small.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "east"}, "stringData": content})

        assert f"cluster east (spec.protect.inUse.clusters[0]): Secret {site.namespace}/east does not exist" in refused(
            small, **east
        )
        log_in(who.kubeconfig(server="https://127.0.0.1:9"))
        assert "what cluster east uses cannot be known" in refused(small, **east)
        log_in(who.kubeconfig(token="wrong"))
        assert "cluster east uses cannot be known: its API does not accept the login" in refused(small, **east)
        log_in(who.kubeconfig() | {"users": [{"name": "u", "user": {"exec": {"command": "touch"}}}]})
        assert "exec would run a program" in refused(small, **east)
        log_in(who.kubeconfig())
        deletes(small, **east)


def test_a_kind_that_nobody_serves_stops_everything(small: Shop, tmp_path: Path) -> None:
    site = small.site
    rolout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rolout", "path": "$.spec.image"}
    with granted(site.cluster, site.namespace) as who, operator(who, tmp_path):
        assert "nothing serves Rolout of argoproj.io/v1alpha1" in refused(small, customResources=[rolout])


def test_the_command_line_asks_as_the_operator_does(small: Shop, tmp_path: Path) -> None:
    """From outside, by another address of the registry, with two contexts: workloads call it by its node port."""
    site, login, file = small.site, tmp_path / "kubeconfig", tmp_path / "policy.yaml"
    registry = {"url": site.registry.service_url}
    spec = {**EVERYTHING_GOES, "registry": registry, "protect": {"inUse": {}}}
    meta = {"name": "cli", "namespace": site.namespace}
    file.write_text(
        json.dumps(
            {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy", "metadata": meta, "spec": spec}
        )
    )

    def apply() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "regsweep", "apply", "-f", str(file), "--yes", "--url", site.registry.url]
        command += ["--kubeconfig", str(login), "--context", "x", "--context", "y", "--cache-dir", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with granted(site.cluster, site.namespace) as who:
        found = who.kubeconfig()
        contexts = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("x", "y")]
        login.write_text(json.dumps(found | {"contexts": contexts}))
        [(role, group, resource)] = [each for each in who.rules("in-use") if each[2] == "daemonsets"]
        with who.without(role, group, resource):
            done = apply()
        assert (done.returncode, small.tags("app")) == (3, {"1", *GONE})
        assert ("what cluster x uses cannot be known" in done.stderr, rule("apps", "daemonsets") in done.stderr) == (
            True,
            True,
        )
        done = apply()
        assert (done.returncode, small.tags("app")) == (0, {"1"}), done.stderr


def test_a_pull_at_the_node_port_is_one_from_this_registry(small: Shop) -> None:
    """The ground on which the others stand."""
    small.run("pulls", small.image("app", "1"))
    pod = small.site.get("pod", "pulls")
    [status] = pod["status"]["containerStatuses"]
    digest = runnable("app:1").digest
    assert status["imageID"].endswith(f"/app@{digest}")  # of another registry, where the node knows the same image
    assert pod["spec"]["nodeName"] == settings.NODE
    eventually(lambda: small.site.get("pod", "pulls")["status"]["phase"] == "Running", 10)
