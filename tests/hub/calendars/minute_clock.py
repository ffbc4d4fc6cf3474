"""A store's opening hours, the slow way: by looking at the wall clock every minute.

Knows nothing of ``hub.calendars.calendar``: it reads the document as text.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def open_minutes(
    document: Mapping[str, Any], closed: set[date], make_up: set[date], start: datetime, minutes: int
) -> bytearray:
    """Return for each minute from ``start`` (UTC) whether the store is open in it (1) or not (0).

    The wall clock is looked at from two days before, and a time that it showed already does not come again.
    """
    zone = ZoneInfo(document["time_zone"])
    at = start - timedelta(days=2)
    latest = at.astimezone(zone).replace(tzinfo=None)
    found = bytearray()
    hours: dict[date, list[str]] = {}
    while len(found) < minutes:
        latest = max(latest, at.astimezone(zone).replace(tzinfo=None))
        if at >= start:
            day = latest.date()
            if day not in hours:
                hours[day] = hours_of(document, closed, make_up, day)
            clock = latest.strftime("%H:%M")
            found.append(any(span[:5] <= clock < span[6:] for span in hours[day]))
        at += MINUTE
    assert start.tzinfo is UTC
    return found


def hours_of(document: Mapping[str, Any], closed: set[date], make_up: set[date], day: date) -> list[str]:
    text = day.isoformat()
    for special in document.get("special_days", []):
        if special["from"] <= text <= special.get("until", special["from"]):
            return list(special["hours"])
    holidays = document.get("public_holidays")
    week = document["opening_hours"]
    if holidays and day in make_up:
        return list(holidays.get("make_up_hours", week["monday"]))
    if holidays and day in closed:
        return list(holidays.get("hours", []))
    return list(week[WEEKDAYS[day.weekday()]])
