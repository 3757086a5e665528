"""A plan, or a record, cut into pieces that fit into ConfigMaps, and put together again. Pure: text in, base64 out.

One piece is the value of `binaryData["plan.json.gz"]` of one ConfigMap. The pieces in order are one gzip stream: so
`base64 -d | gunzip` reads a plan without regsweep, too.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable

from regsweep.errors import PlanUnreadable

CHUNK_KEY = "plan.json.gz"
REPORT_KEY = "report.json.gz"
"""The same for the record of a run."""
CHUNK_BYTES = 700_000
"""Compressed bytes of a piece: as base64 they stay below the 1 MiB of a ConfigMap, with room for its metadata."""
MAXIMUM_CHUNKS = 64
MAXIMUM_TEXT_BYTES = 1 << 30

_GZIP = 31  # zlib's window bits that mean a gzip header


def to_chunks(text: str) -> tuple[str, ...]:
    """The pieces of a text, in order. Equal texts give equal pieces. Raises PlanUnreadable for too large a text."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    data = packer.compress(text.encode()) + packer.flush()
    pieces = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
    if len(pieces) > MAXIMUM_CHUNKS:
        raise PlanUnreadable(
            f"the plan is too large to be kept in the cluster ({len(data)} bytes compressed): "
            "lower spec.limits.maxDeletions, or give each policy fewer repositories"
        )
    return tuple(base64.b64encode(piece).decode() for piece in pieces)


def from_chunks(chunks: Iterable[str]) -> str:
    """The text that `to_chunks` cut. Raises PlanUnreadable for pieces that are missing, damaged or too large."""
    try:
        data = b"".join(base64.b64decode(chunk, validate=True) for chunk in chunks)
        unpacker = zlib.decompressobj(_GZIP)
        text = unpacker.decompress(data, MAXIMUM_TEXT_BYTES)
    except (binascii.Error, zlib.error, ValueError):
        raise PlanUnreadable("the plan in the ConfigMaps is damaged: make a new run, it plans anew") from None
    if not unpacker.eof or unpacker.unused_data:
        raise PlanUnreadable("the plan in the ConfigMaps is not whole, or too large: make a new run, it plans anew")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise PlanUnreadable("the plan in the ConfigMaps is damaged: make a new run, it plans anew") from None
