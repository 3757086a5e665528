"""PUT of a manifest, for an undo: its config, layers and children have to be in the repository already.

It uploads no blob and deletes nothing. Source: OCI distribution spec, pushing manifests.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

from regsweep.clients.registry.failures import Answer, unexpected
from regsweep.clients.registry.listing import repository_path
from regsweep.clients.registry.reader import Reader
from regsweep.clients.registry.transport import Question
from regsweep.core.oci import Digest, digest_of, parse_digest
from regsweep.errors import InvalidInput, RegistryMisbehaved, RegistryReadOnly, RegistryUnreachable

_UNKNOWN_CONTENT = frozenset({"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"})


class Putter(Reader):
    """A Reader that can also put a manifest. Tokens are asked for with the right to push."""

    actions = "pull,push"

    def put_manifest(self, repository: str, reference: str, body: bytes, media_type: str) -> tuple[Digest, ...] | None:
        """None where the registry took it under `reference`, a tag or its own digest; else the digests that it names
        and the repository does not have: then nothing was changed. Never sent twice.

        Without an answer in time, HEAD tells whether it stands. Raises RegistryReadOnly, RegistryDenied,
        RegistryUnreachable, RegistryMisbehaved, and InvalidInput for bytes of another digest than `reference`.
        """
        if ":" in reference and reference != digest_of(body):
            raise InvalidInput(f"{repository}@{reference}: these are not its bytes, so nothing was put")
        question = replace(
            self._manifest_question("PUT", repository, reference),
            what=f"putting {repository}{'@' if ':' in reference else ':'}{reference}",
            accept="",
            once=True,
            body=body,
            content_type=media_type,
        )
        try:
            answer = self._transport.ask_or_hangup(question)
        except RegistryUnreachable:
            answer = None
        if answer is None:
            self._look_after(repository, reference, digest_of(body))
        if answer is None or answer.status == 201:
            return None
        if answer.status == 405:
            raise RegistryReadOnly(
                f"{self.target.root}: the registry takes no pushes (read-only mode, or a pull-through cache), so "
                "nothing can be put back: wait until its maintenance is over, or lift it"
            )
        if answer.status in {400, 404} and answer.codes() & _UNKNOWN_CONTENT:
            return _unknown(answer)
        raise unexpected(answer, question.what, self.target.root)

    def reads_blob(self, repository: str, digest: Digest) -> bool:
        """Whether a first byte of the blob comes back. After a collection beside a running registry its cache still
        says yes to a HEAD, and has no byte.
        """
        question = Question(
            "GET",
            f"{repository_path(repository)}/blobs/{digest}",
            f"reading the blob {repository}@{digest}",
            self._scope(repository),
            redirects=True,
            byte_range="bytes=0-0",
        )
        try:
            answer = self._ask(question)
        except RegistryMisbehaved:
            return False
        if answer.status == 404:  # of the registry, or of the storage that it sent us to
            return False
        if answer.status in {200, 206, 416}:  # 416: it has no byte at all
            return True
        raise unexpected(answer, question.what, self.target.root)

    def _look_after(self, repository: str, reference: str, digest: Digest) -> None:
        head = self.head(repository, reference)
        if head is None or head.digest != digest:
            raise RegistryUnreachable(
                f"{self.target.root}: putting {repository} {reference} got no answer, and it does not stand there: "
                "do the restore again"
            )


def _unknown(answer: Answer) -> tuple[Digest, ...]:
    """The digests that the errors name: as text, or in an object. Source: Distribution, both majors."""
    found: dict[Digest, None] = {}
    for error in json.loads(answer.body)["errors"]:
        detail: Any = error.get("detail")
        for value in detail.values() if isinstance(detail, dict) else (detail,):
            with suppress(ValueError):
                found[parse_digest(value)] = None
    return tuple(found)
