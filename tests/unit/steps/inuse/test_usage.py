"""A whole reading, as both doors ask for it: everything of every cluster, or an error that says what is missing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from regsweep.api.load import load_policy
from regsweep.clients.kinds import Kind
from regsweep.core.inuse import Use, User
from regsweep.errors import ClusterDenied, ClusterError, ClusterUnreachable, InUseUnknown
from regsweep.steps.inuse import Reading, read_usage
from tests.unit.steps.inuse.fake_api import FakeApi, forbidden
from tests.unit.steps.inuse.objects import DIGEST, NOW, job, meta, pod, release, revision, template, workload

ROLLOUT = Kind("argoproj.io/v1alpha1", "Rollout", "rollouts")


class Patient:
    """Waits without waiting."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def check(self) -> None: ...

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


def reading(*apis: tuple[str, FakeApi], stop: Any = None, **in_use: Any) -> Reading:
    policy = load_policy(
        {
            "apiVersion": "regsweep.dev/v1alpha1",
            "kind": "RegistryCleanupPolicy",
            "metadata": {"name": "nightly", "namespace": "registry"},
            "spec": {"registry": {"url": "https://registry.example.com"}, "protect": {"inUse": in_use}},
        }
    )
    return Reading(policy, apis, "registry", lambda: NOW, stop or Patient())  # type: ignore[arg-type]


def uses(*apis: tuple[str, FakeApi], **in_use: Any) -> list[Use]:
    return list(read_usage(reading(*apis, **in_use)).uses)


def unknown(*apis: tuple[str, FakeApi], **in_use: Any) -> str:
    with pytest.raises(InUseUnknown) as caught:
        uses(*apis, **in_use)
    assert "Nothing is deleted as long as that is not known." in str(caught.value)
    return str(caught.value)


def filled() -> FakeApi:
    """One object of every kind."""
    api = FakeApi()
    api.lists = {
        "cronjobs": [[{"metadata": meta("c"), "spec": {"jobTemplate": {"spec": {"template": template("r/cron:1")}}}}]],
        "jobs": [[job("r/job:1")]],
        "deployments": [[workload("r/deployment:1")]],
        "statefulsets": [[workload("r/set:1")]],
        "daemonsets": [[workload("r/daemon:1")]],
        "controllerrevisions": [[revision("r/revision:1")]],
        "replicasets": [[workload("r/replicas:1")]],
        "replicationcontrollers": [[workload("r/rc:1")]],
        "podtemplates": [[{"metadata": meta("t"), "template": template("r/template:1")}]],
        "pods": [[pod("r/pod:1")], [pod("r/pod:2", name="web-2")]],
        "secrets": [[release("image: r/release:1")]],
        "nodes": [[{"metadata": {"name": "n1"}, "status": {"images": [{"names": ["r/node:1", f"r/node@{DIGEST}"]}]}}]],
        "rollouts": [[workload("r/rollout:1")]],
    }
    api.serves("argoproj.io/v1alpha1", ROLLOUT)
    return api


STANDARD = {
    "r/cron:1", "r/job:1", "r/deployment:1", "r/set:1", "r/daemon:1", "r/revision:1", "r/replicas:1", "r/rc:1",
    "r/template:1", "r/pod:1", "r/pod:2", f"r/app@{DIGEST}",
}  # fmt: skip


def test_every_kind_of_kubernetes_is_read():
    assert {use.text for use in uses(("", filled()))} == STANDARD


def test_what_else_a_policy_asks_for_is_read():
    api = filled()
    api.objects["ConfigMap", "registry", "more"] = {"data": {"images": "r/a:1 r/b:1\n# r/no:1\n\n  r/c:1 # why\n"}}
    found = uses(
        ("", api), helmReleases=True, nodeImages=True, presets=["ArgoRollouts"], imageLists=[{"name": "more"}]
    )  # fmt: skip
    assert {use.text for use in found} - STANDARD == {
        "r/release:1", "r/node:1", f"r/node@{DIGEST}", "r/rollout:1", "r/a:1", "r/b:1", "r/c:1",
    }  # fmt: skip
    assert ("secrets", None, "type=helm.sh/release.v1", 20) in api.asked


