"""What lies broken or foreign in a store, in words: which file, and what to do about it. Pure."""

from __future__ import annotations

from regsweep.core.inventory import Finding
from regsweep.steps.storage.listing import Listing
from regsweep.steps.storage.places import LINK_BYTES, place_of
from regsweep.steps.storage.shelf import Shelf

BROKEN_LINK = "broken.link"
BROKEN_MANIFEST = "broken.manifest"
BROKEN_NO_LAYERS = "broken.no-layers"
BROKEN_NAME = "broken.repository-name"
LEFT_HALF_WRITTEN = "leftover.half-written"
LEFT_FOREIGN = "leftover.foreign"

HALF_WRITTEN_FOR = 3600
"""Seconds after which nobody writes that file any more."""


def findings_of(name: str, shelf: Shelf, clock: int) -> tuple[Finding, ...]:
    """Of one repository. `clock`: seconds since 1970 when it was listed."""
    found = [Finding(BROKEN_LINK, name, _reference(path), _about(path, size)) for path, size in shelf.broken.items()]
    found += [
        Finding(LEFT_HALF_WRITTEN, name, _reference(path), f"{path} is what a write left behind: it can be removed")
        for path, written in shelf.leftovers.items()
        if clock - written > HALF_WRITTEN_FOR
    ]
    if not shelf.layers and (shelf.rows or shelf.revisions):
        found.append(
            Finding(
                BROKEN_NO_LAYERS,
                name,
                "",
                f"./{name} has manifests and no _layers: garbage-collect of 2.8 passes over it and deletes "
                "them, that of 3.x fails on it. Push any image into it",
            )
        )
    return tuple(found)


def findings_outside(listing: Listing) -> tuple[Finding, ...]:
    """Of no repository."""
    misnamed = [
        Finding(
            BROKEN_NAME,
            "",
            path,
            f"{path} is no name of a repository: no client can reach it, and garbage-collect fails on it. Remove it",
        )
        for path in listing.misnamed
    ]
    foreign = [
        Finding(LEFT_FOREIGN, place_of(path).repository, path, f"{path} is not the registry's: it was passed over")
        for path in listing.foreign
    ]
    return (*misnamed, *foreign)


def _about(path: str, size: int) -> str:
    if size == LINK_BYTES:
        return f"{path} holds no digest: push the image again, or remove the file's folder"
    return f"{path} has {size} bytes, a whole one has {LINK_BYTES}: push the image again, or remove the file's folder"


def _reference(path: str) -> str:
    place = place_of(path)
    return f"sha256:{place.name}" if "/_manifests/revisions/" in path else place.name
