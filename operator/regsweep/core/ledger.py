"""Which content survives and which does not, over the whole registry: blobs are shared by all repositories.

Digests are kept as raw bytes in 256 rows by their first byte, and sorted out row by row only at the end. What stays is
only counted and compared: 16 of the 32 bytes tell digests apart well enough for that. What goes has a size beside it.
So each repository costs 16 to 40 bytes for each digest that its manifests name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from struct import Struct

from regsweep.core.oci import Digest

_KEY = 16
_ENTRY = Struct(">32sQ")


class Ledger:
    """Add all repositories, then ask."""

    def __init__(self) -> None:
        self._kept = [bytearray() for _ in range(256)]
        self._held = [bytearray() for _ in range(256)]
        self._condemned = [bytearray() for _ in range(256)]

    def keep(self, digests: Iterable[Digest]) -> None:
        """What a manifest that stays reaches: the collector will mark it."""
        _note(self._kept, digests)

    def hold(self, digests: Iterable[Digest]) -> None:
        """What may be marked, and must not be promised: what an unknown manifest names, an index's absent children."""
        _note(self._held, digests)

    def condemn(self, sizes: Mapping[Digest, int]) -> None:
        """What a manifest that goes reaches, with its size in bytes."""
        rows, pack = self._condemned, _ENTRY.pack
        for digest, size in sizes.items():
            key = bytes.fromhex(digest[7:])
            rows[key[0]] += pack(key, size)

    def marks(self) -> int:
        """The number of distinct digests that are kept."""
        return sum(len(set(_keys(row))) for row in self._kept)

    def freed(self) -> int:
        """The bytes that only what goes reaches, each digest counted once, at the largest size that anybody states."""
        return sum(sum(sizes.values()) for sizes in self._rows_of_freed())

    def freed_digests(self) -> Iterator[Digest]:
        """The digests that `freed` counts, each once, in order."""
        for sizes in self._rows_of_freed():
            yield from (Digest(f"sha256:{key.hex()}") for key in sorted(sizes))

    def _rows_of_freed(self) -> Iterator[dict[bytes, int]]:
        for kept, held, condemned in zip(self._kept, self._held, self._condemned, strict=True):
            staying = set(_keys(kept)).union(_keys(held)) if condemned else set()
            sizes: dict[bytes, int] = {}
            for key, size in _ENTRY.iter_unpack(condemned):
                if key[:_KEY] not in staying:
                    sizes[key] = max(size, sizes.get(key, 0))
            yield sizes


def _note(rows: list[bytearray], digests: Iterable[Digest]) -> None:
    end = 7 + 2 * _KEY
    for digest in digests:
        key = bytes.fromhex(digest[7:end])
        rows[key[0]] += key


def _keys(row: bytearray) -> Iterator[bytes]:
    content = bytes(row)
    return (content[at : at + _KEY] for at in range(0, len(content), _KEY))
