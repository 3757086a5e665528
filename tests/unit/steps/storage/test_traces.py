"""The times of a repository's revisions: by the walk and by the scripts alike, and half of them are none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from regsweep.core.lost import Span, Traces
from regsweep.core.oci import Digest
from regsweep.errors import ExecFailed, StorageUnavailable
from regsweep.steps.storage.store import Store
from regsweep.steps.storage.traces import read_traces
from tests.quiet import Quiet
from tests.unit.steps.storage.test_reading import Moody
from tests.unit.steps.storage.tree import Tree, by_shell, by_walk, shells

A, B = (Digest("sha256:" + letter * 64) for letter in "ab")
SECOND = timedelta(seconds=1)
AT = datetime(2026, 11, 27, 8, 47, 49, 259017, tzinfo=UTC)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path / "store")
    link = made.revision("team/app", A)
    os.utime(link, ns=(0, int(AT.timestamp()) * 10**9 + 259017491))
    gone = made.revision("team/app", B).parent
    (gone / "link").unlink()
    os.utime(gone, ns=(0, int(AT.timestamp()) * 10**9))
    made.revision("team/app/nested", B)
    made.revision("team/application", B)
    made.tag("team/app", "v1", A)
    made.write(f"team/app/_manifests/revisions/sha256/{A[7:]}/link.0123-45.tmp", A)
    return made


def stores(tree: Tree, folder: Path) -> Iterator[Store]:
    yield by_walk(tree.root)
    yield from (by_shell(tree.root, path) for path in shells(folder))


def test_a_push_leaves_a_link_and_a_deletion_an_empty_folder(tree: Tree, tmp_path: Path) -> None:
    second = AT.replace(microsecond=0)
    for store in stores(tree, tmp_path / "busybox"):
        assert read_traces(store, "team/app", Quiet()) == Traces(
            {A: Span(AT, AT)}, {B: Span(second - SECOND, second + 2 * SECOND)}
        )


def test_a_repository_without_revisions_has_no_times(tree: Tree, tmp_path: Path) -> None:
    for store in stores(tree, tmp_path / "busybox"):
        with pytest.raises(StorageUnavailable, match="the times of elsewhere cannot be read"):
            read_traces(store, "elsewhere", Quiet())


@pytest.mark.parametrize("failures", [2, 3])
def test_half_an_answer_is_asked_for_again_and_is_none(tree: Tree, failures: int) -> None:
    store = Moody(by_walk(tree.root), failures, ExecFailed("broken pipe"))
    if failures < 3:
        assert A in read_traces(store, "team/app", Quiet()).written
    else:
        with pytest.raises(StorageUnavailable, match="broken pipe"):
            read_traces(store, "team/app", Quiet())
