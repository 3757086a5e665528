"""Did a trap catch the cleaner: every byte of what stays is fetched, and what went is not there any more.

It reads what was made, and the answers of the registry; nothing here asks regsweep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import requests

from regsweep.demo.documents import DOCUMENT_TYPES, Artifact
from tests.registry.traps.trap import Trap
from tests.registry.traps.whole import manifests

TIMEOUT = (5.0, 60.0)

Place = tuple[str, str]
"""A repository, and a tag or a digest in it."""


class Proof:
    """What is wrong in the registry at `url`, one sentence for each fault, the name of its trap before it."""

    def __init__(self, url: str) -> None:
        self._url, self._session = url, requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept"] = ", ".join(DOCUMENT_TYPES)
        self._right: set[tuple[str, str]] = set()

    def faults(self, trap: Trap, *, left: bool) -> Iterator[str]:
        """`left`: whether what HTTP does not know stays (and is whole), or goes with the rest."""
        stays = (*trap.staying, *(trap.left if left else ()))
        goes = (*trap.gone, *(() if left else trap.left))
        named = {(each.repository, tag): each.digest for each in trap.staying for tag in each.tags}
        for (repository, tag), digest in named.items():
            yield from self._wrong(trap, repository, f"manifests/{tag}", digest)
        for (repository, digest), document in manifests(stays).items():
            yield from self._wrong(trap, repository, f"manifests/{digest}", digest)
            for blob in document.blobs:
                yield from self._wrong(trap, repository, f"blobs/{blob.digest}", blob.digest)
        yield from self._still_there(trap, goes, named, manifests(stays))

    def _still_there(
        self,
        trap: Trap,
        goes: tuple[Artifact, ...],
        named: Collection[tuple[str, str]],
        needed: Collection[tuple[str, str]],
    ) -> Iterator[str]:
        tags = {(each.repository, tag): f"manifests/{tag}" for each in goes for tag in each.tags}
        digests = {(repository, digest): f"manifests/{digest}" for repository, digest in manifests(goes)}
        for place, path in (tags | digests).items():
            if place not in named and place not in needed:
                status = self._get(place[0], path).status_code
                if status != 404:
                    yield f"{trap.name}: left behind: {place[0]} {path} was to go, and answers {status}"

    def _wrong(self, trap: Trap, repository: str, path: str, digest: str) -> Iterator[str]:
        if (repository, path) in self._right:
            return
        answer = self._get(repository, path)
        if answer.status_code != 200:
            yield f"{trap.name}: LOST: {repository} {path} was to be kept, and answers {answer.status_code}"
        elif (found := "sha256:" + hashlib.sha256(answer.content).hexdigest()) != digest:
            yield f"{trap.name}: DAMAGED: {repository} {path} should have digest {digest}, and has {found}"
        else:
            self._right.add((repository, path))

    def _get(self, repository: str, path: str) -> requests.Response:
        return self._session.get(f"{self._url}/v2/{repository}/{path}", timeout=TIMEOUT)


def on_disk(storage: Path) -> dict[str, int]:
    """Digest to bytes of every blob in the storage. Source: storage layout of Distribution."""
    blobs = storage / "docker/registry/v2/blobs/sha256"
    return {f"sha256:{data.parent.name}": data.stat().st_size for data in blobs.glob("*/*/data")}


def differences(found: dict[str, int], ideal: dict[str, int], traps: Collection[Trap]) -> Iterator[str]:
    """Every blob that is too much or too little, with the traps whose content it is."""
    for digest in sorted(found.keys() - ideal.keys()):
        yield f"{_of(digest, traps)}: left behind: {found[digest]} bytes of {digest} that nothing kept reaches"
    for digest in sorted(ideal.keys() - found.keys()):
        yield f"{_of(digest, traps)}: LOST: {ideal[digest]} bytes of {digest}"
    for digest in sorted(ideal.keys() & found.keys()):
        if ideal[digest] != found[digest]:
            yield f"{_of(digest, traps)}: DAMAGED: {digest} has {found[digest]} of {ideal[digest]} bytes"


def _of(digest: str, traps: Collection[Trap]) -> str:
    return ", ".join(trap.name for trap in traps if digest in trap.digests()) or "no trap"
