"""When a schedule comes true: five cron fields in a time zone, across the changes of the clocks. Pure: `now` is given.

As Debian's cron: a fixed time that the clocks skip comes true at the first minute after the gap, and one that they
repeat comes true once, at its first turn. A schedule whose minute or hour begins with `*` follows the wall clock as it
runs: nothing in the gap, twice in the repeated hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

_LEAD = timedelta(hours=3)
"""No change of the clocks is longer. Counting begins this much earlier, so that it never begins inside one."""

_WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
"""How far back the latest slot is looked for, step by step: most schedules have one in the first."""


def next_time(cron: str, zone: str, after: datetime) -> datetime:
    """The first slot later than `after`, in UTC. `cron` and `zone` have been checked (`api.cron`)."""
    return next(_slots(cron, zone, after))


def latest_due(cron: str, zone: str, last: datetime, now: datetime, starting_deadline: timedelta) -> datetime | None:
    """The latest slot in (`last`, `now`], in UTC; None where there is none, or it is older than `starting_deadline`.

    Slots that were missed before the latest are not made up for: as with a CronJob, one run is enough.
    """
    earliest = max(last + timedelta(microseconds=1), now - starting_deadline)
    for window in _WINDOWS:
        since = max(earliest, now - window)
        latest = None
        for slot in _slots(cron, zone, since - timedelta(microseconds=1)):
            if slot > now:
                break
            latest = slot
        if latest is not None or since == earliest:
            return latest
    return None


def _slots(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    for slot in CronSim(cron, (after - _LEAD).astimezone(ZoneInfo(zone))):
        moment = slot.astimezone(UTC)
        if moment > after:
            yield moment
