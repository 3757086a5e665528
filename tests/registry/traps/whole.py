"""All traps in one registry: the policy that is to clean it, and what must be there afterwards, to the byte."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regsweep.demo.documents import Artifact, Document
from tests.registry.traps import accessories, changes, indexes, kinds, names, orders, sharing
from tests.registry.traps.trap import PULL_REQUESTS, Trap

_MODULES = (sharing, indexes, accessories, kinds, orders, names, changes)

TRAPS: tuple[Trap, ...] = tuple(trap for module in _MODULES for trap in module.traps())


def spec(traps: Iterable[Trap] = TRAPS) -> dict[str, Any]:
    """The fields of one policy for all of them."""
    return {
        "rules": [*(rule for trap in traps for rule in trap.rules), PULL_REQUESTS],
        "protect": {"tags": ["stable"], "repositories": ["protected/**"]},
        "limits": {"minimumAge": "0s", "maxDeletionPercent": 100},
    }


def needed(artifacts: Iterable[Artifact]) -> dict[str, int]:
    """Digest to bytes of all that these artifacts reach: what an ideal collector leaves on the disk."""
    found: dict[str, int] = {}
    for artifact in artifacts:
        found.update(artifact.document.sizes())
    return found


def manifests(artifacts: Iterable[Artifact]) -> dict[tuple[str, str], Document]:
    """(repository, digest) to every manifest that these artifacts reach."""
    return {
        (each.repository, document.digest): document for each in artifacts for document in each.document.documents()
    }
