"""The collector's output as Distribution 2.8.2 and 3.1.2 really print it, in pieces of any size."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.collector_output import CollectorOutput, Summary
from regsweep.core.oci import Digest

A, B, C, D = (Digest("sha256:" + letter * 64) for letter in "abcd")
OUTPUT = f"""team/app
team/app: marking manifest {A} 
team/app: marking blob {B}
team/app: layer link eligible for deletion: {D}
other

2 blobs marked, 2 blobs and 1 manifests eligible for deletion
manifest eligible for deletion: {D}
blob eligible for deletion: {C}
blob eligible for deletion: {D}
"""  # noqa: W291


@given(cuts=st.lists(st.integers(0, len(OUTPUT)), max_size=12))
def test_any_pieces_say_the_same(cuts):
    marks: list[Digest] = []
    output = CollectorOutput(marked=marks.append)
    edges = [0, *sorted(cuts), len(OUTPUT)]
    for start, end in pairwise(edges):
        output.feed(OUTPUT.encode()[start:end])
    output.end()
    assert marks == [A, B]
    assert (output.eligible, output.manifests, output.summary) == ({C, D}, 1, Summary(2, 2, 1))
    assert output.repository == "other"


def test_a_last_line_without_newline_counts():
    output = CollectorOutput(marked=lambda _: None)
    output.feed(b"\n3 blobs marked, 1 blobs and 0 manifests eligible for deletion")
    assert output.summary is None
    output.end()
    assert output.summary == Summary(3, 1, 0)


def test_a_line_without_end_is_not_kept():
    output = CollectorOutput(marked=lambda _: None)
    for _ in range(100):
        output.feed(b"x" * 10_000)
    assert len(output._rest) <= 64 << 10
