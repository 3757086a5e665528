"""What is called an image in YAML of any kind, read as a stream of events: no document is ever built from it.

So aliases within aliases cost no more than their text, and what is nested too deep is refused before it costs anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from regsweep.steps.inuse.shapes import Strange

MAXIMUM_DEPTH = 200
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def images_in_yaml(text: str) -> Iterator[str]:
    """Every value of a key `image` or `...Image`, and of `reference` within `image`; by an alias, too.

    Raises Strange for what is no YAML.
    """
    walk = _Walk()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            found = walk.take(event)
            if found is not None:
                yield found
    except (yaml.YAMLError, RecursionError):
        raise Strange("a manifest is not YAML") from None


@dataclass(slots=True)
class _Node:
    """A mapping or a sequence that is open: the key under which it stands; in a mapping, the key that waits for its
    value."""

    under: str
    is_mapping: bool
    key: str | None = None


class _Walk:
    def __init__(self) -> None:
        self._open: list[_Node] = []
        self._anchors: dict[str, str] = {}

    def take(self, event: yaml.Event) -> str | None:
        """The image that the event holds."""
        match event:
            case yaml.ScalarEvent(anchor=anchor, value=value):
                if anchor:
                    self._anchors[anchor] = value
                return self._scalar(value)
            case yaml.AliasEvent(anchor=anchor):
                return self._scalar(self._anchors.get(anchor or "", ""))
            case yaml.CollectionStartEvent():
                self._start(_Node(self._key() or "", isinstance(event, yaml.MappingStartEvent)))
            case yaml.CollectionEndEvent():
                self._open.pop()
        return None

    def _start(self, node: _Node) -> None:
        self._open.append(node)
        if len(self._open) > MAXIMUM_DEPTH:
            raise Strange("a manifest is nested too deep")

    def _scalar(self, value: str) -> str | None:
        within = self._open[-1] if self._open else _Node("", is_mapping=False)
        if within.is_mapping and within.key is None:
            within.key = value
            return None
        return value if _names_image(within.under, self._key() or "", value) else None

    def _key(self) -> str | None:
        """Takes the key under which the next value stands. What comes without one is a key itself, and no string."""
        within = self._open[-1] if self._open else None
        if within is None or not within.is_mapping:
            return None
        key = within.key
        within.key = "" if key is None else None
        return key


def _names_image(under: str, key: str, value: str) -> bool:
    if key == "image" or (under == "image" and key == "reference"):
        return True
    return key.endswith("Image") and " " not in value
