"""What a finished run says that it did."""

from __future__ import annotations

import pytest

from regsweep.api.run import CollectionStatus, DeletionStatus, RunStatus
from regsweep.controller.endings import summary

DELETED = DeletionStatus(deleted=26, tags=26)


@pytest.mark.parametrize(
    ("collection", "words"),
    [
        (None, "deleted 26 manifests (26 tags)"),
        (CollectionStatus(bytes_before=3000, bytes_after=952, reclaimed_bytes=2048), "{}, freed 2.0 KiB"),
        (CollectionStatus(bytes_before=3000, bytes_after=3000, reclaimed_bytes=0), "{}, freed 0 B"),
        (CollectionStatus(blobs_deleted=78), "{}, collected 78 blobs, whose bytes could not be measured"),
    ],
    ids=["nothing collected", "measured", "nothing freed", "not measured"],
)
def test_bytes_are_told_only_where_they_were_measured(collection: CollectionStatus | None, words: str) -> None:
    status = RunStatus(deletion=DELETED, garbage_collection=collection)
    assert summary("Collected", status) == words.format("deleted 26 manifests (26 tags)")
