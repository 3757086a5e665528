"""An explanation names everybody who uses an image."""

from __future__ import annotations

from dataclasses import replace

from regsweep.core.explain import parse_image
from regsweep.core.explain.text import render
from regsweep.core.inuse import Usage, Use, User
from regsweep.core.oci import DOCKER_LIST
from regsweep.pipeline import Request
from regsweep.pipeline.explaining import explain_live
from tests.model_registry import index
from tests.unit.pipeline.test_run import World

PODS = tuple(User("Pod", "shop", f"web-{number}", "web", "edge") for number in range(3))


def test_all_users_are_named_however_they_use_it() -> None:
    world = World(spec={"protect": {"inUse": {}}})
    one, two = (world.registry.tagged["a"][tag] for tag in ("1", "2"))
    multi = world.registry.push("a", "multi", index(one, two), DOCKER_LIST)
    uses = [Use("r/a:1", PODS[0]), Use(f"r/a@{multi}", PODS[1]), Use(f"elsewhere.io/x@{two}", PODS[2])]
    policy = world.policy()
    ports = replace(world.ports(), usage=lambda: Usage(uses))
    asked = {tag: parse_image(f"a:{tag}", policy.spec) for tag in ("1", "multi", "3")}
    said = {tag: explain_live(Request(policy, world.mode), image, ports) for tag, image in asked.items()}
    users = {tag: [user.name for user in explanation.users] for tag, explanation in said.items()}
    assert users == {"1": ["web-0", "web-1"], "multi": ["web-0", "web-1", "web-2"], "3": []}
    lines = render(said["1"]).splitlines()
    start = lines.index("who uses it:")
    assert lines[start + 1 : start + 3] == [f"    {PODS[0]}", f"    {PODS[1]}"]
    assert "who uses it:" not in render(said["3"])
