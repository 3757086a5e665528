"""A keepsake: manifests as they were before they were deleted, so that each can be put back. Pure: values and bytes.

One gzip stream, cut into pieces that fit into ConfigMaps; whole, it is a file that `gunzip` reads. The first line is
the header, every other line one manifest, all of them JSON, in the order in which they were to be deleted. It is
written and read as a stream: memory holds one manifest at a time. What is read is outside data: every body is held
against its digest.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Base64Bytes, Field, ValidationError

from regsweep.api.meta import Model
from regsweep.core.oci import MAXIMUM_MANIFEST_BYTES, Digest, digest_of
from regsweep.core.plan import Action
from regsweep.errors import KeepsakeTooLarge, KeepsakeUnreadable

KEEPSAKE_VERSION: Literal[1] = 1
CHUNK_KEY = "keepsake.json.gz"
"""The key of a piece in a ConfigMap's `binaryData`."""
CHUNK_BYTES = 700_000
"""Compressed bytes of a piece: as base64 they stay below the 1 MiB of a ConfigMap, with room for its metadata."""
MAXIMUM_CHUNKS = 64
"""Of one keepsake: some 70,000 manifests."""
MAXIMUM_TEXT_BYTES = 1 << 30
MAXIMUM_LINE_BYTES = 8 * MAXIMUM_MANIFEST_BYTES
"""A body of control characters becomes six times as long in JSON."""

D = TypeVar("D", bound=Model)

_GZIP = 31  # zlib's window bits that mean a gzip header
_STEP = 1 << 20

Sha256 = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[a-z0-9]+([._/-]+[a-z0-9]+)*$")]


@dataclass(frozen=True, slots=True)
class Saved:
    """One manifest as it was before it was deleted. `tags` pointed at it then; `root` is the first of its train."""

    repository: str
    digest: Digest
    media_type: str
    body: bytes = field(repr=False)
    tags: tuple[str, ...]
    root: Digest


@dataclass(frozen=True, slots=True)
class Heading:
    """Of what a keepsake is: the registry's URL, the policy by name, the plan by digest."""

    registry: str
    policy: str
    plan: str


class HeadingDocument(Model):
    """The first line."""

    keepsake: Literal[1]
    registry: Annotated[str, Field(max_length=1024)]
    policy: Annotated[str, Field(max_length=1024)]
    plan: Sha256


class SavedDocument(Model):
    """Any other line. `text` holds the body, or `base64` where it is no text in UTF-8."""

    repository: Name
    digest: Sha256
    media_type: Annotated[str, Field(min_length=1, max_length=255)]
    tags: tuple[Tag, ...]
    root: Sha256
    text: str | None = None
    base64: Base64Bytes | None = None


def saved(action: Action, body: bytes, media_type: str, tags: Iterable[str]) -> Saved:
    """What is kept of an action. `tags` are those of the repository: one that is gone already is not to come back."""
    there = frozenset(tags)
    return Saved(
        action.repository,
        action.digest,
        media_type,
        body,
        tuple(tag for tag in action.tags if tag in there),
        action.root,
    )


def pack(heading: Heading, manifests: Iterable[Saved]) -> Iterator[bytes]:
    """The pieces, as they get full: each but the last has CHUNK_BYTES. Raises KeepsakeTooLarge for more than
    MAXIMUM_CHUNKS.
    """
    packer, waiting, count = zlib.compressobj(6, zlib.DEFLATED, _GZIP), bytearray(), 0
    for line in _lines(heading, manifests):
        waiting += packer.compress(line)
        while len(waiting) >= CHUNK_BYTES:
            count = _counted(count)
            yield bytes(waiting[:CHUNK_BYTES])
            del waiting[:CHUNK_BYTES]
    waiting += packer.flush()
    for start in range(0, len(waiting), CHUNK_BYTES):
        count = _counted(count)
        yield bytes(waiting[start : start + CHUNK_BYTES])


