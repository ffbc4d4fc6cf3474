"""Calendars that tests count with."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.calendars.calendar import BusinessCalendar
from hub.calendars.documents import CalendarDocument, CalendarEdition, HolidayTable
from hub.calendars.public_holidays import holiday_table

SHANGHAI = ZoneInfo("Asia/Shanghai")
LUNCH = ["09:00-12:00", "13:00-18:00"]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def week(hours: list[str], saturday: list[str] | None = None, sunday: list[str] | None = None) -> dict[str, list[str]]:
    return {**dict.fromkeys(_WEEKDAYS, hours), "saturday": saturday or [], "sunday": sunday or []}


STORE: dict[str, Any] = {
    "time_zone": "Asia/Shanghai",
    "opening_hours": week(LUNCH),
    "public_holidays": {"country": "CN"},
}
"""Open on weekdays with a lunch break; closed on public holidays; make-up days like Mondays."""
MALL: dict[str, Any] = {
    "time_zone": "Asia/Shanghai",
    "opening_hours": week(["10:00-22:00"], ["09:30-24:00"], ["00:00-01:00", "09:30-22:00"]),
    "public_holidays": {"country": "CN", "hours": ["12:00-20:00"], "make_up_hours": ["08:30-12:15", "13:00-19:00"]},
    "special_days": [
        {"from": "2026-02-16", "hours": ["10:00-15:00"], "reason": {"en": "New Year's Eve", "zh-CN": "除夕"}},
        {"from": "2026-03-08", "until": "2026-03-10", "hours": [], "reason": {"en": "Stocktaking", "zh-CN": "盘点"}},
    ],
}
BERLIN: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "opening_hours": week(["08:00-13:30", "14:15-20:00"], ["22:00-24:00"], ["00:00-02:30", "03:30-06:00"]),
    "public_holidays": {"country": "DE", "subdivision": "BY"},
}
"""Open in the nights of Saturday to Sunday, in which the clocks change at 02:00 and 03:00."""
NEWFOUNDLAND: dict[str, Any] = {
    "time_zone": "America/St_Johns",
    "opening_hours": week(["00:00-08:00", "09:00-24:00"], ["00:00-24:00"], ["00:00-24:00"]),
}
"""Until 2011 its clocks were set back at 00:01, so that the day before was shown again for an hour."""
SAMOA: dict[str, Any] = {"time_zone": "Pacific/Apia", "opening_hours": week(LUNCH, ["09:00-11:00"])}
"""30 December 2011 did not exist there."""


@cache
def _holidays(country: str, subdivision: str | None, years: tuple[int, ...]) -> HolidayTable:
    from hub.calendars.documents import PublicHolidays

    return holiday_table(PublicHolidays(country=country, subdivision=subdivision), years)


def edition(document: Mapping[str, Any], *years: int) -> CalendarEdition:
    parsed = CalendarDocument.model_validate(document)
    wanted = parsed.public_holidays
    table = _holidays(wanted.country, wanted.subdivision, years or (2025, 2026, 2027)) if wanted else None
    return CalendarEdition(document=parsed, holidays=table)


def calendar(document: Mapping[str, Any], *years: int) -> BusinessCalendar:
    return BusinessCalendar([(date(2000, 1, 1), edition(document, *years))])


def shanghai(text: str) -> datetime:
    """``2026-02-13 17:00`` on the store's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


STANDARD = Path(__file__).parents[3] / "hub" / "calendars" / "standard.yaml"
