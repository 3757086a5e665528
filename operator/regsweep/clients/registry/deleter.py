"""DELETE by digest, and whether the registry does that.

Never by tag: Distribution 3.0 then ignores that deletes are off.
"""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum

from regsweep.clients.registry.failures import Answer, unexpected
from regsweep.clients.registry.listing import repository_path
from regsweep.clients.registry.reader import PROBE_REPOSITORY, Reader
from regsweep.clients.registry.target import Target
from regsweep.clients.registry.transport import Question, Transport
from regsweep.core.oci import Digest, parse_digest
from regsweep.errors import DeleteDisabled, RegistryDenied, RegistryUnreachable

DELETE_SECONDS = 300.0
"""A DELETE reads every tag of its repository: half a minute at 5000 tags in object storage."""

_ABSENT = Digest("sha256:" + 64 * "0")
_GONE = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN"})


class DeleteState(StrEnum):
    """What the registry would say to a DELETE."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    READ_ONLY = "ReadOnly"
    DENIED = "Denied"
    UNKNOWN = "Unknown"


class Deleter(Reader):
    """A Reader that can also delete a manifest. Tokens are asked for with the right to delete."""

    actions = "pull,delete"

    def delete_manifest(self, repository: str, digest: Digest) -> bool:
        """True where the registry deleted it, False where it was gone already. Never sent twice.

        Without an answer in time, HEAD tells whether it is gone. Raises DeleteDisabled, RegistryDenied,
        RegistryUnreachable where it is not known or still there, RegistryMisbehaved.
        """
        parse_digest(digest)
        try:
            answer = self._transport.ask_or_hangup(_question(repository, digest, self.actions, DELETE_SECONDS))
        except RegistryUnreachable:
            answer = None
        if answer is None:
            return self._looked_after(repository, digest)
        if answer.status == 202:
            return True
        if answer.status == 404 and answer.codes() & _GONE:
            return False
        state = _state(answer)
        if state in {DeleteState.DISABLED, DeleteState.READ_ONLY}:
            raise DeleteDisabled(f"{self.target.root}: {_WORDS[state]}")
        if answer.status == 400 and "DIGEST_INVALID" in answer.codes():
            raise RegistryUnreachable(
                f"{self.target.root}: deleting {repository}@{digest} was answered with 400 DIGEST_INVALID, as 2.8 does "
                "that reads a tag which is being written: the next run looks again"
            )
        raise unexpected(answer, f"deleting {repository}@{digest}", self.target.root)

    def _looked_after(self, repository: str, digest: Digest) -> bool:
        if self.head(repository, digest) is None:
            return True
        raise RegistryUnreachable(
            f"{self.target.root}: deleting {repository}@{digest} got no answer, and it is still there: "
            "it may yet go; the next run looks again"
        )


def probe_deletes(target: Target, repository: str = PROBE_REPOSITORY) -> DeleteState:
    """What the registry would say to a DELETE, told by one for a digest that nothing can have: it changes nothing.

    Raises RegistryUnreachable. `repository` matters where rights are given for each.
    """
    with closing(Transport(target)) as transport:
        try:
            return _state(transport.ask(_question(repository, _ABSENT, Deleter.actions, target.timeout[1])))
        except RegistryDenied:
            return DeleteState.DENIED


def delete_setting(major: int | None) -> str:
    """The exact setting that switches deletes on, for messages."""
    files = {2: "/etc/docker/registry/config.yml", 3: "/etc/distribution/config.yml"}
    path = files.get(major or 0, "its configuration file")
    return (
        "Set REGISTRY_STORAGE_DELETE_ENABLED=true in the environment of the registry (the word true: 1 does not "
        f"count), or storage.delete.enabled: true in {path}, and restart it."
    )


_WORDS = {
    DeleteState.DISABLED: "deletes are switched off. " + delete_setting(None),
    DeleteState.READ_ONLY: "the registry is in read-only mode: it deletes nothing until its maintenance mode is lifted",
}


def _question(repository: str, digest: Digest, actions: str, seconds: float) -> Question:
    return Question(
        "DELETE",
        f"{repository_path(repository)}/manifests/{digest}",
        f"deleting {repository}@{digest}",
        (f"repository:{repository}:{actions}",),
        once=True,
        read_timeout=seconds,
    )


def _state(answer: Answer) -> DeleteState:
    """405 alone is ambiguous: read-only mode says it in plain text with Allow, switched-off deletes in JSON without."""
    if answer.status in {202, 404} and (answer.status == 202 or answer.codes() & _GONE):
        return DeleteState.ENABLED
    if answer.status in {401, 403}:
        return DeleteState.DENIED
    if answer.status == 405 and "UNSUPPORTED" in answer.codes():
        return DeleteState.DISABLED
    if answer.status == 405 and {"GET", "HEAD"} <= {
        part.strip() for part in answer.headers.get("allow", "").split(",")
    }:
        return DeleteState.READ_ONLY
    return DeleteState.UNKNOWN
