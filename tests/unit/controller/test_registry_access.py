"""Credentials and certificates of a policy: from Secrets and ConfigMaps, or one clear sentence that holds no secret."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest

from regsweep.api.load import load_policy
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.clients.auth import Credentials
from regsweep.clients.kinds import CONFIG_MAP, SECRET
from regsweep.clients.kube import Cluster
from regsweep.controller.registry_access import target_of
from regsweep.errors import ClusterDenied, ClusterNotFound, InvalidInput, RegsweepError
from tests.unit.controller.fake_cluster import FakeCluster

PASSWORD = "swordfish"


def policy(**registry: Any) -> RegistryCleanupPolicy:
    spec = {"registry": {"url": "http://registry.team.svc:5000", **registry}}
    meta = {"name": "nightly", "namespace": "team"}
    return load_policy(
        {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy", "metadata": meta, "spec": spec}
    )


def encoded(**values: str) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def cluster_with(kind: Any = None, **body: Any) -> FakeCluster:
    cluster = FakeCluster()
    if kind is not None:
        cluster.create(kind, "team", {"metadata": {"name": "login"}, **body})
    return cluster


def docker(host: str) -> dict[str, Any]:
    auths = {"auths": {host: {"username": "sweeper", "password": PASSWORD}}}
    return {"type": "kubernetes.io/dockerconfigjson", "data": encoded(**{".dockerconfigjson": json.dumps(auths)})}


LOGIN = {"credentialsSecretRef": {"name": "login"}}
BASIC = {"type": "kubernetes.io/basic-auth", "data": encoded(username="sweeper", password=PASSWORD)}


@pytest.mark.parametrize("secret", [BASIC, docker("registry.team.svc:5000")], ids=["basic-auth", "dockerconfigjson"])
def test_credentials_of_a_secret(secret: dict[str, Any]) -> None:
    target = target_of(policy(**LOGIN), cast(Cluster, cluster_with(SECRET, **secret)))
    assert target.credentials == Credentials("sweeper", PASSWORD)


def test_neither_secret_nor_bundle() -> None:
    target = target_of(policy(), cast(Cluster, cluster_with()))
    assert (target.url, target.credentials, target.ca_pem) == ("http://registry.team.svc:5000", None, None)


def test_certificates_of_a_config_map_and_of_a_secret() -> None:
    of_map = cluster_with(CONFIG_MAP, data={"ca.crt": "PEM"})
    of_secret = cluster_with(SECRET, data=encoded(**{"tls.crt": "PEM"}))
    bundle = {"caBundleRef": {"name": "login"}}
    other = {"caBundleRef": {"kind": "Secret", "name": "login", "key": "tls.crt"}}
    assert target_of(policy(**bundle), cast(Cluster, of_map)).ca_pem == "PEM"
    assert target_of(policy(**other), cast(Cluster, of_secret)).ca_pem == "PEM"


BAD: dict[str, tuple[FakeCluster, type[RegsweepError], str]] = {
    "no Secret": (
        cluster_with(), ClusterNotFound,
        "Secret team/login does not exist: create it, or correct the name",
    ),
    "another type": (
        cluster_with(SECRET, type="Opaque", data=encoded(password=PASSWORD)), InvalidInput,
        "Secret team/login is of type 'Opaque', expected kubernetes.io/dockerconfigjson or kubernetes.io/basic-auth",
    ),
    "no password": (
        cluster_with(SECRET, type="kubernetes.io/basic-auth", data=encoded(username="sweeper")), InvalidInput,
        "Secret team/login has no key 'password'",
    ),
    "another host": (
        cluster_with(SECRET, **docker("elsewhere:5000")), InvalidInput,
        "Secret team/login has no entry for registry.team.svc:5000: add it under auths",
    ),
    "not text": (
        cluster_with(SECRET, type="kubernetes.io/basic-auth", data={"username": "/w=="}), InvalidInput,
        "Secret team/login: the value of 'username' is not text",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cluster", "error", "words"), BAD.values(), ids=BAD)
def test_a_login_that_cannot_be_used(cluster: FakeCluster, error: type[RegsweepError], words: str) -> None:
    with pytest.raises(error) as caught:
        target_of(policy(**LOGIN), cast(Cluster, cluster))
    assert str(caught.value) == f"spec.registry.credentialsSecretRef: {words}"


def test_a_missing_right_names_the_value_of_the_chart() -> None:
    cluster = cluster_with()

    def denied(verb: str, kind: str, name: str) -> None:
        raise ClusterDenied("secrets is forbidden")

    cluster.fails = denied
    with pytest.raises(ClusterDenied, match="add team to registryNamespaces in the values of the chart"):
        target_of(policy(**LOGIN), cast(Cluster, cluster))


def test_nothing_says_the_password() -> None:
    target = target_of(policy(**LOGIN), cast(Cluster, cluster_with(SECRET, **BASIC)))
    assert PASSWORD not in repr(target)
