"""The proof: what was damaged by this run, what was broken before, and what need not be there at all."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from regsweep.core.inventory import Census
from regsweep.core.oci import Digest, digest_of
from regsweep.steps.verify import Verifier, verify

MANIFEST, LAYER, FOREIGN = (digest_of(name) for name in (b"manifest", b"layer", b"foreign"))
CENSUS = Census(
    roots=(("app", "1.0", MANIFEST),),
    manifests={"app": frozenset({MANIFEST})},
    blobs={"app": frozenset({LAYER, FOREIGN})},
    foreign=frozenset({FOREIGN}),
)


@dataclass(frozen=True, slots=True)
class Holding:
    """A registry that has these digests, and no others."""

    digests: frozenset[Digest]

    def head(self, repository: str, reference: str) -> object:
        return SimpleNamespace() if reference in self.digests else None

    def has_blob(self, repository: str, digest: Digest) -> bool:
        return digest in self.digests


def proven(*there: Digest, lost: frozenset[Digest] = frozenset()) -> tuple[list[str], list[str]]:
    """The digests that are damaged, and those that were broken before."""
    quiet: Any = SimpleNamespace(check=lambda: None, begin=lambda *_: None, advance=lambda *_: None)
    work = Verifier(cast("Any", Holding(frozenset(there))), 2, quiet, quiet)
    proof = verify(CENSUS, work, blobs=True, lost=lost)
    return [finding.reference for finding in proof.damaged], [finding.reference for finding in proof.findings]


def test_a_whole_image():
    assert proven(MANIFEST, LAYER, FOREIGN) == ([], [])


def test_a_foreign_layer_need_not_be_there():
    assert proven(MANIFEST, LAYER) == ([], [])


def test_a_foreign_layer_that_this_run_took_is_damage():
    assert proven(MANIFEST, LAYER, lost=frozenset({FOREIGN})) == ([FOREIGN], [])


def test_what_was_missing_before_is_a_finding():
    assert proven(MANIFEST, FOREIGN) == ([], [LAYER])


def test_what_this_run_took_is_damage():
    assert proven(FOREIGN, lost=frozenset({MANIFEST, LAYER})) == (sorted([MANIFEST, LAYER]), [])
