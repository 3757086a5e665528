"""The collector's output as Distribution 2.8.2 and 3.1.2 really print it, in pieces of any size."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.collector_output import CollectorOutput, Summary, diagnose
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


MARK = "failed to garbage collect: failed to mark: filesystem: "
MANIFEST = f"{MARK}filesystem: failed to retrieve manifest for digest {A}: "
FAILURES = [
    (
        MARK + "filesystem: invalid checksum digest format",
        1,
        "-name link ! -size 71c",
    ),
    (
        MANIFEST + "unrecognized manifest schema version 1",
        1,
        f"{A} is a schema 1 manifest, which Distribution 3 cannot read",
    ),
    (
        MANIFEST + "invalid character '\\n' in string literal",
        1,
        f"the manifest {A} is damaged in the store",
    ),
    (
        MARK + "Path not found: /docker/registry/v2/repositories",
        1,
        "the store has no repositories",
    ),
    (
        MARK + "Path not found: /docker/registry/v2/repositories/c/_layers",
        1,
        "create the empty directory /docker/registry/v2/repositories/c/_layers",
    ),
    (
        MARK + "failed to parse repo name Upper: invalid reference format",
        1,
        "the directory Upper in the store",
    ),
    ("Error: unknown flag: --frob\nUsage:\n  registry garbage-collect <config> [flags]", 0, "does not know an option"),
    ("configuration error: open /nope.yml: no such file or directory\nUsage:", 1, "open /nope.yml"),
    ("", 0, "without its summary line"),
    ("", 137, "out of memory"),
    ("something new", 1, 'exit code 1. It said: "something new"'),
]


@pytest.mark.parametrize(("stderr", "code", "words"), FAILURES, ids=[words for _, _, words in FAILURES])
def test_a_failure_names_the_fix(stderr, code, words):
    assert words in diagnose(stderr, code)
