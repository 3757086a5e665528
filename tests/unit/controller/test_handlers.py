"""kopf's door: events only, that say a key and return nothing, so that kopf has nothing to write."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import kopf

from regsweep.clients.kube import Cluster
from regsweep.controller.handlers import registry_of, settings
from regsweep.controller.scheduler import Key


def configuration(**changes: Any) -> Any:
    given = {"host": "https://api:6443", "ssl_ca_cert": "/ca", "verify_ssl": True, "cert_file": None, "key_file": None}
    return SimpleNamespace(**(given | changes))


def cluster(headers: dict[str, str], **changes: Any) -> Cluster:
    return cast(
        Cluster,
        SimpleNamespace(namespace="team", handshake=lambda path, query: (configuration(**changes), "", headers)),
    )


def handlers(seen: Any) -> dict[str, Any]:
    registry = registry_of(cluster({}), seen)
    for storing in (registry._changing, registry._spawning, registry._indexing):
        assert list(storing.get_all_handlers()) == []
    return {handler.id: handler.fn for handler in registry._watching.get_all_handlers()}


def test_an_event_of_a_policy_is_its_key() -> None:
    seen: list[tuple[Key, bool]] = []
    handle = handlers(lambda key, there: seen.append((key, there)))["RegistryCleanupPolicy"]
    assert handle(namespace="team", name="nightly", type=None, spec={}) is None
    assert handle(namespace="team", name="nightly", type="DELETED", spec={}) is None
    assert seen == [(Key("policy", "team", "nightly"), True), (Key("policy", "team", "nightly"), False)]


def test_an_event_of_a_run_is_news_for_its_policy() -> None:
    seen: list[tuple[Key, bool]] = []
    handle = handlers(lambda key, there: seen.append((key, there)))["RegistryCleanupRun"]
    assert handle(namespace="team", name="now", type="DELETED", spec={"policyRef": {"name": "nightly"}}) is None
    assert handle(namespace="team", name="bad", type="ADDED", spec={}) is None
    assert seen == [
        (Key("run", "team", "now"), False),
        (Key("policy", "team", "nightly"), True),
        (Key("run", "team", "bad"), True),
    ]


def login(headers: dict[str, str], **changes: Any) -> kopf.ConnectionInfo:
    registry = registry_of(cluster(headers, **changes), lambda key, there: None)
    (handler,) = registry._activities.get_all_handlers()
    return cast(kopf.ConnectionInfo, cast(Any, handler.fn)())


def test_the_login_is_ours_with_the_token_of_now() -> None:
    info = login({"authorization": "Bearer abc"})
    assert (info.server, info.scheme, info.token, info.ca_path) == ("https://api:6443", "Bearer", "abc", "/ca")
    assert (info.certificate_path, info.private_key_path, info.insecure) == (None, None, False)


def test_the_login_may_be_a_certificate() -> None:
    info = login({}, cert_file="/crt", key_file="/key")
    assert (info.token, info.certificate_path, info.private_key_path) == (None, "/crt", "/key")


def test_kopf_posts_nothing_and_asks_no_peers() -> None:
    made = settings()
    assert (made.posting.enabled, made.peering.standalone, made.scanning.disabled) == (False, True, True)
