"""All users of each image, from a stream of references."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from regsweep.api.policy import RegistrySpec
from regsweep.core.addresses import addresses_of
from regsweep.core.inuse import Use, User
from regsweep.core.oci import Digest
from regsweep.core.users import Image, Users, users_of, words
from regsweep.errors import InUseUnknown

OWN = addresses_of(
    RegistrySpec.model_validate({"url": "http://registry.infra.svc:5000", "aliases": ["r.io", "m.io/p"]})
)
A, B = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
WEB = User("Deployment", "shop", "web", "web")
POD = User("Pod", "shop", "web-1", "web", "edge")
JOB = User("CronJob", "shop", "nightly", "job")


def read(*uses: tuple[str, User]) -> Users:
    return users_of([Use(text, user) for text, user in uses], OWN)


def test_all_users_of_an_image_are_kept_under_whatever_name_they_pull_it():
    users = read(("r.io/app:1", WEB), ("registry:5000/app:1", POD), ("r.io/app:1", JOB), ("r.io/app:1", JOB))
    assert users.images == {Image(("app",), "1", None): (JOB, WEB, POD)}
    said = "CronJob shop/nightly, container job and 2 more"
    assert users.in_use().tags == {("app", "1"): said}


def test_a_digest_counts_under_any_name():
    users = read((f"elsewhere.io/app@{A}", POD), (f"r.io/app:1@{B}", WEB), (str(B), JOB))
    in_use = users.in_use()
    assert in_use.tags == {("app", "1"): "Deployment shop/web, container web"}
    assert in_use.digests == {
        A: "Pod shop/web-1, container web in cluster edge",
        B: "CronJob shop/nightly, container job and 1 more",
    }


def test_a_name_with_two_meanings_protects_both():
    assert set(read(("m.io/p/app:1", WEB)).in_use().tags) == {("app", "1"), ("p/app", "1")}


def test_what_this_registry_cannot_have_is_forgotten():
    users = read(("docker.io/library/nginx:1", WEB), ("", WEB), ("  ", POD), ("elsewhere.io/Bad:1", JOB))
    assert users.images == {}
    assert users.in_use().doubt("nginx") == ""


def test_a_doubt_is_told_of_the_repositories_that_it_could_mean():
    in_use = read(("r.io/team/${APP}:1", WEB), ("r.io/team/${APP}:1", POD)).in_use()
    assert in_use.doubt("team/app") == (
        "Deployment shop/web, container web and 1 more: 'r.io/team/${APP}:1' is no image reference, "
        "and could mean one of these"
    )
    assert in_use.doubt("app") == ""


def test_half_a_stream_is_none():
    def broken() -> Iterator[Use]:
        yield Use("r.io/app:1", WEB)
        raise InUseUnknown("pods could not be listed")

    with pytest.raises(InUseUnknown):
        users_of(broken(), OWN)


def test_users_are_said_by_name():
    assert words([POD]) == "Pod shop/web-1, container web in cluster edge"
    assert words([WEB, JOB, WEB]) == "CronJob shop/nightly, container job and 1 more"


def test_where_a_digest_may_be():
    users = read(
        (f"r.io/app@{A}", WEB),
        (f"m.io/p/app:1@{A}", POD),
        ("r.io/web:1", JOB),
        (f"elsewhere.io/x@{B}", JOB),
        (str(A), User("File", "", "images.txt")),
        ("r.io/other:1", User("File", "", "images.txt")),
    )
    assert users.in_use().places == {
        "app": frozenset({A}),
        "p/app": frozenset({A}),
        "web": frozenset({B}),
    }
