"""Ways into an object whose shape nobody checked: what is absent is nothing, what is of another shape is Strange."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]
"""A Kubernetes object as its JSON says it."""
Image: TypeAlias = tuple[str, str]
"""Container, empty where the image is named outside of one; and the reference as it is written, which may be empty."""


class Strange(ValueError):
    """An object is not what its kind says: which part, and what was expected there. Holds no value of the object."""


def part(value: Any, *path: str) -> Any:
    """What is at the end of the path; None where the way ends before."""
    for key in path:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Strange(f"what holds {key} is not an object")
        value = value.get(key)
    return value


def entries(value: Any, *path: str) -> Iterator[Object]:
    """The objects of the list at the end of the path."""
    found = part(value, *path)
    if found is None:
        return
    if not isinstance(found, list):
        raise Strange(f"{path[-1]} is not a list")
    for entry in found:
        if not isinstance(entry, dict):
            raise Strange(f"{path[-1]} holds something that is not an object")
        yield entry


def text(value: Any, *path: str) -> str:
    """The string at the end of the path; empty where there is none."""
    found = part(value, *path)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Strange(f"{path[-1]} is not a string")
    return found


def moment(value: Any, *path: str) -> datetime | None:
    """The time at the end of the path; None where there is none that could be compared."""
    try:
        found = datetime.fromisoformat(text(value, *path))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
