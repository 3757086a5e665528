"""What is in use, from files and clusters: what is read, and what is refused."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from regsweep.api.load import load_policy
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.cli.in_use import protecting, usage_of
from regsweep.cli.options import Clusters
from regsweep.core.inuse import Usage
from regsweep.errors import InUseUnknown, InvalidInput
from tests.command_line import CommandLine


class NeverStops:
    def check(self) -> None:
        pass

    def wait(self, seconds: float) -> None:
        raise AssertionError


def a_policy(**protect: object) -> RegistryCleanupPolicy:
    kind = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy", "metadata": {"name": "p"}}
    return load_policy({**kind, "spec": {"registry": {"url": "http://r:5000"}, "protect": protect}})


def a_file(folder: Path, text: str, name: str = "images.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def read(*paths: Path) -> Usage:
    clusters = Clusters(in_use=list(paths))
    with ExitStack() as stack:
        usage = usage_of(protecting(a_policy(), clusters), clusters, stack)
        assert usage is not None
        return usage(NeverStops())


def test_a_list_of_images(tmp_path: Path) -> None:
    path = a_file(tmp_path, "r:5000/a:1 r:5000/b\n\n# old\nr:5000/c@sha256:0\n")
    usage = read(path)
    assert [use.text for use in usage.uses] == ["r:5000/a:1", "r:5000/b", "r:5000/c@sha256:0"]
    assert {str(use.user) for use in usage.uses} == {f"File {path}"}


def test_objects_as_kubectl_writes_them_beside_a_list(tmp_path: Path) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "r:5000/a:1"}]},
    }
    objects = a_file(tmp_path, json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod]}), "pods.json")
    usage = read(objects, a_file(tmp_path, "r:5000/b:1"))
    assert [(use.text, use.user.kind) for use in usage.uses] == [("r:5000/a:1", "Pod"), ("r:5000/b:1", "File")]


def test_a_list_can_be_read_again(tmp_path: Path) -> None:
    usage = read(a_file(tmp_path, "r:5000/a:1"))
    assert list(usage.uses) == list(usage.uses) != []


@pytest.mark.parametrize("text", ["", " \n", "# nothing\n", '{"apiVersion": "v1", "kind": "List", "items": []}'])
def test_a_list_without_an_image_is_no_list(tmp_path: Path, text: str) -> None:
    with pytest.raises(InUseUnknown, match="names no image"):
        read(a_file(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "begins like JSON and is none"),
        ("[" * 100_000, "begins like JSON and is none"),
        ('{"apiVersion": "v1", "kind": "Service"}', "kind Service"),
    ],
    ids=["cut", "deep", "another kind"],
)
def test_what_cannot_be_understood_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(a_file(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read(tmp_path / "nothing")


def test_a_list_protects_also_where_the_policy_does_not_ask(tmp_path: Path) -> None:
    clusters = Clusters(in_use=[a_file(tmp_path, "a")])
    assert protecting(a_policy(), clusters).spec.protect.in_use is not None
    assert protecting(a_policy(), Clusters()).spec.protect.in_use is None
    asked = a_policy(inUse={"finishedFor": "1h"})
    assert protecting(asked, clusters) is asked


def test_nobody_is_asked_where_the_policy_does_not_ask() -> None:
    with ExitStack() as stack:
        assert usage_of(a_policy(), Clusters(context=["prod"]), stack) is None


@pytest.mark.parametrize("more", [[], ["--context", "prod", "--context", "edge"]], ids=["any", "several"])
def test_without_a_cluster_and_a_list_nothing_is_planned(regsweep: CommandLine, more: list[str]) -> None:
    policy = regsweep.policy("http://127.0.0.1:1", protect={"inUse": {}})
    for command in (["plan"], ["apply", "--yes"]):
        ended = regsweep(*command, "-f", policy, *more)
        assert ended.code == 3
        assert "--in-use" in ended.err
        assert "spec.protect.inUse" in ended.err


def test_the_clusters_that_are_asked(tmp_path: Path) -> None:
    config = tmp_path / "config"
    one = Clusters(kubeconfig=config, context=["prod"])
    assert [(name, login.context) for name, login in one.logins] == [("", "prod")]
    several = Clusters(kubeconfig=config, context=["prod", "edge", "prod"])
    assert [(name, login.context) for name, login in several.logins] == [("prod", "prod"), ("edge", "edge")]
    assert (several.home.context, several.home.kubeconfig) == ("prod", config)
    assert [(name, login.context) for name, login in Clusters().logins] == [("", None)]