def test_users_are_named():
    api = filled()
    found = {use.text: use.user for use in uses(("", api), helmReleases=True, nodeImages=True)}
    assert found["r/deployment:1"] == User("Deployment", "shop", "web", "app")
    assert found["r/release:1"] == User("Secret", "shop", "sh.helm.release.v1.web.v3")
    assert found["r/node:1"] == User("Node", "", "n1")


def test_makers_are_read_before_what_they_make():
    api = filled()
    uses(("", api), helmReleases=True)
    order = [plural for plural, *_ in api.asked]
    for maker, made in (
        ("cronjobs", "jobs"),
        ("jobs", "pods"),
        ("deployments", "replicasets"),
        ("replicasets", "pods"),
    ):
        assert order.index(maker) < order.index(made)


def test_replicas_of_one_owner_are_named_once():
    api = FakeApi()
    replicas = [pod("r/app:1", name=f"web-{number}", owner="web-5d8") for number in range(9)]
    api.lists["pods"] = [replicas, [pod("r/app:1", name="bare")]]
    assert {use.user.name for use in uses(("", api))} == {"web-0", "bare"}
    assert len(uses(("", api))) == 4


def test_in_the_scope_of_a_namespace_only_that_is_listed():
    api = filled()
    api.serves(
        "argoproj.io/v1alpha1", Kind("argoproj.io/v1alpha1", "ClusterAnalysisTemplate", "cats", namespaced=False)
    )
    uses(("", api), scope="Namespace", helmReleases=True, presets=["ArgoRollouts", "Tekton"])
    assert {namespace for _, namespace, _, _ in api.asked} == {"registry"}


def test_several_clusters_are_read_and_named():
    east, west = filled(), filled()
    found = uses(("east", east), ("west", west))
    assert {use.user.cluster for use in found} == {"east", "west"}
    assert {use.text for use in found if use.user.cluster == "west"} == STANDARD


EVERY_LIST = [plural for plural in filled().lists if plural != "rollouts"]


@pytest.mark.parametrize("plural", EVERY_LIST)
def test_a_right_that_is_missing_is_named_with_its_rule(plural):
    api = filled()
    api.lists[plural] = forbidden(plural)
    said = unknown(("", api), helmReleases=True, nodeImages=True)
    assert f"ServiceAccount regsweep/regsweep may not list {plural}" in said
    assert f"resources: [{plural}]\n  verbs: [list]" in said
    assert "ClusterRoleBinding" in said


def test_all_that_is_missing_is_said_at_once():
    api = filled()
    for plural in ("deployments", "nodes", "pods", "statefulsets"):
        api.lists[plural] = forbidden(plural)
    said = unknown(("", api), nodeImages=True)
    assert "(values of the chart: inUse.nodeImages: true; inUse.scope: Cluster):" in said
    assert said.endswith(
        '- apiGroups: [""]\n  resources: [nodes, pods]\n  verbs: [list]\n'
        '- apiGroups: ["apps"]\n  resources: [deployments, statefulsets]\n  verbs: [list]'
    )


def test_in_the_scope_of_a_namespace_a_role_is_asked_for():
    api = FakeApi()
    api.lists["jobs"] = forbidden("jobs", "batch")
    said = unknown(("", api), scope="Namespace")
    assert "may not list jobs.batch in namespace registry" in said
    assert "a Role in namespace registry, by a RoleBinding there (values of the chart: inUse.scope: Namespace)" in said


def test_a_right_that_is_missing_in_the_middle_of_a_list_counts():
    api = filled()
    api.lists["pods"] = [[pod()], forbidden("pods")]
    assert "may not list pods" in unknown(("", api))


def test_a_login_that_is_not_accepted_is_no_matter_of_rights():
    api = FakeApi()
    api.lists["cronjobs"] = ClusterDenied("GET /apis/batch/v1/cronjobs: Unauthorized")
    said = unknown(("west", api))
    assert ("cluster west" in said, "Renew the token" in said, "apiGroups" in said) == (True, True, False)


