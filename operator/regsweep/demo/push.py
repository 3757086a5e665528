"""Bring made images into a registry, and prove that an image can be pulled whole.

Speaks the push and pull parts of the OCI distribution specification and nothing else. Keeps no memory between
calls of what a registry holds: after a garbage-collect it would be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from regsweep.demo.documents import Artifact, Blob, Document
from regsweep.demo.pull import TIMEOUT, Memory, Proof, Pulled
from regsweep.errors import ImagesDamaged, RegistryDenied, RegistryMisbehaved, RegistryUnreachable

THREADS = 8


class Pusher:
    """Pushes to the registry at `url`; `verify` is as in requests (False, or the path of a CA bundle)."""

    def __init__(self, url: str, auth: AuthBase | tuple[str, str] | None = None, *, verify: bool | str = True) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = auth
        self._session.verify = verify
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=4 * THREADS)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def push(self, artifact: Artifact) -> None:
        """Blobs, children, then the document under each tag. Raises a RegistryError if one is refused."""
        self._push(artifact, Sent())

    def push_all(self, artifacts: Iterable[Artifact], *, threads: int = THREADS) -> None:
        """Push many at once. A tag that occurs twice is pushed in the order given: the last one stays."""
        sent = Sent()
        with ThreadPoolExecutor(threads) as pool:
            for wave in waves(artifacts):
                for _ in pool.map(lambda artifact: self._push(artifact, sent), wave):
                    pass

    def pull(self, repository: str, reference: str) -> Pulled:
        """The whole image, every byte checked. Raises ImagesDamaged with all that is missing or wrong."""
        return self.pull_all([(repository, reference)])

    def pull_all(self, places: Iterable[tuple[str, str]], *, threads: int = THREADS) -> Pulled:
        """Many (repository, reference); blobs shared in a repository are read once. Raises as `pull`."""
        memory: Memory = {}

        def prove(place: tuple[str, str]) -> Proof:
            proof = Proof(self._session, self.url, place[0], memory)
            proof.document(place[1])
            return proof

        with ThreadPoolExecutor(threads) as pool:
            proofs = list(pool.map(prove, places))
        faults = [fault for proof in proofs for fault in proof.faults]
        if faults:
            raise ImagesDamaged(f"{self.url}: not whole: " + "; ".join(faults))
        return Pulled({digest: size for proof in proofs for digest, size in proof.sizes.items()})

    def _push(self, artifact: Artifact, sent: Sent) -> None:
        for document in artifact.document.documents():
            for blob in document.blobs:
                self._push_blob(artifact.repository, blob, sent)
            if document is not artifact.document:
                self._put(artifact.repository, document.digest, document)
        for reference in artifact.references:
            self._put(artifact.repository, reference, artifact.document)

    def _put(self, repository: str, reference: str, document: Document) -> None:
        address = f"{self.url}/v2/{repository}/manifests/{reference}"
        answer = self._ask("PUT", address, document.content, {"Content-Type": document.media_type})
        self._expect(answer, 201, f"{repository}:{reference}")

    def _push_blob(self, repository: str, blob: Blob, sent: Sent) -> None:
        """A mount from where this call put it already, else POST and PUT in one piece. Whether it was there before is
        not asked: of a registry that is new, that question costs a third of a push.
        """
        if sent.is_in(blob.digest, repository):
            return
        uploads = f"{self.url}/v2/{repository}/blobs/uploads/"
        source = sent.source(blob.digest)
        start = self._ask("POST", f"{uploads}?mount={blob.digest}&from={source}" if source else uploads)
        if start.status_code != 201:
            self._expect(start, 202, f"upload to {repository}")
            # Of the location only path and query: what we send goes to our registry, whatever it answers.
            location = urlsplit(start.headers["Location"])
            address = f"{self.url}{location.path}?{location.query}&digest={quote(blob.digest)}"
            done = self._ask("PUT", address, blob.content, {"Content-Type": "application/octet-stream"})
            self._expect(done, 201, f"{repository}@{blob.digest}")
        sent.add(blob.digest, repository)

    def _ask(
        self, method: str, address: str, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        try:
            return self._session.request(
                method, address, data=content, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise RegistryUnreachable(f"{self.url}: {method} ended with {type(error).__name__}") from error

    def _expect(self, answer: requests.Response, status: int, what: str) -> None:
        if answer.status_code in (401, 403):
            raise RegistryDenied(f"{self.url}: no right to push {what} (status {answer.status_code})")
        if answer.status_code != status:
            raise RegistryMisbehaved(
                f"{self.url}: {what} was answered {answer.status_code}, not {status}: {answer.text[:300]}"
            )


class Sent:
    """Where one call has put each blob, shared by its threads: single additions to sets are atomic."""

    def __init__(self) -> None:
        self._places: set[tuple[str, str]] = set()
        self._sources: dict[str, str] = {}

    def add(self, digest: str, repository: str) -> None:
        self._places.add((digest, repository))
        self._sources.setdefault(digest, repository)

    def is_in(self, digest: str, repository: str) -> bool:
        return (digest, repository) in self._places

    def source(self, digest: str) -> str | None:
        return self._sources.get(digest)


def waves(artifacts: Iterable[Artifact]) -> list[list[Artifact]]:
    """The artifacts in rounds, no tag twice in one round: what is pushed again comes in a later round."""
    rounds: list[list[Artifact]] = []
    seen: dict[tuple[str, str], int] = {}
    for artifact in artifacts:
        places = [(artifact.repository, tag) for tag in artifact.tags]
        number = max((seen.get(place, 0) for place in places), default=0)
        seen.update(dict.fromkeys(places, number + 1))
        rounds.extend([] for _ in range(number + 1 - len(rounds)))
        rounds[number].append(artifact)
    return rounds
