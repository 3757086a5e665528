"""Objects from a file, as `kubectl get -o json` writes them: what each of them names, however old it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from regsweep.api.policy import InUse
from regsweep.core.inuse import Use, User
from regsweep.steps.inuse.pods import Span
from regsweep.steps.inuse.shapes import Object, entries, text
from regsweep.steps.inuse.sources import Extract, standard_sources

_ALWAYS = Span(datetime.fromtimestamp(0, UTC), timedelta.max)
"""Nobody knows when a file was written: what is in it is in use."""


def uses_of(document: object) -> Iterator[Use]:
    """Everything that an object, a list of them, or an array of them names.

    Raises ValueError for what is no Kubernetes object, or is of a kind of which it is not known how it names images.
    """
    known = _known()
    for found in _objects(document):
        kind, namespace, name = (
            text(found, "kind"),
            text(found, "metadata", "namespace"),
            text(found, "metadata", "name"),
        )
        extract = known.get((text(found, "apiVersion"), kind))
        if extract is None:
            raise ValueError(
                f"it is not known how objects of kind {kind or '(none)'} name images: "
                "write the images alone, with spaces or line ends between them"
            )
        for container, image in extract(found):
            if image:
                yield Use(image, User(kind, namespace, name, container))


def _known() -> dict[tuple[str, str], Extract]:
    everything = InUse(node_images=True)
    return {
        (source.kind.api_version, source.kind.name): source.images for source in standard_sources(everything, _ALWAYS)
    }


def _objects(document: object) -> Iterator[Object]:
    open_ends: list[Any] = [document]
    while open_ends:
        found = open_ends.pop()
        if isinstance(found, list):
            open_ends.extend(reversed(found))
        elif not isinstance(found, dict):
            raise ValueError("it holds something that is no Kubernetes object")
        elif "items" in found:
            open_ends.extend(reversed([_with_kind(item, found) for item in entries(found, "items")]))
        else:
            yield found


def _with_kind(item: Object, holder: Object) -> Object:
    """The API leaves the kind of a list's items to the list; kubectl writes it into each."""
    if "kind" in item:
        return item
    return {"apiVersion": holder.get("apiVersion"), "kind": text(holder, "kind").removesuffix("List"), **item}
