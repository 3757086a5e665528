"""What is newer: dates that lie, dates that are written differently, and versions that are no text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from regsweep.demo.accessories import EPOCH
from regsweep.demo.documents import Artifact
from regsweep.demo.images import Created
from tests.registry.traps.trap import OLD, Trap, plain, rule


def traps() -> Iterator[Trap]:
    yield _dates_that_are_none()
    yield _time_zones()
    yield _fractions()
    yield _versions()
    yield _pre_releases()
    yield _natural_order()
    yield _groups()
    yield _more_than_there_are()


def _dates_that_are_none() -> Trap:
    name = "dates-that-are-none"
    far = datetime.now(UTC) + timedelta(days=400)
    wrong: dict[str, Created] = {
        "epoch": EPOCH,
        "year-1": "0001-01-01T00:00:00Z",
        "future": far,
        "none": None,
        "words": "last tuesday",
    }
    return Trap(
        name,
        "reproducible builds carry 1970, and a wrong clock 2099: neither is an age, and what is unknown stays",
        kept=(plain(f"{name}/kept", EPOCH).at(name, "1.0"),),
        gone=(plain(f"{name}/gone", OLD).at(name, "pr-old"),),
        left=tuple(plain(f"{name}/{what}", created).at(name, f"pr-{what}") for what, created in wrong.items()),
    )


def _by_creation(name: str, why: str, kept: str, *gone: str) -> Trap:
    """The newest image by its created time, against others that look newer."""
    return Trap(
        name,
        why,
        kept=(plain(f"{name}/{kept}", kept).at(name, "a"),),
        gone=tuple(plain(f"{name}/{created}", created).at(name, f"b{at}") for at, created in enumerate(gone)),
        rules=(rule(name, latest=1, orderBy="CreatedTime"),),
    )


def _time_zones() -> Trap:
    return _by_creation(
        "time-zones",
        "compared as text, 2 o'clock in Berlin is later than half past midnight in London",
        "2024-05-01T00:30:00Z",
        "2024-05-01T02:00:00+02:00",
        "2024-05-01T08:29:59+08:00",
        "2024-04-30T19:00:00-05:00",
    )


def _fractions() -> Trap:
    return _by_creation(
        "fractions",
        "compared as text, no fraction is later than any: `Z` sorts behind `.`",
        "2024-05-01T00:00:00.5Z",
        "2024-05-01T00:00:00Z",
        "2024-05-01T00:00:00.123456789Z",
        "2024-05-01T00:00:00.49Z",
    )


def _ordered(name: str, why: str, order: str, kept: tuple[str, ...], gone: tuple[str, ...]) -> Trap:
    """Tags in an order of their names. All images have one date."""

    def images(tags: tuple[str, ...]) -> tuple[Artifact, ...]:
        return tuple(plain(f"{name}/{tag}").at(name, tag) for tag in tags)

    return Trap(name, why, images(kept), images(gone), rules=(rule(name, latest=len(kept), orderBy=order),))


def _versions() -> Trap:
    return _ordered(
        "versions",
        "by text v1.9.0 is newer than v1.10.0",
        "SemVer",
        ("v1.10.0", "v1.9.1"),
        ("v1.9.0", "v1.2.30", "v0.99.9"),
    )


def _pre_releases() -> Trap:
    return _ordered(
        "pre-releases",
        "by text 2.0.0-rc.1 is newer than 2.0.0, and rc.10 older than rc.9",
        "SemVer",
        ("2.0.0", "2.0.0-rc.10"),
        ("2.0.0-rc.9", "2.0.0-beta", "2.0.0-alpha.1", "1.9.9"),
    )


def _natural_order() -> Trap:
    return _ordered(
        "natural-order",
        "by text build-9 is newer than build-10",
        "Numeric",
        ("build-100", "build-20"),
        ("build-10", "build-9", "build-2"),
    )


def _groups() -> Trap:
    name = "groups"
    dates = {"2024-03-01T00:00:00Z": 1, "2024-03-02T00:00:00Z": 2}
    made = {
        (branch, number): plain(f"{name}/{branch}/{number}", created).at(name, f"{branch}-{number}abcdef")
        for branch in ("main", "release-1.0", "quiet")
        for created, number in dates.items()
    }
    return Trap(
        name,
        "counted over the whole repository, a busy branch pushes the images of quiet ones out",
        kept=tuple(artifact for (_, number), artifact in made.items() if number == 2),
        gone=tuple(artifact for (_, number), artifact in made.items() if number == 1),
        rules=(rule(name, latest=1, orderBy="CreatedTime", per="/^(.*)-[0-9a-f]{7}$/"),),
    )


def _more_than_there_are() -> Trap:
    name = "more-than-there-are"
    return Trap(
        name,
        "fewer images than are to be kept: a slice from the wrong end takes all of them",
        kept=(plain(f"{name}/1").at(name, "1"), plain(f"{name}/2", "2024-03-02T00:00:00Z").at(name, "2")),
        rules=(rule(name, latest=5, orderBy="CreatedTime"),),
    )
