"""What a text that is no reference leaves open, and what it does not."""

from __future__ import annotations

import pytest

from regsweep.api.policy import RegistrySpec
from regsweep.core.addresses import addresses_of
from regsweep.core.doubt import doubt_about

OWN = addresses_of(
    RegistrySpec.model_validate({"url": "http://registry.infra.svc:5000", "aliases": ["r.example.com", "hub.io/p=q"]})
)
HUB = addresses_of(RegistrySpec.model_validate({"url": "http://r:5000", "aliases": ["docker.io"]}))
REPOSITORIES = ("app", "library/nginx", "other/app", "q/team/app", "team/app", "team/app/sub", "team/web")


@pytest.mark.parametrize(
    ("text", "blocked"),
    [
        ("r.example.com/Team/App:1", ["team/app"]),
        ("r.example.com:8443/Team/App:1", ["team/app"]),
        ("registry:5000/Team/App:1", ["team/app"]),
        ("registry.infra:5000/Team/App:1", ["team/app"]),
        ("registry.infra.svc.cluster.local:5000/Team/App", ["team/app"]),
        ("registry:5001/Team/App:1", []),
        ("elsewhere.example.com/Team/App:1", []),
        ("r.example.com//team/app:1", ["team/app"]),
        ("r.example.com/team/app:not a tag", ["team/app"]),
        ("r.example.com/team/app:1:2", ["team/app"]),
        ("r.example.com/team/app@sha512:abc", ["team/app"]),
        ("r.example.com/team/app:${TAG}", ["team/app"]),
        ("r.example.com/team/app:{{ .Values.tag }}", ["team/app"]),
        ("r.example.com/team/app:$(params.a-b)@x", ["team/app"]),
        ("r.example.com/team/", ["team/app", "team/app/sub", "team/web"]),
        ("r.example.com/team/${NAME}:1", ["team/app", "team/app/sub", "team/web"]),
        ("r.example.com/team/$NAME", ["team/app", "team/app/sub", "team/web"]),
        ("r.example.com/${TEAM}/app:1", ["other/app", "q/team/app", "team/app"]),
        ("r.example.com/$TEAM/app", ["other/app", "q/team/app", "team/app"]),
        ("r.example.com/team/a?p", ["team/app", "team/app/sub"]),
        ("r.example.com/team/a?p:1", ["team/app"]),
        ("r.example.com/team/app?1", ["team/app", "team/app/sub"]),
        ("r.example.com/team/app-", []),
        ("r.example.com/team/app.", []),
        ("r.example${X}1", list(REPOSITORIES)),
        ("${REGISTRY}/team/app:1", ["q/team/app", "team/app"]),
        ("$REGISTRY/team/app:1", ["q/team/app", "team/app"]),
        ("{{ registry }}/team/app:{{ tag }}", ["q/team/app", "team/app"]),
        ("${REGISTRY}/team/web", ["team/web"]),
        ("${ZONE}.example.com/team/web", ["team/web"]),
        ("r.${ZONE}/team/web", ["team/web"]),
        ("elsewhere.${ZONE}/team/web", []),
        ("${HOST}:5000/team/web", ["team/web"]),
        ("hub.io/p/Team/App:1", ["q/team/app"]),
        ("hub.io/${X}/app:1", ["q/team/app"]),
        ("team/${NAME}", []),
        ("ngin${X}", []),
        ("$(params.image)", list(REPOSITORIES)),
        ("${IMAGE:-r.example.com/team/app:1}", list(REPOSITORIES)),
        ("r.example.com/team/${A:-b/c:d}", ["team/app", "team/app/sub", "team/web"]),
        ("x" * 3000, list(REPOSITORIES)),
        ("r.example.com/team/${A:-b", ["team/app", "team/app/sub", "team/web"]),
        ("r.example.com/team/${A}@sha256:x", ["team/app", "team/app/sub", "team/web"]),
        ("-bad-/team/app", []),
        ("{}", list(REPOSITORIES)),
    ],
)
def test_only_what_it_could_mean_is_blocked(text: str, blocked: list[str]):
    doubt = doubt_about(text)
    assert [name for name in REPOSITORIES if doubt.may_mean(name, OWN)] == blocked


@pytest.mark.parametrize(
    ("text", "blocked"),
    [
        ("ngin${X}", ["library/nginx"]),
        ("team/${NAME}", ["team/app", "team/app/sub", "team/web"]),
        ("Team/App", ["team/app"]),
        ("docker.io/Team/App", ["team/app"]),
    ],
)
def test_a_mirror_of_docker_hub_is_meant_without_a_host(text: str, blocked: list[str]):
    assert [name for name in REPOSITORIES if doubt_about(text).may_mean(name, HUB)] == blocked


def test_a_port_of_every_node_is_meant_at_any_host():
    nodes = addresses_of(RegistrySpec.model_validate({"url": "http://r:5000"}), ["*:30500"])
    for text, blocked in [
        ("node-1:30500/Team/App", ["team/app"]),
        ("${NODE}:30500/team/app", ["team/app"]),
        ("${NODE}/team/app", ["q/team/app", "team/app"]),
        ("${NODE}:30501/team/app", []),
        ("node-1:30501/Team/App", []),
    ]:
        assert [name for name in REPOSITORIES if doubt_about(text).may_mean(name, nodes)] == blocked, text


def test_a_text_is_shown_cut_and_without_a_password():
    assert doubt_about("https://me:secret@r.example.com/a b").shown == "https://***@r.example.com/a b"
    assert doubt_about("r.example.com/" + "A b" * 400).shown.endswith("...")
    assert len(doubt_about("x" * 5000).shown) < 250
