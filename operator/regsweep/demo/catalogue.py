"""The images of the demo, and sets of images that tests ask for: where, under which tags, how old.

Pure: `now` is an argument, and the same `now` gives the same bytes. Lists are in the order of pushing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from regsweep.demo.accessories import (
    EPOCH,
    artifact,
    attested,
    buildx_cache,
    helm_chart,
    referrers_of,
    signature_of,
)
from regsweep.demo.documents import Artifact
from regsweep.demo.images import (
    ARM64,
    DOCKER,
    OCI,
    Created,
    Format,
    Layer,
    image,
    image_on,
    layer,
    multi_platform,
)

BASE_BYTES = 700_000
LAYER_BYTES = 60_000


def demo_images(now: datetime) -> list[Artifact]:
    """About 300 images in fourteen repositories, created over the 120 days before `now`."""
    base, python = layer("base", BASE_BYTES), layer("python", 2 * BASE_BYTES)
    return [
        *_base_images(base, python, now),
        *_service("team-a/web", (base, python), now),
        *_service("team-a/api", (base, python), now),
        *_service("team-b/shop", (base,), now, DOCKER),
        *_signed("team-a/api", "team-b/shop", (base,), now),
        *_pull_requests((base, python), now),
        *_nightlies((base,), now),
        *_caches(now),
        *_charts(now),
        *_infrastructure((base,), now),
        *_legacy((base,), now),
    ]


def grid(
    now: datetime, *, repositories: int = 20, tags: int = 50, layer_bytes: int = 1_000, form: Format = OCI
) -> list[Artifact]:
    """`repositories` x `tags` plain images, one hour apart: `grid/repo-00:v0` is the oldest.

    In each repository names sort as times do not (v10 before v9). All share a base, each has its own layer.
    """
    base = layer("grid", 10_000)
    return [
        image_on(
            (base,),
            f"grid/repo-{row:02}:v{column}",
            now - timedelta(hours=tags - column),
            size=layer_bytes,
            form=form,
        ).at(f"grid/repo-{row:02}", f"v{column}")
        for row in range(repositories)
        for column in range(tags)
    ]


def _commit(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:7]


def _spread(count: int, now: datetime, days: float) -> list[datetime]:
    """`count` times over the last `days`, oldest first, the newest three hours ago."""
    step = timedelta(days=days) / max(count, 1)
    return [now - timedelta(hours=3) - step * (count - 1 - number) for number in range(count)]


def _base_images(base: Layer, python: Layer, now: datetime) -> Iterator[Artifact]:
    """Multi-platform images in both formats; the newest of each minor version has several tags."""
    for repository, lower, form in (("base/alpine", base, OCI), ("base/python", python, DOCKER)):
        versions = [f"3.{minor}.{patch}" for minor in (19, 20, 21) for patch in range(4)]
        for version, created in zip(versions, _spread(len(versions), now, 115), strict=True):
            minor = [version.rpartition(".")[0]] if version.endswith(".3") else []
            newest = ["3", "latest"] if version == versions[-1] else []
            document = multi_platform(
                lower, f"{repository}:{version}", created, count=3 if form is DOCKER else 2, form=form
            )
            yield document.at(repository, version, *minor, *newest)


def _service(repository: str, bases: tuple[Layer, ...], now: datetime, form: Format = OCI) -> Iterator[Artifact]:
    """Releases by semver, builds of main by commit, a `latest` and a `hotfix` that are pushed twice."""
    for number, created in enumerate(_spread(20, now, 118)):
        version = f"v1.{number // 4}.{number % 4}"
        stable = ["stable"] if number == 19 else []
        yield image_on(bases, f"{repository}:{version}", created, form=form).at(repository, version, *stable)
    for number, created in enumerate(_spread(28, now, 60)):
        commit = _commit(f"{repository}{number}")
        latest = ["latest"] if number >= 26 else []
        document = image_on(bases, f"{repository}:{commit}", created, form=form)
        yield document.at(repository, f"main-{commit}", *latest)
    # Overwritten before anybody gave it another tag: its manifest stays behind without any.
    yield image_on(bases, f"{repository}:hotfix", now - timedelta(days=40), form=form).at(repository, "hotfix")
    yield image_on(bases, f"{repository}:hotfix-2", now - timedelta(days=39), form=form).at(repository, "hotfix")


def _signed(by_tag: str, by_subject: str, bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    """Signed images of all ages, in one repository by cosign tags, in the other by `subject`."""
    for number, created in enumerate(_spread(6, now, 100)):
        signed = image_on(bases, f"{by_tag}:signed-{number}", created).at(by_tag, f"v2.{number}.0")
        referred = image_on(bases, f"{by_subject}:signed-{number}", created).at(by_subject, f"v2.{number}.0")
        yield from (signed, signature_of(signed), referred, referrers_of(referred, created=created))


def _pull_requests(bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    for number, created in enumerate(_spread(60, now, 119)):
        yield image_on(bases, f"ci/pr-builds:{number}", created).at("ci/pr-builds", f"pr-{number + 401}")


def _nightlies(bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    """Built by buildx for two platforms, with provenance."""
    for created in _spread(14, now, 28):
        seed = f"team-b/search:{created:%Y%m%d}"
        arm = image((*bases, layer(f"{seed}/arm64", LAYER_BYTES)), created, platform=ARM64, label=seed)
        yield attested((image_on(bases, seed, created), arm)).at("team-b/search", f"nightly-{created:%Y%m%d}")


def _caches(now: datetime) -> Iterator[Artifact]:
    for branch in ("main", "release", "pr-431", "pr-444"):
        yield buildx_cache((layer(f"cache/{branch}", 4 * LAYER_BYTES),)).at("ci/cache", branch)
    yield artifact("application/vnd.example.test-report.v1", "report", 9_000, now - timedelta(days=9)).at(
        "ci/reports", "r-9"
    )


def _charts(now: datetime) -> Iterator[Artifact]:
    for name in ("web", "api"):
        for number, created in enumerate(_spread(8, now, 110)):
            yield helm_chart(name, f"0.{number}.0", created).at(f"charts/{name}", f"0.{number}.0")


def _infrastructure(bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    """Reproducible builds carry no usable time, and one clock was wrong: their age is not known."""
    times: dict[str, Created] = {"1.0": EPOCH, "1.1": EPOCH, "1.2": None, "1.3": now + timedelta(days=300)}
    for tag, created in times.items():
        yield image_on(bases, f"infra/proxy:{tag}", created).at("infra/proxy", tag)
    for number, created in enumerate(_spread(10, now, 90)):
        yield image_on(bases, f"infra/backup:{number}", created).at(
            "infra/backup", f"b{number}", f"b{number}-{_commit(str(number))}"
        )


def _legacy(bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    for number, created in enumerate(_spread(12, now - timedelta(days=95), 24)):
        yield image_on(bases, f"legacy/intranet:{number}", created, form=DOCKER).at(
            "legacy/intranet", f"build-{number + 87}"
        )
