"""One request to the Kubernetes API, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regsweep.clients.answers import Object


@dataclass(frozen=True, slots=True)
class Request:
    """`most` bytes are taken of the answer; None for as many as of any."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Object | None = None
    content_type: str = "application/json"
    most: int | None = None

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def without_empty(query: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in query.items() if value}
