"""`regsweep apply` with a list of what is in use, on real registries: all else goes, to the last blob."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer, multi_platform
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import ImagesDamaged
from tests.command_line import CommandLine, Ended
from tests.registry.conftest import StartRegistry, StartService, StorageWith

EVERYTHING: dict[str, Any] = {
    "rules": [{"name": "all", "keep": {"youngerThan": "1s"}}],
    "registry": {"aliases": ["registry.example.com", "docker.io=hub"]},
    "protect": {"inUse": {}},
}
"""Lets go of all that nobody uses."""


@pytest.fixture
def images(now: datetime) -> dict[str, Artifact]:
    """By name: three plain images, two with platforms, one in a mirror's repository."""
    base, old = layer("base", 5_000), now - timedelta(days=30)
    found = {
        **{tag: image_on((base,), tag, old, size=3_000).at("team/app", tag) for tag in ("1", "2", "latest")},
        "multi": multi_platform(base, "multi", old).at("team/multi", "1"),
        "other": multi_platform(base, "other", old).at("team/multi", "2"),
        "nginx": image_on((base,), "nginx", old, size=3_000).at("hub/library/nginx", "latest"),
    }
    assert len({image.digest for image in found.values()}) == 6
    return found


def host(registry: RegistryProcess) -> str:
    """By which images are pulled."""
    return urlsplit(registry.url).netloc


@pytest.fixture
def storage(storage_with: StorageWith, images: dict[str, Artifact]) -> Path:
    return storage_with(images.values())


@pytest.fixture
def registry(start_registry: StartRegistry, storage: Path) -> RegistryProcess:
    return start_registry(storage)


def left(registry: RegistryProcess, images: dict[str, Artifact]) -> set[str]:
    """The names of the images that can be pulled by their digest, every byte of them."""
    whole = set()
    with Pusher(registry.url) as pusher:
        for name, image in images.items():
            try:
                pusher.pull(image.repository, image.digest)
            except ImagesDamaged:
                continue
            whole.add(name)
    return whole


def apply(regsweep: CommandLine, registry: RegistryProcess, text: str, *more: str) -> Ended:
    listed = regsweep.folder / "in-use"
    listed.write_text(text)
    policy = regsweep.policy(registry.url, **EVERYTHING)
    return regsweep("apply", "-f", policy, "--yes", "--in-use", listed, "-o", "json", *more)


def child(image: Artifact) -> str:
    return image.document.children[1].digest


def config(image: Artifact) -> str:
    return image.document.children[1].blobs[0].digest


@pytest.mark.parametrize(
    ("reference", "stays"),
    [
        pytest.param(lambda host, its: f"{host}/team/app:1", {"1"}, id="tag"),
        pytest.param(lambda host, its: f"{host}/team/app", {"latest"}, id="no tag"),
        pytest.param(lambda host, its: "Registry.Example.COM/team/app:2", {"2"}, id="alias in capitals"),
        pytest.param(lambda host, its: f"{host}/team/app@{its['2'].digest}", {"2"}, id="digest"),
        pytest.param(lambda host, its: f"{host}/team/app:1@{its['2'].digest}", {"1", "2"}, id="tag and digest"),
        pytest.param(lambda host, its: f"docker-pullable://{host}/x@{its['1'].digest}", {"1"}, id="image ID of docker"),
        pytest.param(lambda host, its: its["multi"].digest, {"multi"}, id="digest alone"),
        pytest.param(lambda host, its: f"elsewhere.io/x@{child(its['multi'])}", {"multi"}, id="one platform"),
        pytest.param(lambda host, its: config(its["multi"]), {"multi"}, id="the config of one platform"),
        pytest.param(lambda host, its: "nginx", {"nginx"}, id="mirror of Docker Hub"),
        pytest.param(lambda host, its: f"{host}/team/app:${{TAG}}", {"1", "2", "latest"}, id="no reference"),
        pytest.param(lambda host, its: "elsewhere.io/team/app:1", set(), id="another registry"),
    ],
)
def test_what_is_used_stays_whole_and_all_else_goes(
    regsweep: CommandLine,
    start_service: StartService,
    storage: Path,
    images: dict[str, Artifact],
    reference: Callable[[str, dict[str, Artifact]], str],
    stays: set[str],
) -> None:
    service, commands = start_service(storage)
    ended = apply(regsweep, service, reference(host(service), images), *commands)
    assert (ended.code, ended.report()["reason"]) == (0, "Collected"), ended.err
    assert left(service, images) == stays
    kept = {digest: size for name in stays for digest, size in images[name].document.sizes().items()}
    assert service.disk_bytes().blobs == sum(kept.values())


