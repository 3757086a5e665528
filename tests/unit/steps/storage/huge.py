"""The listing of a huge repository, read as it comes. As a program: prints its tags, what is doubtful, and the bytes of
memory that reading it took at most."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from regsweep.steps.storage.listing import read_listing

TAGS = 100_000


def pieces() -> Iterator[bytes]:
    """One repository of 100,000 tags, each with a revision of its own, as a store prints it."""
    yield b"store 1 5\nD ./big/_manifests\n+ 1\n"
    for first in range(0, TAGS, 400):
        some = range(first, first + 400)
        paths = [f"./big/_manifests/tags/build-{number:06}" for number in some]
        yield "".join(f"D {path}\n" for path in paths).encode()
        yield "".join(f"{path}/current/link:sha256:{at:064x}\n" for path, at in zip(paths, some, strict=True)).encode()
        yield "".join(f"S 1700000000 71 {path}/current/link\n" for path in paths).encode() + b"+ 800\n"
    yield b"ended 0\n+ 0\ntags 0\n"
    for first in range(0, TAGS, 400):
        paths = [f"./big/_manifests/revisions/sha256/{number:064x}/link" for number in range(first, first + 400)]
        yield "".join(f"S 1700000000 71 {path}\n" for path in paths).encode() + b"+ 400\n"
    yield b"ended 0\n+ 0\nrevisions 0\nend\n"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    before = _peak()
    listing = read_listing(pieces())
    more = _peak() - before
    print(len(listing.shelves["big"].tags()), len(list(listing.doubtful())), more)
