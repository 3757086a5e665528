"""From a policy and options to a registry: another address is one more, and takes no name away."""

from __future__ import annotations

import pytest

from regsweep.api.load import load_policy
from regsweep.cli.connection import with_url
from regsweep.core.addresses import addresses_of
from regsweep.core.reference import parse_reference


@pytest.mark.parametrize(
    ("url", "image"),
    [
        ("http://registry.infra.svc:5000", "registry.infra:5000/team/app:1"),
        ("https://r.example.com", "r.example.com/team/app:1"),
        ("https://example.com/mirror/", "example.com/mirror/team/app:1"),
        ("http://[fd00::7]:5000", "[fd00::7]:5000/team/app:1"),
    ],
)
def test_a_port_forward_does_not_hide_what_workloads_call_the_registry(url: str, image: str):
    meta = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy", "metadata": {"name": "p"}}
    policy = with_url(load_policy(meta | {"spec": {"registry": {"url": url}}}), "http://localhost:5000")
    names = addresses_of(policy.spec.registry)
    assert "team/app" in names.repositories(parse_reference(image))
    assert names.repositories(parse_reference("localhost:5000/team/app:1")) == ("team/app",)