def heading_of(pieces: Iterable[bytes]) -> Heading:
    """The heading alone: only the first piece is read. Raises KeepsakeUnreadable."""
    line = next(_unpacked(pieces), b"")
    document = _checked(HeadingDocument, line, "its first line")
    return Heading(document.registry, document.policy, document.plan)


def unpack(pieces: Iterable[bytes]) -> Iterator[Saved]:
    """Every manifest, in the order in which they were kept. Raises KeepsakeUnreadable where a piece is missing, or was
    changed: whoever has to know that all is whole reads to the end first.
    """
    lines = _unpacked(pieces)
    _checked(HeadingDocument, next(lines, b""), "its first line")
    for number, line in enumerate(lines, 2):
        yield _saved(_checked(SavedDocument, line, f"line {number}"), number)


def check(pieces: Iterable[bytes]) -> None:
    """Read to the end: all of it is there, and nothing was changed. Raises KeepsakeUnreadable."""
    for _ in unpack(pieces):
        pass


def _saved(document: SavedDocument, number: int) -> Saved:
    body = document.text.encode() if document.text is not None else document.base64 or b""
    if len(body) > MAXIMUM_MANIFEST_BYTES or digest_of(body) != document.digest:
        raise KeepsakeUnreadable(
            f"the keepsake is damaged: the bytes in line {number} are not those of "
            f"{document.repository}@{document.digest}"
        )
    return Saved(
        document.repository,
        Digest(document.digest),
        document.media_type,
        body,
        document.tags,
        Digest(document.root),
    )


def _counted(count: int) -> int:
    if count >= MAXIMUM_CHUNKS:
        raise KeepsakeTooLarge(
            f"what would be deleted cannot be kept for an undo: it needs more than {MAXIMUM_CHUNKS} pieces of "
            f"{CHUNK_BYTES} bytes. Nothing was deleted. Delete less at once (limits.maxDeletions, or fewer "
            "repositories), or give the undo up with spec.undo.enabled: false"
        )
    return count + 1


def _lines(heading: Heading, manifests: Iterable[Saved]) -> Iterator[bytes]:
    yield _line(
        {
            "keepsake": KEEPSAKE_VERSION,
            "registry": heading.registry,
            "policy": heading.policy,
            "plan": heading.plan,
        }
    )
    for one in manifests:
        yield _line(
            {
                "repository": one.repository,
                "digest": one.digest,
                "mediaType": one.media_type,
                "tags": list(one.tags),
                "root": one.root,
                **_body(one.body),
            }
        )


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _checked(kind: type[D], line: bytes, where: str) -> D:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise KeepsakeUnreadable(
            f"this is no keepsake of version {KEEPSAKE_VERSION}, or it was changed: {where}"
            f"{f', {place}' if place else ''}: {first['msg']}"
        ) from None


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines. No more than a step is unpacked ahead, and never more than the limits in all."""
    unpacker, waiting, total, more = zlib.decompressobj(_GZIP), bytearray(), 0, False
    try:
        for piece in pieces:
            rest = piece
            while rest and not unpacker.eof:
                text = unpacker.decompress(rest, _STEP)
                rest = unpacker.unconsumed_tail
                waiting += text
                total += len(text)
                _within_limits(len(waiting), total)
                *lines, tail = bytes(waiting).split(b"\n")
                waiting = bytearray(tail)
                yield from lines
            more = more or bool(rest or unpacker.unused_data)
    except zlib.error:
        raise KeepsakeUnreadable("this is no keepsake, or it is damaged: it cannot be unpacked") from None
    if not unpacker.eof or more or waiting:
        raise KeepsakeUnreadable("the keepsake is not whole: a part of it is missing, or something follows it")


def _within_limits(line: int, total: int) -> None:
    if line > MAXIMUM_LINE_BYTES + _STEP or total > MAXIMUM_TEXT_BYTES:
        raise KeepsakeUnreadable("the keepsake is larger than one may be: is it the right one?")