def test_an_image_whose_tag_was_pushed_over_stays_whole_while_it_runs(
    regsweep: CommandLine, start_service: StartService, storage: Path, images: dict[str, Artifact]
) -> None:
    """No tag leads to its index any more; its platforms have tags of their own, which a rule lets go."""
    service, commands = start_service(storage)
    multi = images["multi"]
    with Pusher(service.url) as pusher:
        for number, platform in enumerate(multi.document.children):
            pusher.push(platform.at("team/multi", f"platform-{number}"))
        pusher.push(images["other"].document.at("team/multi", "1"))
    ended = apply(regsweep, service, f"{host(service)}/team/multi@{multi.digest}", *commands)
    assert ended.code == 0, ended.err
    assert left(service, images) == {"multi"}
    assert [finding["code"] for finding in ended.report()["findings"]] == ["sweep.unheard"]


def test_the_report_names_who_uses_what_and_what_is_gone(
    regsweep: CommandLine, registry: RegistryProcess, images: dict[str, Artifact]
) -> None:
    ours = host(registry)
    containers = [{"name": "web", "image": f"{ours}/team/app:1"}, {"name": "old", "image": f"{ours}/team/gone:7"}]
    pod = {"metadata": {"namespace": "shop", "name": "web-1"}, "spec": {"containers": containers}}
    ended = apply(regsweep, registry, json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [pod]}))
    report = ended.report()
    assert (ended.code, left(registry, images)) == (0, {"1"})
    user = {"kind": "Pod", "namespace": "shop", "name": "web-1", "container": "web", "cluster": ""}
    assert report["inUse"] == [
        {
            "repository": "team/app",
            "digest": images["1"].digest,
            "references": ["1"],
            "users": [user],
            "userCount": 1,
        },
        {
            "repository": "team/gone",
            "digest": "",
            "references": ["7"],
            "users": [{**user, "container": "old"}],
            "userCount": 1,
        },
    ]
    [missing] = [finding for finding in report["findings"] if finding["code"] == "in-use.missing"]
    assert (missing["repository"], missing["reference"]) == ("team/gone", "7")


def test_a_plan_is_done_without_what_came_into_use_since(
    regsweep: CommandLine, registry: RegistryProcess, images: dict[str, Artifact]
) -> None:
    listed, plan = regsweep.folder / "in-use", regsweep.folder / "plan.json"
    policy = regsweep.policy(registry.url, **EVERYTHING)
    listed.write_text("elsewhere.io/x")
    assert regsweep("plan", "-f", policy, "--in-use", listed, "--out", plan).code == 0
    listed.write_text(f"{host(registry)}/team/app:1 {child(images['other'])}")
    ended = regsweep("apply", "-f", policy, "--plan", plan, "--in-use", listed, "-o", "json")
    assert ended.code == 0, ended.err
    assert left(registry, images) == {"1", "other"}
    skipped = [action["message"] for action in ended.report()["actions"] if action["result"] == "skipped"]
    assert f"in use: File {listed}" in skipped


@pytest.mark.parametrize("text", ["", "\n"], ids=["empty", "blank"])
def test_an_empty_list_deletes_nothing(
    regsweep: CommandLine, registry: RegistryProcess, images: dict[str, Artifact], text: str
) -> None:
    ended = apply(regsweep, registry, text)
    assert (ended.code, ended.out) == (3, "")
    assert "names no image" in ended.err
    assert left(registry, images) == images.keys()
