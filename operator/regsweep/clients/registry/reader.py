"""The questions to a registry that change nothing. There is no way to delete: a dry run holds this and no more (S11).

Every body is checked against its digest. What the registry does not have is None; what is not known is an error (S5).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from regsweep.clients.login import Scope
from regsweep.clients.registry.content import Fetched, Head, is_digest, is_reference, signed_payload
from regsweep.clients.registry.failures import Answer, unexpected
from regsweep.clients.registry.listing import Listing, pull_scope, repository_path
from regsweep.clients.registry.target import Target
from regsweep.clients.registry.transport import Question, Transport
from regsweep.core.oci import ACCEPT, DOCKER_SCHEMA1_SIGNED, MAXIMUM_MANIFEST_BYTES, Digest, digest_of, parse_digest
from regsweep.errors import NotARegistry, RegistryMisbehaved

MAXIMUM_CONFIG_BYTES = 4 << 20
CONFIG_READS_AT_ONCE = 3
"""The registry takes a buffer of 4 MiB for each blob that it sends."""

PROBE_REPOSITORY = "regsweep/probe"
"""A valid name; it need not exist, and nothing is created under it."""

_NAMED_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")
_NO_MANIFEST = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN"})
_NO_BLOB = frozenset({"BLOB_UNKNOWN", "NAME_UNKNOWN"})


class Reader:
    """One registry, to read. Thread-safe; keeps `target.concurrency` connections. Close it, or use it in `with`.

    Each method raises RegistryUnreachable, RegistryDenied, NotARegistry or RegistryMisbehaved.
    """

    actions = "pull"

    def __init__(self, target: Target) -> None:
        self.target = target
        self._transport = Transport(target)
        self._listing = Listing(self._transport, self.actions)
        self._configs = threading.BoundedSemaphore(CONFIG_READS_AT_ONCE)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.target.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def ping(self) -> None:
        """Return where a registry answers and knows us. Source: OCI distribution spec, determining support."""
        answer = self._ask(Question("GET", "/v2/", "asking for /v2/"))
        if answer.status == 404:
            raise NotARegistry(
                f"{self.target.root}: there is no /v2/: no registry answers at this url; check host, port and path"
            )
        if answer.status == 400 and b"HTTP request to an HTTPS server" in answer.body:
            raise NotARegistry(f"{self.target.root}: TLS is spoken there; write the url with https://")
        if answer.status != 200:
            raise unexpected(answer, "asking for /v2/", self.target.root)
        if not answer.headers.get("docker-distribution-api-version", "").startswith("registry/2") and not _is_object(
            answer
        ):
            raise NotARegistry(
                f"{self.target.root}: /v2/ gives {answer.media_type or 'something'} that no registry gives: "
                "something else answers there; check the url"
            )

    def major(self) -> int | None:
        """2 or 3, told by a trait: 2.8 writes the charset of its JSON, 3.x does not. None for another registry."""
        answer = self._ask(Question("GET", "/v2/", "asking for /v2/"))
        kind = answer.headers.get("content-type", "").replace(" ", "").lower()
        if "docker-distribution-api-version" not in answer.headers:
            return None
        return {"application/json;charset=utf-8": 2, "application/json": 3}.get(kind)

    def repositories(self) -> Iterator[str]:
        """The catalog, to its end, each name once."""
        return self._listing.repositories()

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags, sorted; () for a repository that is empty or not there."""
        return self._listing.tags(repository)

    def head(self, repository: str, reference: str) -> Head | None:
        """What `reference` (a tag or a digest) points at; None where the registry has no such manifest."""
        if not is_reference(reference):
            return None
        question = self._manifest_question("HEAD", repository, reference)
        answer = self._ask(question)
        if answer.status == 404:
            return self._confirmed_absent(repository, reference)
        if answer.status != 200:
            raise unexpected(answer, question.what, self.target.root)
        stated = answer.headers.get("docker-content-digest")
        if stated is None:
            return self._confirmed_absent(repository, reference)
        return Head(self._digest(stated, question.what), answer.media_type, _length(answer))

    def manifest(self, repository: str, reference: str) -> Fetched | None:
        """The manifest that `reference` (a tag or a digest) points at, checked; None where there is none."""
        if not is_reference(reference):
            return None
        question = self._manifest_question("GET", repository, reference)
        answer = self._ask(question)
        if answer.status == 404 and answer.codes() & _NO_MANIFEST:
            return None
        if answer.status != 200:
            raise unexpected(answer, question.what, self.target.root)
        body = answer.body
        if answer.media_type == DOCKER_SCHEMA1_SIGNED:
            body = signed_payload(body)
        digest = digest_of(body)
        stated = answer.headers.get("docker-content-digest", digest)
        for expected in (stated, reference if is_digest(reference) else digest):
            if expected != digest:
                raise RegistryMisbehaved(
                    f"{self.target.root}: {question.what} gave bytes whose digest is {digest}, not {expected[:80]}: "
                    "the storage or a proxy between is damaged"
                )
        return Fetched(body, answer.media_type, digest)

    def dangling(self, repository: str, tag: str) -> Digest | None:
        """The digest that a tag names which has no manifest, as Distribution's error says it; else None."""
        if not is_reference(tag):
            return None
        question = self._manifest_question("GET", repository, tag)
        answer = self._ask(question)
        if answer.status == 404 and answer.codes() & _NO_MANIFEST:
            named = _NAMED_DIGEST.search(answer.body)
            return parse_digest(named[0].decode()) if named else None
        if answer.status != 200:
            raise unexpected(answer, question.what, self.target.root)
        return None

    def config(self, repository: str, digest: Digest) -> bytes | None:
        """A config blob, checked against its digest; None where the registry does not have it."""
        question = replace(self._blob_question("GET", repository, digest), limit=MAXIMUM_CONFIG_BYTES)
        with self._configs:
            answer = self._ask(question)
        if answer.status == 404 and answer.codes() & _NO_BLOB:
            return None
        if answer.status != 200:
            raise unexpected(answer, question.what, self.target.root)
        if digest_of(answer.body) != digest:
            raise RegistryMisbehaved(
                f"{self.target.root}: {question.what} gave other bytes than its digest says: "
                "the storage or a proxy between is damaged"
            )
        return answer.body

    def has_blob(self, repository: str, digest: Digest) -> bool:
        """Whether the registry has this config or layer. A HEAD that says no is asked again by a GET that says why."""
        question = self._blob_question("HEAD", repository, digest)
        answer = self._ask(question)
        if answer.status == 404:
            answer = self._ask(replace(question, method="GET", byte_range="bytes=0-0"))
            if answer.status == 404 and answer.codes() & _NO_BLOB:
                return False
        if answer.status not in {200, 206}:
            raise unexpected(answer, question.what, self.target.root)
        return True

    def writable(self, repository: str = PROBE_REPOSITORY) -> bool | None:
        """Whether the registry takes pushes, told by OPTIONS, which changes nothing. None where something between
        answers in its place. In read-only mode Distribution allows GET and HEAD alone.
        """
        path = f"{repository_path(repository)}/manifests/latest"
        answer = self._ask(Question("OPTIONS", path, "asking what is allowed"))
        if answer.status in {401, 403} or answer.status >= 500:
            raise unexpected(answer, "asking what is allowed", self.target.root)
        allowed = {method.strip().upper() for method in answer.headers.get("allow", "").split(",")} - {""}
        if answer.status != 200 or not {"GET", "HEAD"} <= allowed:
            return None
        return "PUT" in allowed

    def _ask(self, question: Question) -> Answer:
        return self._transport.ask(question)

    def _scope(self, repository: str) -> Scope:
        return pull_scope(repository, self.actions)

    def _manifest_question(self, method: str, repository: str, reference: str) -> Question:
        return Question(
            method,
            f"{repository_path(repository)}/manifests/{reference}",
            f"reading the manifest {repository}{'@' if ':' in reference else ':'}{reference}",
            self._scope(repository),
            accept=", ".join(ACCEPT),
            limit=MAXIMUM_MANIFEST_BYTES,
        )

    def _blob_question(self, method: str, repository: str, digest: Digest) -> Question:
        return Question(
            method,
            f"{repository_path(repository)}/blobs/{digest}",
            f"reading the blob {repository}@{digest}",
            self._scope(repository),
            redirects=True,
        )

    def _confirmed_absent(self, repository: str, reference: str) -> Head | None:
        """A HEAD has no body that says why: GET has."""
        fetched = self.manifest(repository, reference)
        return Head(fetched.digest, fetched.media_type, len(fetched.body)) if fetched else None

    def _digest(self, text: str, what: str) -> Digest:
        try:
            return parse_digest(text)
        except ValueError as error:
            raise RegistryMisbehaved(
                f"{self.target.root}: {what} gave a Docker-Content-Digest that is none: {error}"
            ) from None


def _is_object(answer: Answer) -> bool:
    try:
        return isinstance(json.loads(answer.body), dict)
    except (ValueError, RecursionError):
        return False


def _length(answer: Answer) -> int:
    text = answer.headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 16 else 0