def test_a_list_that_cannot_be_read_to_its_end_is_no_list():
    api = filled()
    api.lists["pods"] = [[pod()], ClusterError("the list of pods expired 4 times")]
    assert "pods cannot be read to their end: the list of pods expired" in unknown(("", api))


def test_an_api_that_is_away_is_tried_again():
    api, stop = filled(), Patient()
    api.lists["pods"] = [[pod()], ClusterUnreachable("503")]
    with pytest.raises(ClusterUnreachable):  # the cluster at hand: the run goes on later
        list(read_usage(reading(("", api), stop=stop)).uses)
    assert [plural for plural, *_ in api.asked].count("pods") == 3
    assert len(stop.waited) == 2


def test_another_cluster_that_is_away_is_named():
    west = filled()
    west.lists["pods"] = ClusterUnreachable("no route")
    assert "what cluster west uses cannot be known: no route" in unknown(("east", filled()), ("west", west))


MALFORMED: list[tuple[str, dict[str, Any], str]] = [
    ("pods", {"metadata": meta("p"), "spec": {"containers": {}}}, "Pod shop/p: containers is not a list"),
    ("pods", {"metadata": meta("p"), "spec": {"containers": [7]}}, "containers holds something that is not an object"),
    ("jobs", {"metadata": meta("j"), "spec": {"template": []}}, "Job shop/j: what holds spec is not an object"),
    ("secrets", {"metadata": meta("s"), "data": {"release": "eA=="}}, "Secret shop/s: the release cannot be decoded"),
    ("controllerrevisions", revision() | {"data": {}}, "ControllerRevision shop/db-5d8: data holds no pod template"),
]


@pytest.mark.parametrize(("plural", "found", "words"), MALFORMED, ids=[words for _, _, words in MALFORMED])
def test_a_malformed_object_is_named(plural, found, words):
    api = filled()
    api.lists[plural] = [[found]]
    assert words in unknown(("", api), helmReleases=True)


ROLLOUTS = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "path": "$.spec.template.spec.containers[*].image"}


def test_a_custom_resource_is_read_at_its_path():
    found = uses(("", filled()), customResources=[ROLLOUTS])
    assert [use.user for use in found if use.text == "r/rollout:1"] == [User("Rollout", "shop", "web")]


def test_a_path_that_leads_to_no_image_is_named():
    said = unknown(("", filled()), customResources=[ROLLOUTS | {"path": "$.spec.template"}])
    assert "Rollout shop/web" in said
    assert "(spec.protect.inUse.customResources[0])" in said


def test_a_kind_that_no_cluster_has_is_named():
    said = unknown(("", filled()), customResources=[ROLLOUTS, ROLLOUTS | {"kind": "Rolout"}])
    assert "nothing serves Rolout of argoproj.io/v1alpha1 (spec.protect.inUse.customResources[1])" in said


def test_a_kind_in_another_version_is_named():
    said = unknown(("", filled()), customResources=[ROLLOUTS | {"apiVersion": "argoproj.io/v1"}])
    assert "serves Rollout as argoproj.io/v1alpha1, not as argoproj.io/v1" in said


def test_a_kind_need_not_be_in_every_cluster():
    bare = filled()
    bare.documents = {}
    found = uses(("east", filled()), ("west", bare), customResources=[ROLLOUTS])
    assert [use.user.cluster for use in found if use.text == "r/rollout:1"] == ["east"]


def test_a_preset_that_is_not_installed_has_no_objects():
    assert {use.text for use in uses(("", filled()), presets=["Tekton", "Knative"])} == STANDARD


def test_a_kind_of_the_whole_cluster_is_refused_in_the_scope_of_a_namespace():
    api = filled()
    api.serves("a.io/v1", Kind("a.io/v1", "Thing", "things", namespaced=False))
    thing = {"apiVersion": "a.io/v1", "kind": "Thing", "path": "$.image"}
    assert "Thing is of the whole cluster" in unknown(("", api), scope="Namespace", customResources=[thing])


def test_a_right_on_a_custom_resource_is_named():
    api = filled()
    api.lists["rollouts"] = forbidden("rollouts", "argoproj.io")
    said = unknown(("", api), presets=["ArgoRollouts"])
    assert '- apiGroups: ["argoproj.io"]\n  resources: [rollouts]\n  verbs: [list]' in said
    assert "inUse.presets" in said


