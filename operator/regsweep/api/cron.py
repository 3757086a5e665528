"""Checks of schedules: five cron fields, and a time zone of the IANA database."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_ANY_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def check_cron(text: str) -> str:
    """`text` if it is five cron fields that come true at some time. Raises ValueError otherwise."""
    if "TZ=" in text:
        raise ValueError(f"{text!r} names a time zone: use spec.timeZone")
    if len(text.split()) != 5:
        raise ValueError(f"{text!r} is not a cron schedule of five fields, such as '0 3 * * *'")
    try:
        next(CronSim(text, _ANY_MOMENT))
    except CronSimError as error:
        raise ValueError(f"{text!r} is not a cron schedule: {error}") from None
    except StopIteration:
        raise ValueError(f"{text!r} is a cron schedule that never comes true") from None
    return text


def check_time_zone(name: str) -> str:
    """`name` if the IANA database knows it. Raises ValueError otherwise."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone of the IANA database, such as Europe/Berlin") from None
    return name
