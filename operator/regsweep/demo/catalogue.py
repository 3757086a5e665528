"""The images of the demo, and sets of images that tests ask for: which repository, which tags, how old, what kind.

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
    cosign,
    helm_chart,
    referrers_of,
    signature_of,
    subject_tag,
    unknown_config,
    untyped,
)
from regsweep.demo.images import (
    AMD64,
    ARM64,
    DOCKER,
    OCI,
    Artifact,
    Created,
    Document,
    Format,
    Layer,
    image,
    index,
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
        *_service("team-a/web", (base, python), now, releases=24, builds=30),
        *_service("team-a/api", (base, python), now, releases=20, builds=30),
        *_service("team-b/shop", (base,), now, releases=16, builds=24, form=DOCKER),
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
    """`repositories` x `tags` plain images: `grid/repo-00:v0` is the oldest, one hour lies between neighbours.

    In each repository names sort as times do not (v10 before v9). Every image has a layer of its own and a shared base.
    """
    base = layer("grid", 10_000)
    return [
        _plain(
            f"grid/repo-{row:02}:v{column}", (base,), now - timedelta(hours=tags - column), layer_bytes, form
        ).at(f"grid/repo-{row:02}", f"v{column}")
        for row in range(repositories)
        for column in range(tags)
    ]


def all_kinds(now: datetime, *, repositories: int = 10) -> list[Artifact]:
    """Every kind of `kinds` in each of `repositories` repositories, `kinds/repo-00` the first: 10 give over 200."""
    return [each for row in range(repositories) for each in kinds(f"kinds/repo-{row:02}", now).values()]


def kinds(repository: str, now: datetime) -> dict[str, Artifact]:
    """One artifact of every kind that a registry takes, by the name of its kind, in the order of pushing.

    The kind's name is also its tag, except where clients give tags of their own (signatures, referrers) or none.
    """
    base, day = layer("kinds", 5_000), timedelta(days=1)
    old = now - 30 * day

    def plain(kind: str, created: Created, form: Format = OCI) -> Document:
        return _plain(f"{repository}:{kind}", (base,), created, 1_000, form)

    def several(kind: str, form: Format = OCI, count: int = 2) -> Document:
        return multi_platform(base, f"{repository}:{kind}", old, count=count, form=form)

    tagged = {
        "docker": plain("docker", old, DOCKER),
        "oci": plain("oci", old),
        "untyped": untyped(plain("untyped", old)),
        "fresh": plain("fresh", now - timedelta(minutes=10)),
        "epoch": plain("epoch", EPOCH),
        "future": plain("future", now + 400 * day),
        "nanoseconds": plain("nanoseconds", f"{old:%Y-%m-%dT%H:%M:%S}.123456789Z", DOCKER),
        "nonsense-time": plain("nonsense-time", "last tuesday"),
        "timeless": plain("timeless", None),
        "docker-list": several("docker-list", DOCKER, 3),
        "oci-index": several("oci-index", OCI, 4),
        "nested-index": index((several("inner"), plain("beside-inner", old))),
        "attested": attested((_on_platform(repository, base, old), plain("attested", old))),
        "buildx-cache": buildx_cache((layer(f"{repository}/cache", 3_000), base)),
        "helm-chart": helm_chart("kinds", "1.2.3", old),
        "artifact": artifact("application/vnd.example.model.v1", repository, 2_000, old),
        "unknown-config": unknown_config(repository, old),
        "empty-index": index(()),
    }
    placed = {kind: document.at(repository, kind) for kind, document in tagged.items()}
    signed = plain("signed", old).at(repository, "signed")
    referred = plain("referred", old).at(repository, "referred")
    return placed | {
        "shared-digest": plain("shared-digest", old).at(
            repository, "shared-digest", "shared-digest-1", "shared-digest-2"
        ),
        "untagged": plain("untagged", old).at(repository),
        "signed": signed,
        "signature": signature_of(signed),
        "cosign-att": cosign(signed.document, suffix=".att").at(
            repository, subject_tag(signed.document, ".att")
        ),
        "cosign-sbom": cosign(signed.document, suffix=".sbom").at(
            repository, subject_tag(signed.document, ".sbom")
        ),
        "referred": referred,
        "referrers": referrers_of(referred, created=old),
    }


def _on_platform(repository: str, base: Layer, created: Created) -> Document:
    return image((base, layer(f"{repository}/arm64", 1_000)), created, platform=ARM64)


def _plain(
    seed: str, bases: tuple[Layer, ...], created: Created, size: int = LAYER_BYTES, form: Format = OCI
) -> Document:
    return image((*bases, layer(seed, size)), created, form=form, platform=AMD64, label=seed)


def _commit(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:7]


def _spread(count: int, now: datetime, days: float) -> list[datetime]:
    """`count` times over the last `days`, oldest first, the newest three hours ago."""
    step = timedelta(days=days) / max(count, 1)
    return [now - timedelta(hours=3) - step * (count - 1 - number) for number in range(count)]


def _base_images(base: Layer, python: Layer, now: datetime) -> Iterator[Artifact]:
    """Multi-platform images, an OCI index and a Docker list; the newest of each minor version has several tags."""
    for repository, lower, form in (("base/alpine", base, OCI), ("base/python", python, DOCKER)):
        versions = [f"3.{minor}.{patch}" for minor in (19, 20, 21) for patch in range(4)]
        for version, created in zip(versions, _spread(len(versions), now, 115), strict=True):
            minor = [version.rpartition(".")[0]] if version.endswith(".3") else []
            newest = ["3", "latest"] if version == versions[-1] else []
            document = multi_platform(
                lower, f"{repository}:{version}", created, count=3 if form is DOCKER else 2, form=form
            )
            yield document.at(repository, version, *minor, *newest)


def _service(
    repository: str,
    bases: tuple[Layer, ...],
    now: datetime,
    *,
    releases: int,
    builds: int,
    form: Format = OCI,
) -> Iterator[Artifact]:
    """Releases by semver, builds of main by commit, and a `latest` that is pushed again for each of the last builds."""
    for number, created in enumerate(_spread(releases, now, 118)):
        version = f"v1.{number // 4}.{number % 4}"
        stable = ["stable"] if number == releases - 1 else []
        yield _plain(f"{repository}:{version}", bases, created, form=form).at(repository, version, *stable)
    for number, created in enumerate(_spread(builds, now, 60)):
        commit = _commit(f"{repository}{number}")
        latest = ["latest"] if number >= builds - 2 else []
        document = _plain(f"{repository}:{commit}", bases, created, form=form)
        yield document.at(repository, f"main-{commit}", *latest)
    # Overwritten before anybody gave it another tag: its manifest stays behind without any.
    yield _plain(f"{repository}:hotfix", bases, now - timedelta(days=40), form=form).at(repository, "hotfix")
    yield _plain(f"{repository}:hotfix-2", bases, now - timedelta(days=39), form=form).at(
        repository, "hotfix"
    )


def _signed(by_tag: str, by_subject: str, bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    """Signed images: the older half would go, and their signatures with them."""
    for number, created in enumerate(_spread(6, now, 100)):
        signed = _plain(f"{by_tag}:signed-{number}", bases, created).at(by_tag, f"v2.{number}.0")
        referred = _plain(f"{by_subject}:signed-{number}", bases, created).at(by_subject, f"v2.{number}.0")
        yield from (signed, signature_of(signed), referred, referrers_of(referred, created=created))


def _pull_requests(bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    for number, created in enumerate(_spread(60, now, 119)):
        yield _plain(f"ci/pr-builds:{number}", bases, created).at("ci/pr-builds", f"pr-{number + 401}")


def _nightlies(bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    """Built by buildx for two platforms, with provenance."""
    for created in _spread(14, now, 28):
        seed = f"team-b/search:{created:%Y%m%d}"
        arm = image((*bases, layer(f"{seed}/arm64", LAYER_BYTES)), created, platform=ARM64, label=seed)
        yield attested((_plain(seed, bases, created), arm)).at("team-b/search", f"nightly-{created:%Y%m%d}")


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
        yield _plain(f"infra/proxy:{tag}", bases, created).at("infra/proxy", tag)
    for number, created in enumerate(_spread(10, now, 90)):
        yield _plain(f"infra/backup:{number}", bases, created).at(
            "infra/backup", f"b{number}", f"b{number}-{_commit(str(number))}"
        )


def _legacy(bases: tuple[Layer, ...], now: datetime) -> Iterator[Artifact]:
    for number, created in enumerate(_spread(12, now - timedelta(days=95), 24)):
        yield _plain(f"legacy/intranet:{number}", bases, created, form=DOCKER).at(
            "legacy/intranet", f"build-{number + 87}"
        )