def test_a_cluster_that_does_not_say_what_it_serves_is_unknown():
    api = filled()
    api.documents["/apis/argoproj.io"] = ClusterDenied(
        'GET /apis/argoproj.io: User "bob" cannot get path "/apis/argoproj.io"'
    )
    said = unknown(("", api), presets=["ArgoRollouts"])
    assert ("user bob" in said, "nonResourceURLs" in said) == (True, True)
    api.documents["/apis/argoproj.io"] = ClusterError("malformed")
    assert "malformed" in unknown(("", api), presets=["ArgoRollouts"])


EAST = [{"name": "east", "kubeconfigSecretRef": {"name": "east"}}]


def secret(content: bytes | None) -> dict[str, Any]:
    return {"data": {} if content is None else {"kubeconfig": base64.b64encode(content).decode()}}


KUBECONFIGS: list[tuple[str, Any, str]] = [
    ("missing", None, "Secret registry/east does not exist"),
    ("another key", secret(None), "Secret registry/east has no key kubeconfig"),
    ("no base64", {"data": {"kubeconfig": "%"}}, "is not base64"),
    ("no YAML", secret(b"{a: ["), "Secret registry/east: "),
    ("a string", secret(b"secret words"), "Secret registry/east: "),
    ("bytes", secret(b"\xff\xfe\x00"), "Secret registry/east: "),
    ("aliases", secret(b"a: &a [x]\nb: [*a, *a]"), "Secret registry/east: "),
    ("deep", secret(b"[" * 100_000), "Secret registry/east: "),
    ("much", secret(b"#" * 300_000), "larger than 262144 bytes"),
    ("a program", secret(json.dumps({
        "clusters": [{"name": "c", "cluster": {"server": "https://c"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {"command": "id"}}}],
        "current-context": "x",
    }).encode()), "exec would run a program"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "words"), [case[1:] for case in KUBECONFIGS], ids=[case[0] for case in KUBECONFIGS])
def test_a_kubeconfig_that_cannot_be_used_is_named_and_not_repeated(found, words):
    api = filled()
    if found is not None:
        api.objects["Secret", "registry", "east"] = found
    said = unknown(("", api), clusters=EAST)
    assert words in said
    assert "cluster east (spec.protect.inUse.clusters[0])" in said
    assert "secret words" not in said


def test_another_cluster_is_read_whole_and_left(monkeypatch):
    home, east = filled(), filled()
    home.objects["Secret", "registry", "east"] = secret(b"current-context: x")
    monkeypatch.setattr("regsweep.steps.inuse.others.connect_with", lambda document, where: east)
    found = uses(("", home), clusters=EAST, scope="Namespace")
    assert {use.user.cluster for use in found} == {"", "east"}
    assert {namespace for _, namespace, _, _ in east.asked} == {None}
    assert (east.closed, home.closed) == (True, False)


DENIED_GETS = [
    ({"clusters": EAST}, ("Secret", "registry", "east"), "secrets"),
    ({"imageLists": [{"name": "more"}]}, ("ConfigMap", "registry", "more"), "configmaps"),
]


@pytest.mark.parametrize(("in_use", "place", "plural"), DENIED_GETS, ids=[plural for _, _, plural in DENIED_GETS])
def test_a_right_beside_the_policy_is_named(in_use, place, plural):
    api = filled()
    api.objects[place] = forbidden(plural)
    said = unknown(("", api), **in_use)
    assert f"resources: [{plural}]\n  verbs: [get]" in said
    assert "a Role in namespace registry" in said


@pytest.mark.parametrize("found", [None, {"data": {}}, {}, {"data": {"images": 7}}], ids=str)
def test_a_list_that_is_not_there_is_named(found):
    api = filled()
    if found is not None:
        api.objects["ConfigMap", "registry", "more"] = found
    said = unknown(("", api), imageLists=[{"name": "more"}])
    assert "ConfigMap registry/more (spec.protect.inUse.imageLists[0])" in said
