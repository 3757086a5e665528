"""A tag is lost in its plain cases, and in those about which nothing can be said. Times are milliseconds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regsweep.core.lost import Aftermath, Evidence, LostPush, Span, Traces, lost_pushes
from regsweep.core.oci import Digest
from regsweep.core.registry_log import ManifestRequest, Method

START = datetime(2026, 11, 27, tzinfo=UTC)
OLD, OTHER, NEW, NEWER = (Digest("sha256:" + letter * 64) for letter in "0123")


def at(moment: float) -> datetime:
    return START + timedelta(milliseconds=moment)


def put(reference: str, began: float, ended: float, status: int = 201, node: str = "n") -> ManifestRequest:
    return ManifestRequest(Method.PUT, "app", reference, at(began), at(ended), status, node)


def delete(reference: str, began: float, ended: float, status: int = 202) -> ManifestRequest:
    return ManifestRequest(Method.DELETE, "app", reference, at(began), at(ended), status, "n")


def span(moment: float) -> Span:
    return Span(at(moment), at(moment))


def evidence(*requests: ManifestRequest, **more: Any) -> Evidence:
    """OLD is deleted from 1000 to 1200, and `v1` named it when the sweep began."""
    told = sorted([delete(OLD, 1000, 1200), *requests], key=lambda request: request.ended)
    made = Evidence(Aftermath("app", frozenset({OLD}), {"v1": OLD}), told, {"v1": None}, Traces({}, {OLD: span(1001)}))
    return replace(made, **more)


def only(found: Evidence) -> LostPush:
    (one,) = lost_pushes(found)
    return one


def test_a_tag_that_moves_in_the_midst_named_what_was_written_then() -> None:
    found = evidence(put("v1", 1100, 1110), traces=Traces({NEW: span(1104)}, {OLD: span(1001)}))
    assert only(found) == LostPush("v1", at(1110), NEW)


def test_a_tag_that_is_pushed_again_right_before_named_what_was_deleted() -> None:
    assert only(evidence(put("v1", 980, 990))).digest == OLD
    assert only(evidence(put("v1", 980, 990), traces=None)).digest == OLD


def test_a_new_tag_named_what_was_deleted() -> None:
    found = evidence(put("new", 998, 1005), targets={"new": None}, traces=None)
    assert only(found).digest == OLD


def test_a_tag_that_is_there_or_went_before_its_push_is_not_lost() -> None:
    assert lost_pushes(evidence(put("v1", 1100, 1110), targets={"v1": NEW})) == ()
    assert lost_pushes(evidence(put("v1", 1100, 1110), targets={})) == ()
    assert lost_pushes(evidence(put("v1", 1300, 1310))) == ()
    assert lost_pushes(evidence(put(NEW, 1100, 1110))) == ()
    assert lost_pushes(evidence(put("v1", 1100, 1110, status=400))) == ()


def test_a_tag_that_somebody_deletes_by_its_name_is_not_lost() -> None:
    assert lost_pushes(evidence(put("v1", 1100, 1110), delete("v1", 1120, 1121))) == ()


AT_ONCE = Traces({NEW: span(1104), NEWER: span(1103)}, {OLD: span(1001)})
DOUBTS: list[Any] = [
    pytest.param(
        evidence(put("v1", 1100, 1110), put("w", 1095, 1105), targets={"v1": None, "w": None}, traces=AT_ONCE),
        "2 manifests", id="two at once",
    ),
    pytest.param(evidence(put("v1", 1100, 1110), traces=None), "times of the store's files", id="no files"),
    pytest.param(
        evidence(put("v1", 1100, 1110), traces=Traces({NEW: span(61_104)}, {OLD: span(61_001)})), "clock",
        id="another clock",
    ),
    pytest.param(evidence(put("v1", 1100, 1110), delete(OTHER, 1150, 1160)), "somebody else deleted", id="others"),
    pytest.param(evidence(put("v1", 1100, 1110), delete(OLD, 1250, 1260)), "the same manifests", id="others, the same"),
    pytest.param(evidence(put("v1", 1100, 1110, node="m")), "several nodes", id="several nodes"),
    pytest.param(evidence(put("v1", 1100, 1110), put("v1", 1105, 1120)), "twice at once", id="twice"),
    pytest.param(evidence(put("v1", 1100, 1110), put("v1", 1120, 1130, 500)), "answered with 500", id="failed after"),
    pytest.param(
        evidence(put("v1", 1100, 1110), aftermath=Aftermath("app", frozenset({OLD, OTHER}), {"v1": OLD})),
        "does not show all deletions", id="a log with a gap",
    ),
    pytest.param(
        evidence(put("v1", 1100, 1110), aftermath=Aftermath("app", frozenset({OLD}), {"v1": None})),
        "while this run deleted nothing", id="gone by itself",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("found", "words"), DOUBTS)
def test_what_is_not_certain_is_not_said(found: Evidence, words: str) -> None:
    if found.traces and not found.traces.written:
        found = replace(found, traces=replace(found.traces, written={NEW: span(1104)}))
    lost = next(one for one in lost_pushes(found) if one.tag == "v1")
    assert lost.digest is None
    assert words in lost.doubt


def test_a_push_whose_tag_stands_explains_its_own_manifest_alone() -> None:
    requests = (put("v1", 1100, 1110), put("w", 1101, 1111), put(NEWER, 1099, 1109))
    traces = Traces({NEW: span(1105), OTHER: span(1106), NEWER: span(1104)}, {OLD: span(1001)})
    found = evidence(*requests, targets={"v1": None, "w": OTHER}, traces=traces)
    assert only(found).digest == NEW


def test_what_wrote_one_manifest_has_written_no_other() -> None:
    """Two pushes of one tag, so near to each other that either could have written the second manifest."""
    traces = Traces({NEW: span(1072), NEWER: span(1122)}, {OLD: span(1001)})
    assert only(evidence(put("v1", 1070, 1100), put("v1", 1120, 1130), traces=traces)).digest == NEWER


def test_what_may_have_been_written_before_anybody_listened_explains_nothing() -> None:
    """`w` alone of those that were heard can have written `NEWER`; one that was not heard can have, too."""
    traces = Traces({NEWER: span(950), NEW: span(1016)}, {OLD: span(1001)})
    found = evidence(put("w", 940, 1005), put("v1", 1002, 1022), targets={"v1": None}, traces=traces)
    assert only(found).digest is None


def test_a_manifest_that_nothing_can_have_written_leaves_all_in_doubt() -> None:
    traces = Traces({NEW: span(1072), NEWER: span(1076)}, {OLD: span(1001)})
    lost = only(evidence(put("v1", 1070, 1080), traces=traces))
    assert (lost.digest, lost.candidates) == (None, (NEW, NEWER))


def test_a_whole_second_is_not_taken_for_more() -> None:
    wide = Span(at(0), at(3000))
    traces = Traces({NEW: wide, NEWER: wide}, {OLD: wide})
    requests = (put("v1", 1100, 1110), put("w", 1900, 1910))
    assert only(evidence(requests[0], traces=Traces({NEW: wide}, {OLD: wide}))).digest == NEW
    lost = lost_pushes(evidence(*requests, targets={"v1": None, "w": None}, traces=traces))
    assert [one.digest for one in lost] == [None]
