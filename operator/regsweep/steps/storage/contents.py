"""What a store says about blobs: which are there, how large they are, and what the small ones hold. Pure, one blob at a
time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from regsweep.core.oci import Digest, digest_of
from regsweep.steps.storage.answers import Pieces, Record, batches, closing, opening


def read_sizes(pieces: Iterable[bytes], asked: AbstractSet[Digest]) -> Mapping[Digest, int]:
    """The size in bytes of each blob that is there. Raises ValueError for half an answer, and for a symbolic link."""
    answer = Pieces(pieces)
    opening(answer)
    records = [record for batch in batches(answer, "look") for record in batch.records]
    closing(answer)
    if {_digest(record) for record in records} != asked:
        raise ValueError("it does not say of each blob whether it is there")
    return {_digest(record): record.size for record in records if record.mark == "S"}


def read_contents(
    pieces: Iterable[bytes], asked: AbstractSet[Digest], largest: int
) -> Iterator[tuple[Digest, bytes | None]]:
    """Each blob with its bytes; None where they are not what its digest says, or where it is not there any more.

    Raises ValueError for half an answer, and for a blob of more than `largest` bytes.
    """
    answer = Pieces(pieces)
    opening(answer)
    told: set[Digest] = set()
    for batch in batches(answer, "look"):
        for record in batch.records:
            digest = _digest(record)
            told.add(digest)
            body = answer.take(_bounded(record, largest)) if record.mark == "S" else None
            yield digest, body if body is not None and digest_of(body) == digest else None
        if answer.line():
            raise ValueError("the bytes of a batch are not as many as their sizes say")
    closing(answer)
    if told != asked:
        raise ValueError("it does not show each blob that was asked for")


def _bounded(record: Record, largest: int) -> int:
    if record.size > largest:
        raise ValueError(f"{record.path} has {record.size} bytes, more than {largest}")
    return record.size


def _digest(record: Record) -> Digest:
    """Of a path below the blobs: `ab/ab12.../data`."""
    _, _, rest = record.path.partition("/")
    hexes, _, name = rest.partition("/")
    if record.mark not in "S-" or name != "data":
        raise ValueError(f"{record.path} is no file of a blob")
    return Digest(f"sha256:{hexes}")
