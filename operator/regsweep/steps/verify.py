"""The proof: every kept root is whole. Its manifest, children, config and layers answer HEAD, each once in its
repository.

It deletes nothing and repairs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from regsweep.clients.registry import Reader
from regsweep.core.inventory import Census, Finding
from regsweep.core.oci import Digest
from regsweep.core.outcome import Verification
from regsweep.core.ports import Progress, Stop

_Check = tuple[str, Digest, bool]  # repository, digest, is it a manifest


@dataclass(frozen=True, slots=True)
class Verifier:
    reader: Reader
    concurrency: int
    stop: Stop
    progress: Progress


def verify(census: Census, work: Verifier, *, blobs: bool, lost: Collection[str]) -> Verification:
    """HEAD all that the census names. `blobs`: config and layers too, which only a collection can take.

    `lost` are the digests that this run deleted or swept: an image that misses one of them was damaged by us.
    Whatever else
    is missing was missing before, and is a finding. Raises RegistryError when the registry does not answer.
    """
    checks = [(name, digest, True) for name, digests in census.manifests.items() for digest in digests]
    if blobs:
        checks += [(name, digest, False) for name, digests in census.blobs.items() for digest in digests]
    work.progress.begin("verify", len(checks))
    missing = list(_absent(sorted(checks), work))
    damaged = tuple(_finding("damaged.by-run", check) for check in missing if check[1] in lost)
    never = {*lost, *census.foreign}  # what is fetched from elsewhere need not be here
    broken = tuple(_finding("broken.missing-content", check) for check in missing if check[1] not in never)
    return Verification(len(census.roots), sum(not check[2] for check in checks), damaged, broken)


def _absent(checks: list[_Check], work: Verifier) -> Iterator[_Check]:
    def answers(check: _Check) -> bool:
        work.stop.check()
        name, digest, is_manifest = check
        found = work.reader.head(name, digest) is not None if is_manifest else work.reader.has_blob(name, digest)
        work.progress.advance(1, name)
        return found

    with ThreadPoolExecutor(max_workers=work.concurrency, thread_name_prefix="verify") as pool:
        rest = iter(checks)
        while batch := list(islice(rest, 1000)):  # a failure ends the work within one batch
            yield from (check for check, found in zip(batch, pool.map(answers, batch), strict=True) if not found)


def _finding(code: str, check: _Check) -> Finding:
    name, digest, is_manifest = check
    what = "manifest" if is_manifest else "config or layer"
    return Finding(
        code, name, digest, f"the {what} {digest} is needed by an image that was to be kept and is not there"
    )
