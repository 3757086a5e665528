"""Images of objects of other kinds, at the places that a JSONPath (RFC 9535) names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jsonpath_rfc9535 import JSONPathError, JSONPathQuery

from regsweep.steps.inuse.parameters import only_parameters
from regsweep.steps.inuse.pods import Span
from regsweep.steps.inuse.shapes import Image, Object, Strange, moment, text

MAXIMUM_IMAGES = 10_000
"""Of one object: a path with several `..` can find the same places very often."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where objects of a kind name images.

    `finished` is the way to the time since when an object is over, if any. In `templates` an image that is a parameter
    and nothing else is none: what stands for it is known in the pod.
    """

    paths: tuple[JSONPathQuery, ...]
    finished: tuple[str, ...] = ()
    templates: bool = False


def custom_images(found: Object, places: Places, span: Span) -> Iterator[Image]:
    if places.finished and span.is_over(moment(found, *places.finished)):
        return
    left = MAXIMUM_IMAGES
    for path in places.paths:
        for value in _values(path, found):
            left -= 1
            if not left:
                raise Strange(f"{path} finds more than {MAXIMUM_IMAGES} images")
            for image in _references(value, path):
                if not (places.templates and only_parameters(image)):
                    yield "", image


def _values(path: JSONPathQuery, found: Object) -> Iterator[Any]:
    try:
        for node in path.finditer(found):
            yield node.value
    except (JSONPathError, RecursionError):
        raise Strange(f"{path} cannot be followed: too deep") from None


def _references(value: Any, path: JSONPathQuery) -> Sequence[str]:
    """A string; or an object with the parts of a reference: name, repository or reference, with tag and digest."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    name = "/".join(filter(None, (text(value, "registry"), _name(value)))) if isinstance(value, dict) else ""
    if not name:
        raise Strange(f"{path} leads to something that is no image: it must lead to strings")
    tag, digest = text(value, "tag"), text(value, "digest")
    by_digest = (f"{name}@{digest}",) if digest else ()
    return (f"{name}:{tag}" if tag else name, *by_digest) if tag or not digest else by_digest


def _name(value: Object) -> str:
    return text(value, "name") or text(value, "repository") or text(value, "reference")
