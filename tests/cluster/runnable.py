"""Images that run: two programs of a few bytes, one that waits for ever and one that ends at once. For x86-64 alone."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from datetime import UTC, datetime

from regsweep.demo.documents import Document, sha256
from regsweep.demo.images import Layer, image, layer

WAIT = "/wait"
END = "/end"
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)

_PAUSE_FOR_EVER = bytes.fromhex("b8220000000f05ebf7")  # mov eax, 34 (pause); syscall; jmp back
_EXIT_WITH_0 = bytes.fromhex("b83c00000031ff0f05")  # mov eax, 60 (exit); xor edi, edi; syscall
_BASE, _HEADERS = 0x400000, 120


def runnable(seed: str) -> Document:
    """An image with both programs, unlike that of any other seed."""
    return image((_programs(), layer(seed, 5_000)), LONG_AGO, label=seed)


def elf(code: bytes) -> bytes:
    """A static program: the ELF header, one program header, the code."""
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    size = _HEADERS + len(code)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000) + code


def _programs() -> Layer:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for path, code in ((WAIT, _PAUSE_FOR_EVER), (END, _EXIT_WITH_0)):
            program = elf(code)
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(program), 0o755
            tar.addfile(entry, io.BytesIO(program))
    return Layer(gzip.compress(content.getvalue(), mtime=0), sha256(content.getvalue()))
