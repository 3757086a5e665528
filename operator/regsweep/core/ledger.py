"""Which content survives and which does not, over the whole registry: blobs are shared by all repositories.

Digests are kept as raw bytes in 256 rows by their first byte, and sorted out row by row only at the end. What stays is
only counted and compared: 16 of the 32 bytes tell digests apart well enough for that. What goes has a size beside it.
So each repository costs 16 to 40 bytes for each digest that its manifests name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from struct import Struct
from typing import Any

from regsweep.core.oci import Digest

_WIDTH = 16
_KEY = Struct(f"{_WIDTH}s")
_ENTRY = Struct(">32sQ")

_AT_ONCE = 2 << 20
"""Bytes that rows grow by before they are set down. Many that grow side by side keep moving, and leave behind them room
that fits nothing else: in the end as much as they hold."""


class Ledger:
    """Add all repositories, then ask."""

    def __init__(self) -> None:
        self._kept = _Rows(_KEY)
        self._held = _Rows(_KEY)
        self._condemned = _Rows(_ENTRY)

    def keep(self, digests: Collection[Digest]) -> None:
        """What a manifest that stays reaches: the collector will mark it."""
        _note(self._kept, digests)

    def hold(self, digests: Collection[Digest]) -> None:
        """What may be marked, and must not be promised: what an unknown manifest names, an index's absent children."""
        _note(self._held, digests)

    def condemn(self, sizes: Mapping[Digest, int]) -> None:
        """What a manifest that goes reaches, with its size in bytes."""
        growing, pack = self._condemned.growing, _ENTRY.pack
        for digest, size in sizes.items():
            key = bytes.fromhex(digest[7:])
            growing[key[0]] += pack(key, size)
        self._condemned.grew(len(sizes))

    def marks(self) -> int:
        """The number of distinct digests that are kept."""
        return sum(len(set(chain.from_iterable(row))) for row in self._kept)

    def freed(self) -> int:
        """The bytes that only what goes reaches, each digest counted once, at the largest size that anybody states."""
        return sum(sum(sizes.values()) for sizes in self._rows_of_freed())

    def freed_digests(self) -> Iterator[Digest]:
        """The digests that `freed` counts, each once, in order."""
        for sizes in self._rows_of_freed():
            yield from (Digest(f"sha256:{key.hex()}") for key in sorted(sizes))

    def _rows_of_freed(self) -> Iterator[dict[bytes, int]]:
        for kept, held, condemned in zip(self._kept, self._held, self._condemned, strict=True):
            staying = set(chain.from_iterable(kept)).union(chain.from_iterable(held))
            sizes: dict[bytes, int] = {}
            for key, size in condemned:
                if key[:_WIDTH] not in staying:
                    sizes[key] = max(size, sizes.get(key, 0))
            yield sizes


class _Rows:
    """Entries of one kind, by the first byte of their digest. Who adds to `growing` says afterwards how many came."""

    def __init__(self, entry: Struct) -> None:
        self.growing = [bytearray() for _ in range(256)]
        self._set_down: list[list[bytes]] = [[] for _ in range(256)]
        self._entry = entry
        self._new = 0

    def grew(self, entries: int) -> None:
        self._new += entries * self._entry.size
        if self._new < _AT_ONCE:
            return
        for row, pieces in zip(self.growing, self._set_down, strict=True):
            pieces.append(bytes(row))
            row.clear()
        self._new = 0

    def __iter__(self) -> Iterator[Iterator[tuple[Any, ...]]]:
        """Row by row, the entries of each."""
        for row, pieces in zip(self.growing, self._set_down, strict=True):
            yield chain.from_iterable(map(self._entry.iter_unpack, (*pieces, bytes(row))))


def _note(rows: _Rows, digests: Collection[Digest]) -> None:
    growing, end = rows.growing, 7 + 2 * _WIDTH
    for digest in digests:
        key = bytes.fromhex(digest[7:end])
        growing[key[0]] += key
    rows.grew(len(digests))
