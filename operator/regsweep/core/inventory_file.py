"""A saved inventory: what was read of a registry, line by line, so that a policy can be tried on it later.

Written and read one repository at a time: memory is bounded by the largest. The last line holds counts and a digest,
so that a file that was cut or changed is refused; whoever reads believes nothing before that line was read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from regsweep.api.described import Described
from regsweep.api.load import problems
from regsweep.api.policy import PolicySpec
from regsweep.core.inventory import NOTHING_IN_USE, InUse, Repository, Unread
from regsweep.core.inventory_document import (
    INVENTORY_VERSION,
    EndLine,
    HeaderLine,
    RepositoryLine,
    UnreadLine,
    in_use_document,
    in_use_of,
    repository_document,
    repository_of,
    time_text,
)
from regsweep.errors import InventoryUnreadable

AGAIN = "Make it again with `regsweep plan --save-inventory`."

LONGEST_LINE = 512 << 20
"""Bytes of one repository: 200,000 tags with an index and two platforms each."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DECODER = json.JSONDecoder()
_REPOSITORY, _UNREAD, _END = b'{"repository":', b'{"unread":', b'{"end":'

Line = TypeVar("Line", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Taking:
    """How an inventory was taken. `in_use` is None where nobody was asked who uses what."""

    inventory: str
    taken_at: datetime
    whole: bool
    in_use: InUse | None


@dataclass(frozen=True, slots=True)
class Header:
    """What a saved inventory says of itself: of which registry, how and when taken, under which policy."""

    registry: str
    read_at: str
    policy: str
    spec: PolicySpec
    taking: Taking


@dataclass(frozen=True, slots=True)
class Skipped:
    """A repository that is in the file, and was not asked for."""

    name: str


@dataclass(slots=True)
class _Counts:
    repositories: int = 0
    unread: int = 0
    tags: int = 0
    manifests: int = 0


@dataclass(slots=True)
class InventoryWriter:
    """Makes the lines, in the order header, repositories, end. Each is bytes with its line feed."""

    _hash: Any = field(default_factory=hashlib.sha256)
    _counts: _Counts = field(default_factory=_Counts)
    _in_use: InUse = NOTHING_IN_USE

    def header(self, header: Header) -> bytes:
        taking = header.taking
        self._in_use = taking.in_use or NOTHING_IN_USE
        return self._line(
            {
                "version": INVENTORY_VERSION,
                "registry": header.registry,
                "readAt": header.read_at,
                "inventory": taking.inventory,
                "takenAt": time_text(taking.taken_at),
                "whole": taking.whole,
                "policy": {
                    "name": header.policy,
                    "spec": header.spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
                },
                "inUse": in_use_document(taking.in_use),
            }
        )

    def repository(self, repository: Repository) -> bytes:
        """Raises InventoryUnreadable for a repository that nobody could read back."""
        line = self._line(repository_document(repository, self._in_use.doubt(repository.name)))
        if len(line) > LONGEST_LINE:
            raise InventoryUnreadable(
                f"{repository.name} is too large for a saved inventory: {len(line)} bytes, "
                f"where a line may have {LONGEST_LINE}"
            )
        self._counts.repositories += 1
        self._counts.tags += len(repository.tags)
        self._counts.manifests += len(repository.manifests)
        return line

    def unread(self, name: str, reason: str) -> bytes:
        self._counts.unread += 1
        return self._line({"unread": name, "reason": reason})

    def end(self) -> bytes:
        counts = self._counts
        return self._line(
            {
                "end": {
                    "repositories": counts.repositories,
                    "unread": counts.unread,
                    "tags": counts.tags,
                    "manifests": counts.manifests,
                    "digest": f"sha256:{self._hash.hexdigest()}",
                }
            }
        )

    def _line(self, document: dict[str, Any]) -> bytes:
        line = _ENCODER.encode(_speakable(document)).encode() + b"\n"
        self._hash.update(line)
        return line


class InventoryReader:
    """Reads lines, each with its line feed. All of it raises InventoryUnreadable for what is no whole inventory.

    What `header.taking.in_use` says of doubt is known of the repositories that were read so far.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._hash = hashlib.sha256()
        self._counts = _Counts()
        self._names: set[str] = set()
        self._doubts: dict[str, str] = {}
        self.header = self._read_header()

    def repositories(self, only: str | None = None) -> Iterator[Repository | Unread | Skipped]:
        """All of the file, up to its end, once. With `only`, other repositories are not looked into."""
        for line in self._lines:
            if not line.endswith(b"\n"):
                break
            if line.startswith(_END):
                self._finish(_parse(EndLine, line))
                return
            self._hash.update(line)
            yield self._entry(line, only)
        raise InventoryUnreadable(f"the inventory has no end: it was cut. {AGAIN}")

    def _read_header(self) -> Header:
        line = next(self._lines, b"")
        version = _version(line)
        if version != INVENTORY_VERSION:
            raise InventoryUnreadable(
                f"the inventory is of version {str(version)[:20]}, and this regsweep understands version "
                f"{INVENTORY_VERSION}: make it with this regsweep."
            )
        self._hash.update(line)
        said = _parse(HeaderLine, line)
        try:
            spec = PolicySpec.model_validate(said.policy.spec)
        except ValidationError as error:
            name, message = problems(error)[0]
            raise InventoryUnreadable(
                f"the policy in the inventory is not one of this regsweep: {name} {message}. {AGAIN}"
            ) from None
        taking = Taking(said.inventory, said.taken_at, said.whole, in_use_of(said.in_use, self._doubt))
        return Header(said.registry, said.read_at, said.policy.name, spec, taking)

    def _entry(self, line: bytes, only: str | None) -> Repository | Unread | Skipped:
        if line.startswith(_UNREAD):
            gap = _parse(UnreadLine, line)
            self._once(gap.unread)
            self._counts.unread += 1
            return Unread(gap.unread, gap.reason)
        if not line.startswith(_REPOSITORY):
            raise InventoryUnreadable(f"a line of the inventory is neither a repository nor the end. {AGAIN}")
        name = _name(line)
        self._once(name)
        self._counts.repositories += 1
        if only is not None and name != only:
            return Skipped(name)
        said = _parse(RepositoryLine, line)
        repository = repository_of(said)
        if said.doubt:
            self._doubts[name] = said.doubt
        self._counts.tags += len(repository.tags)
        self._counts.manifests += len(repository.manifests)
        return repository

    def _doubt(self, repository: str) -> str:
        return self._doubts.get(repository, "")

    def _once(self, name: str) -> None:
        if name in self._names:
            raise InventoryUnreadable(f"the inventory holds {name[:255]} twice. {AGAIN}")
        self._names.add(name)

    def _finish(self, line: EndLine) -> None:
        if next(self._lines, None) is not None:
            raise InventoryUnreadable(f"something follows the end of the inventory. {AGAIN}")
        if line.end.digest != f"sha256:{self._hash.hexdigest()}":
            raise InventoryUnreadable(f"the inventory was changed after it was made: its digest does not fit. {AGAIN}")
        if (line.end.repositories, line.end.unread) != (self._counts.repositories, self._counts.unread):
            raise InventoryUnreadable(f"the inventory is not whole: its counts do not fit. {AGAIN}")


def inventory_schema() -> str:
    """The JSON schema of a line, as docs/inventory.schema.json holds it."""
    lines: TypeAdapter[Any] = TypeAdapter(HeaderLine | RepositoryLine | UnreadLine | EndLine)
    title = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a saved inventory of regsweep, version 1",
    }
    document = lines.json_schema(by_alias=True, schema_generator=Described)
    return json.dumps({**document, **title}, indent=2, sort_keys=True) + "\n"


def _version(line: bytes) -> object:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise InventoryUnreadable(f"this is no inventory: its first line is not JSON. {AGAIN}") from None
    version = document.get("version") if isinstance(document, dict) else None
    if version is None or not isinstance(document, dict) or not isinstance(document.get("policy"), dict):
        raise InventoryUnreadable(f"this is no inventory: its first line holds no version and policy of one. {AGAIN}")
    return version


def _name(line: bytes) -> str:
    """The value of the first key, without parsing the rest."""
    start = len(_REPOSITORY)
    try:
        name, _ = _DECODER.raw_decode(line[start : start + 8192].decode(errors="replace"))
    except ValueError:
        name = None
    if not isinstance(name, str):
        raise InventoryUnreadable(f"the inventory is damaged: a repository has no name. {AGAIN}")
    return name


def _parse(kind: type[Line], line: bytes) -> Line:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        name, message = problems(error)[0]
        raise InventoryUnreadable(f"the inventory is damaged: {name} {message[:300]}. {AGAIN}") from None


def _speakable(value: Any) -> Any:
    """What a registry answers may hold half of a surrogate pair, which no reader of JSON takes: it becomes `?`."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_speakable(key): _speakable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_speakable(inner) for inner in value]
    return value
