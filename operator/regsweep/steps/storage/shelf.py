"""What one repository has on disk, packed: some hundred bytes for a tag and its revision. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

_TIME, _KEY = 8, 32
_ROW = _KEY + _TIME


@dataclass(slots=True)
class Shelf:
    """`rows` and `revisions` are packed; of several rows of a tag the last one holds.

    `bare` are tags without a link, `gone` tags that are not there any more. `broken` maps the path of each broken link
    to its size in bytes, `leftovers` those of half writes to the time of the write. `layers` says whether the
    repository has a folder of layers, `strange` whether it has a revision by another algorithm than sha256.
    """

    rows: bytearray = field(default_factory=bytearray)
    revisions: bytearray = field(default_factory=bytearray)
    bare: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    broken: dict[str, int] = field(default_factory=dict)
    leftovers: dict[str, int] = field(default_factory=dict)
    layers: bool = False
    strange: bool = False

    def put_tag(self, name: str, digest: str, written: int) -> None:
        text = name.encode()
        self.rows += bytes((len(text),)) + text + _row(digest.removeprefix("sha256:"), written)

    def put_revision(self, hexes: str, written: int) -> None:
        self.revisions += _row(hexes, written)

    def tags(self) -> dict[str, tuple[str, int]]:
        """Of each tag with a good link: the hex of its digest, and its last push in seconds since 1970."""
        found: dict[str, tuple[str, int]] = {}
        at = 0
        while at < len(self.rows):
            end = at + 1 + self.rows[at]
            name = self.rows[at + 1 : end].decode()
            if name not in self.bare and name not in self.gone:
                found[name] = _parted(self.rows[end : end + _ROW])
            at = end + _ROW
        return found

    def pushes(self) -> dict[str, int]:
        """Of each revision, by the hex of its digest: its last push in seconds since 1970."""
        rows = (self.revisions[at : at + _ROW] for at in range(0, len(self.revisions), _ROW))
        return dict(_parted(row) for row in rows)


def _row(hexes: str, written: int) -> bytes:
    return bytes.fromhex(hexes) + written.to_bytes(_TIME, signed=True)


def _parted(row: bytearray) -> tuple[str, int]:
    return row[:_KEY].hex(), int.from_bytes(row[_KEY:], signed=True)
