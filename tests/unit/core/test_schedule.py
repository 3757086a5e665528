"""Schedules in time zones: the next slot, the latest missed one, and the two days on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.core.schedule import latest_due, next_time


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


NEXT = {
    "the same day": ("0 3 * * *", "Etc/UTC", "2026-11-23T02:59:59Z", "2026-11-23T03:00:00Z"),
    "not the slot itself": ("0 3 * * *", "Etc/UTC", "2026-11-23T03:00:00Z", "2026-11-24T03:00:00Z"),
    "a moment after the slot": ("0 3 * * *", "Etc/UTC", "2026-11-23T03:00:00.5Z", "2026-11-24T03:00:00Z"),
    "in the zone": ("0 3 * * *", "Asia/Shanghai", "2026-11-23T00:00:00Z", "2026-11-23T19:00:00Z"),
    "weekly": ("0 4 * * 0", "Etc/UTC", "2026-11-23T00:00:00Z", "2026-11-29T04:00:00Z"),
    "leap day": ("0 0 29 2 *", "Etc/UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
    "skipped by summer time: first minute after": (
        "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z",
    ),
    "the day after the skip is as ever": (
        "30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z",
    ),
    "repeated by winter time: the first turn": (
        "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z",
    ),
    "repeated by winter time: not the second turn": (
        "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z",
    ),
    "asked in the middle of the repeated hour": (
        "30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", "2026-10-26T01:30:00Z",
    ),
    "hourly goes on through the repeated hour": (
        "30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
    ),
    "hourly goes on over the gap": ("30 * * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
    "half an hour of summer time": (
        "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cron", "zone", "after", "expected"), NEXT.values(), ids=NEXT.keys())
def test_the_next_slot(cron: str, zone: str, after: str, expected: str) -> None:
    assert next_time(cron, zone, at(after)) == at(expected)


DUE = {
    "due now": ("0 3 * * *", "2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z", 3600, "2026-11-23T03:00:00Z"),
    "due a while ago": ("0 3 * * *", "2026-11-22T03:00:00Z", "2026-11-23T03:40:00Z", 3600, "2026-11-23T03:00:00Z"),
    "not yet": ("0 3 * * *", "2026-11-22T03:00:00Z", "2026-11-23T02:59:59Z", 3600, None),
    "run already": ("0 3 * * *", "2026-11-23T03:00:00Z", "2026-11-23T03:10:00Z", 3600, None),
    "at the deadline": ("0 3 * * *", "2026-11-22T03:00:00Z", "2026-11-23T04:00:00Z", 3600, "2026-11-23T03:00:00Z"),
    "past the deadline": ("0 3 * * *", "2026-11-22T03:00:00Z", "2026-11-23T04:00:01Z", 3600, None),
    "the latest of many": (
        "0 * * * *", "2026-11-20T00:00:00Z", "2026-11-23T03:40:00Z", 604800, "2026-11-23T03:00:00Z",
    ),
    "days ago, within a long deadline": (
        "0 3 * * 5", "2026-11-13T03:00:00Z", "2026-11-23T03:40:00Z", 604800, "2026-11-20T03:00:00Z",
    ),
    "made after the slot": ("0 3 * * *", "2026-11-23T03:00:30Z", "2026-11-23T03:10:00Z", 3600, None),
}  # fmt: skip


@pytest.mark.parametrize(("cron", "last", "now", "deadline", "expected"), DUE.values(), ids=DUE.keys())
def test_the_latest_slot_that_is_due(cron: str, last: str, now: str, deadline: int, expected: str | None) -> None:
    actual = latest_due(cron, "Etc/UTC", at(last), at(now), timedelta(seconds=deadline))
    assert actual == (at(expected) if expected else None)


def test_a_repeated_slot_is_not_due_again() -> None:
    once, now = at("2026-10-25T00:30:00Z"), at("2026-10-25T01:31:00Z")
    assert latest_due("30 2 * * *", "Europe/Berlin", once, now, timedelta(hours=2)) is None


def test_a_skipped_slot_is_due_after_the_gap() -> None:
    last, now = at("2026-03-28T01:30:00Z"), at("2026-03-29T01:00:10Z")
    assert latest_due("30 2 * * *", "Europe/Berlin", last, now, timedelta(hours=1)) == at("2026-03-29T01:00:00Z")


crons = st.sampled_from(
    ["0 3 * * *", "*/20 * * * *", "30 2 * * *", "15,45 1-3 * * 6,0", "5 */2 * * *", "30 1 * 3,10 *"]
)
zones = st.sampled_from(["Etc/UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"])
moments = st.integers(0, 3 * 366 * 24 * 3600).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(crons, zones, moments, st.integers(0, 604_800))
def test_the_latest_due_slot_is_the_last_of_those_counted_one_by_one(
    cron: str, zone: str, last: datetime, seconds: int
) -> None:
    now = last + timedelta(seconds=seconds)
    slots, slot = [], next_time(cron, zone, last)
    while slot <= now:
        slots.append(slot)
        slot = next_time(cron, zone, slot)
    assert latest_due(cron, zone, last, now, timedelta(days=7)) == (slots[-1] if slots else None)


@given(crons, zones, moments)
def test_the_next_slot_is_later_and_nothing_lies_between(cron: str, zone: str, after: datetime) -> None:
    slot = next_time(cron, zone, after)
    assert slot > after
    assert next_time(cron, zone, after + (slot - after) / 2) == slot
