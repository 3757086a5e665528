"""What the collector must mark, against what it marks: a digest of the census without a mark is a live image at
risk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from regsweep.core.diagnosis import STORE
from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.errors import PartialInventory, RegistryUnreachable
from regsweep.steps.collect.site import Site

CENSUS_PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0, 30.0, 30.0)
"""Seconds between two tries of a census that fails in the window: about two minutes, which a Service may need to follow
its pods when the Kubernetes API was away."""
NAMED = 5
"""So many missing marks are named in a message."""


@dataclass(slots=True)
class Comparison:
    """`missing`: what was not marked so far. `taken`: the census, once it was."""

    site: Site
    census: Callable[[], Census]
    taken: Census | None = None
    missing: set[Digest] = field(default_factory=set)

    def begin(self) -> None:
        """A dry run begins anew: nothing is marked yet."""
        self.missing.clear()
        self.missing.update(self.taken.marks() if self.taken else ())

    def take(self) -> int:
        """A fresh census; how many marks are wanted. A Service is a moment behind its pods' rollout, so the first
        failures are not believed."""
        self.taken = self._patient()
        self.missing |= self.taken.marks()
        return len(self.missing)

    def kept(self) -> set[str]:
        """Repositories in which something is needed."""
        return {repository for repository, held in self.taken.manifests.items() if held} if self.taken else set()

    def verdict(self) -> str:
        """Why nothing may be collected, in words; "" where every mark is there."""
        if not self.missing:
            return ""
        return (
            f"garbage-collect would delete {len(self.missing)} digests that live images need, so it was not run: "
            f"{self._named()}. The registry's store and its API disagree; check the store (a damaged link stops the "
            "mark early), and that workloadRef is the registry behind spec.registry.url"
        )

    def _named(self) -> str:
        names = []
        for digest in sorted(self.missing)[:NAMED]:
            held = (*self.taken.manifests.items(), *self.taken.blobs.items()) if self.taken else ()
            names.append(f"{next((repository for repository, digests in held if digest in digests), '?')}@{digest}")
        more = len(self.missing) - len(names)
        return ", ".join(names) + (f" and {more} more" if more else "")

    def _patient(self) -> Census:
        for seconds in CENSUS_PAUSES:
            try:
                return self.census()
            except (PartialInventory, RegistryUnreachable) as error:
                self.site.progress.say(f"{error}; asking again in {seconds:.0f}s")
            self.site.stop.wait(seconds)
        return self.census()


def overlooked(repositories: tuple[str, ...], root: str) -> str:
    """Why nothing may be collected where the collector does not see `repositories`."""
    named = ", ".join(repositories[:NAMED])
    return (
        f"garbage-collect does not see {len(repositories)} repositories that have manifests and no directory _layers "
        f"({named}), and would delete what they hold, so it was not run: create an empty directory _layers in each, as "
        f"{root}/{STORE}/repositories/{repositories[0]}/_layers, owned as its neighbours are"
    )
