"""What is used, held against what is there."""

from __future__ import annotations

from regsweep.api.policy import RegistrySpec
from regsweep.core.addresses import addresses_of
from regsweep.core.inuse import Use, User
from regsweep.core.oci import Digest
from regsweep.core.rollcall import RollCall, UsedImage
from regsweep.core.users import Users, all_users, users_of
from tests.unit.core.shelf import Shelf, digest

WEB, POD, JOB = User("Deployment", "shop", "web", "web"), User("Pod", "shop", "web-1", "web"), User("Job", "shop", "j")
SPEC = RegistrySpec.model_validate({"url": "http://r.example.com", "aliases": ["docker.io", "m.example.com/p"]})


def users(*uses: tuple[str, User]) -> Users:
    return users_of([Use(text, user) for text, user in uses], addresses_of(SPEC))


def shelf() -> Shelf:
    made = Shelf("app")
    for name in ("amd64", "arm64", "old"):
        made.image(name)
    made.index("multi", "amd64", "arm64")
    made.tag("1", "multi")
    made.tag("one", "multi")
    made.tag("0", "old")
    made.tag("broken", None)
    return made


def call(found: Users, *read: Shelf) -> RollCall:
    rolls = RollCall(found)
    for one in read:
        rolls.add(one.repository())
    return rolls


def test_one_row_for_an_image_however_it_is_used():
    found = users(
        ("r.example.com/app:1", WEB),
        (f"r.example.com/app@{digest('amd64')}", POD),
        (digest("config of arm64"), JOB),
        (f"elsewhere.example.com/x@{digest('multi')}", JOB),
    )
    assert call(found, shelf()).present() == (UsedImage("app", digest("multi"), ("1",), (WEB, JOB, POD)),)


def test_what_is_not_there_any_more_is_missing():
    absent = Digest("sha256:" + "0" * 64)
    found = users(
        ("r.example.com/app:2", WEB),
        ("r.example.com/app:broken", WEB),
        (f"r.example.com/app:1@{absent}", POD),
        ("r.example.com/gone/app:1", JOB),
        ("r.example.com/app:1", JOB),
    )
    rolls = call(found, shelf())
    assert [(row.repository, *row.references, *row.users) for row in rolls.missing({"app"})] == [
        ("app", "2", WEB),
        ("app", "broken", WEB),
        ("app", absent, POD),
        ("gone/app", "1", JOB),
    ]
    assert [(finding.code, finding.reference) for finding in rolls.findings({"app"})] == [
        ("in-use.missing", "2"),
        ("in-use.missing", "broken"),
        ("in-use.missing", absent),
        ("in-use.missing", "1"),
    ]


def test_nothing_is_missing_that_may_be_where_nobody_looked():
    found = users(("r.example.com/other:1", WEB), ("m.example.com/p/other:1", WEB))
    rolls = call(found, shelf())
    assert rolls.missing({"app", "other"}) == ()
    assert len(rolls.missing({"app"})) == 2


def test_nothing_is_missing_that_comes_from_elsewhere():
    rolls = call(users(("nginx:1", WEB), (digest("nobody"), WEB), ("elsewhere.io/app:1", WEB)), shelf())
    assert rolls.missing({"app"}) == ()


def test_an_image_with_two_meanings_is_there_when_one_of_them_is():
    assert call(users(("m.example.com/p/app:1", WEB)), shelf()).missing({"app"}) == ()


def test_a_text_that_is_no_reference_is_a_finding_with_its_reach():
    [finding] = call(users(("r.example.com/${X}:1", WEB), ("elsewhere.io/${X}", JOB)), shelf()).findings({"app"})
    assert (finding.code, finding.reference) == ("in-use.malformed", "r.example.com/${X}:1")
    assert finding.message == (
        "what Deployment shop/web, container web uses is no image reference: "
        "nothing is deleted in any repository that it could mean (1)"
    )


def test_all_users_of_an_image_by_any_of_its_names():
    found = users(
        ("r.example.com/app:1", WEB),
        (f"r.example.com/app@{digest('amd64')}", POD),
        (digest("config of arm64"), JOB),
        ("r.example.com/app:0", User("Pod", "a", "b")),
    )
    repository = shelf().repository()
    assert all_users(found, repository, digest("multi")) == (WEB, JOB, POD)
    assert all_users(found, repository, digest("arm64")) == (WEB, JOB)
    assert all_users(found, repository, digest("old")) == (User("Pod", "a", "b"),)
