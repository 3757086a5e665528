"""A small registry for what needs no large one: thirty builds in two repositories; the two newest of each stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from regsweep.demo.catalogue import grid
from regsweep.demo.documents import Artifact
from regsweep.demo.push import Pusher
from tests.cluster.mainjob.content import Place, places, sizes
from tests.cluster.mainjob.site import Site, eventually

KEEP_TWO: dict[str, Any] = {
    "rules": [{"name": "builds", "keep": {"latest": 2, "orderBy": "CreatedTime"}}],
    "limits": {"maxDeletionPercent": 100},
}
COLLECT: dict[str, Any] = {"mode": "ReadOnly", "timeout": "5m", "rolloutTimeout": "2m"}
_NEWEST = frozenset({"v14", "v13"})


@dataclass(frozen=True, slots=True)
class Builds:
    """What was pushed into a site's registry."""

    site: Site
    images: tuple[Artifact, ...]

    @property
    def kept(self) -> list[Artifact]:
        return [image for image in self.images if image.tags[0] in _NEWEST]

    @property
    def gone(self) -> list[Artifact]:
        return [image for image in self.images if image.tags[0] not in _NEWEST]

    def tags(self) -> list[Place]:
        """What the registry lists now."""
        repositories = sorted({image.repository for image in self.images})
        listed = {name: self.site.registry.request("GET", f"{name}/tags/list").json()["tags"] for name in repositories}
        return sorted((name, tag) for name, tags in listed.items() for tag in tags or ())

    def all_there(self) -> bool:
        """Nothing was deleted, and nothing collected."""
        return self.tags() == sorted(places(self.images)) and self.site.blobs() == sizes(self.images)

    def swept(self) -> bool:
        """What should go is gone, and nothing else."""
        return self.tags() == sorted(places(self.kept))

    def pull_kept(self) -> None:
        """Raises ImagesDamaged where one of them is not whole."""
        with Pusher(self.site.registry.url, self.site.registry.options.login) as pusher:
            assert pusher.pull_all(places(self.kept)).sizes == sizes(self.kept)


def fill(site: Site) -> Builds:
    images = tuple(grid(datetime.now(UTC), repositories=2, tags=15, layer_bytes=20_000))
    with Pusher(site.registry.url, site.registry.options.login) as pusher:
        pusher.push_all(images)
    return Builds(site, images)


def in_its_window(site: Site, **collection: str) -> tuple[Builds, str]:
    """A filled registry that a run holds read-only; and the name of the run. `collection`: over COLLECT."""
    builds = fill(site)
    site.apply(mode="Delete", garbageCollection=COLLECT | collection, **KEEP_TWO)
    run = site.run()
    eventually(site.read_only, 120)
    return builds, run
