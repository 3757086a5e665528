"""Which content survives and which does not, over the whole registry: blobs are shared by all repositories.

Digests are kept as 32 raw bytes in 256 rows by their first byte, and sorted out row by row only at the end: each
repository costs 32 to 40 bytes for each digest that its manifests name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from regsweep.core.oci import Digest

_KEY = 32
_SIZE = 8


class Ledger:
    """Add all repositories, then ask."""

    def __init__(self) -> None:
        self._kept = [bytearray() for _ in range(256)]
        self._held = [bytearray() for _ in range(256)]
        self._condemned = [bytearray() for _ in range(256)]

    def keep(self, digests: Iterable[Digest]) -> None:
        """What a manifest that stays reaches: the collector will mark it."""
        self._note(self._kept, digests)

    def hold(self, digests: Iterable[Digest]) -> None:
        """What may be marked, and must not be promised: what an unknown manifest names, an index's absent children."""
        self._note(self._held, digests)

    def condemn(self, sizes: Mapping[Digest, int]) -> None:
        """What a manifest that goes reaches, with its size in bytes."""
        for digest, size in sizes.items():
            key = bytes.fromhex(digest[7:])
            self._condemned[key[0]] += key + size.to_bytes(_SIZE)

    def marks(self) -> int:
        """The number of distinct digests that are kept."""
        return sum(len(set(_keys(row, _KEY))) for row in self._kept)

    def freed(self) -> int:
        """The bytes that only what goes reaches, each digest counted once, at the largest size that anybody states."""
        return sum(sum(sizes.values()) for sizes in self._rows_of_freed())

    def freed_digests(self) -> Iterator[Digest]:
        """The digests that `freed` counts, each once, in order."""
        for sizes in self._rows_of_freed():
            yield from (Digest(f"sha256:{key.hex()}") for key in sorted(sizes))

    def _rows_of_freed(self) -> Iterator[dict[bytes, int]]:
        for kept, held, condemned in zip(self._kept, self._held, self._condemned, strict=True):
            sizes: dict[bytes, int] = {}
            for entry in _keys(condemned, _KEY + _SIZE):
                key, size = entry[:_KEY], int.from_bytes(entry[_KEY:])
                sizes[key] = max(size, sizes.get(key, 0))
            for row in (kept, held):
                for key in _keys(row, _KEY):
                    sizes.pop(key, None)
            yield sizes

    def _note(self, rows: list[bytearray], digests: Iterable[Digest]) -> None:
        for digest in digests:
            key = bytes.fromhex(digest[7:])
            rows[key[0]] += key


def _keys(row: bytearray, width: int) -> Iterator[bytes]:
    return (bytes(row[at : at + width]) for at in range(0, len(row), width))
