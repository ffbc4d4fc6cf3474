"""Counting in working time: pure functions of a calendar's editions; no clock, no database.

A wall-clock time stands for the first moment at which the store's clock shows it or a later one. So hours that a
change to summer time skips begin when the clock jumps, and hours that the change back repeats count as the clock
first shows them, and are not opened a second time. Everything between is elapsed time in UTC.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.calendars.documents import CalendarDocument, CalendarEdition, SpecialDays
from hub.core.i18n import Words
from hub.policies.values import OpeningSpan

MAX_DAYS = 3660
"""How far ``add_working`` looks: ten years."""
_ZERO = timedelta()
_ONE_DAY = timedelta(days=1)
_MAX_CACHED_DAYS = 8192


class CalendarError(ValueError):
    """A question that a calendar cannot answer."""


class WorkingTime(Protocol):
    """What counts time: a business calendar, or all time alike (``ELAPSED``)."""

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much of the time from ``start`` to ``end`` counts."""
        ...

    def add_working(self, start: datetime, duration: timedelta) -> datetime:
        """Return the first moment at which ``duration`` has been counted since ``start``."""
        ...


class DayKind(StrEnum):
    """Why a day has the hours that it has."""

    WEEKDAY = "weekday"
    PUBLIC_HOLIDAY = "public_holiday"
    MAKE_UP = "make_up"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day as the calendar has it."""

    day: date
    kind: DayKind
    hours: tuple[OpeningSpan, ...]
    reason: Words | None


@dataclass(frozen=True, slots=True)
class _Opened:
    """A day's opening spans as moments in UTC, and their sum."""

    spans: tuple[tuple[datetime, datetime], ...]
    total: timedelta


class BusinessCalendar:
    """When a store works, by the edition that is in force on each day.

    ``editions`` are (first day in force, edition), in any order; before the first one, the first one holds. All have
    the same time zone.
    """

    def __init__(self, editions: Sequence[tuple[date, CalendarEdition]]) -> None:
        if not editions:
            raise CalendarError("a calendar needs at least one edition")
        ordered = sorted(editions, key=lambda pair: pair[0])
        if len({edition.document.time_zone for _, edition in ordered}) != 1:
            raise CalendarError("all editions of a calendar have the same time zone")
        self.time_zone = ZoneInfo(ordered[0][1].document.time_zone)
        self._starts = [first for first, _ in ordered]
        self._editions = [_Edition(edition) for _, edition in ordered]
        self._opened: dict[date, _Opened] = {}

    def day(self, day: date) -> CalendarDay:
        """Return a day's opening hours and why they are so."""
        return self._editions[max(bisect_right(self._starts, day) - 1, 0)].day(day)

    def is_open(self, at: datetime) -> bool:
        """Whether the store works at this moment."""
        at = _utc(at)
        first = self._local_day(at) - _ONE_DAY
        return any(
            opens <= at < closes for number in range(3) for opens, closes in self._open(first + number * _ONE_DAY).spans
        )

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from ``start`` to ``end``; both are aware. In O(days), half a microsecond each.

        Raises ``CalendarError`` when ``end`` is before ``start``.
        """
        start, end = _utc(start), _utc(end)
        if end < start:
            raise CalendarError(f"{end} is before {start}")
        # A clock set back over midnight shows yesterday again after today has begun: look at one day more each way.
        day, last = self._local_day(start) - _ONE_DAY, self._local_day(end) + _ONE_DAY
        counted = _ZERO
        while day <= last:
            opened = self._open(day)
            if opened.spans and start <= opened.spans[0][0] and opened.spans[-1][1] <= end:
                counted += opened.total
            else:
                for opens, closes in opened.spans:
                    counted += max(min(closes, end) - max(opens, start), _ZERO)
            day += _ONE_DAY
        return counted

    def add_working(self, start: datetime, duration: timedelta) -> datetime:
        """Return the first moment (UTC) at which ``duration`` of working time has passed since ``start``.

        It is the inverse of ``working_between``: ``add_working(s, d) <= e`` exactly when
        ``d <= working_between(s, e)``. Raises ``CalendarError`` for a negative duration, or where ten years do not
        have that many working hours.
        """
        start = _utc(start)
        if duration <= _ZERO:
            if duration < _ZERO:
                raise CalendarError(f"working time can only be added, not {duration}")
            return start
        remaining = duration
        first = self._local_day(start) - _ONE_DAY
        for number in range(MAX_DAYS):
            opened = self._open(first + number * _ONE_DAY)
            if opened.total < remaining and opened.spans and start <= opened.spans[0][0]:
                remaining -= opened.total
                continue
            for opens, closes in opened.spans:
                begin = max(opens, start)
                if closes - begin >= remaining:
                    return begin + remaining
                remaining -= max(closes - begin, _ZERO)
        raise CalendarError(f"the calendar has not {duration} of working time in the ten years after {start}")

    def doubts(self, start: datetime, end: datetime) -> tuple[Words, ...]:
        """Return, in words, for which years between two moments the calendar does not know all it should."""
        first, last = self._local_day(_utc(start)), self._local_day(_utc(end))
        found: list[Words] = []
        for year in range(first.year, last.year + 1):
            day = min(max(first, date(year, 1, 1)), date(year, 12, 31))
            words = self._editions[max(bisect_right(self._starts, day) - 1, 0)].doubt(year)
            if words is not None:
                found.append(words)
        return tuple(found)

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(self.time_zone).date()

    def _open(self, day: date) -> _Opened:
        found = self._opened.get(day)
        if found is None:
            if len(self._opened) >= _MAX_CACHED_DAYS:
                self._opened.clear()
            spans = tuple(
                (opens, closes)
                for span in self.day(day).hours
                if (opens := first_moment(day, span.opens_min, self.time_zone))
                < (closes := first_moment(day, span.closes_min, self.time_zone))
            )
            found = _Opened(spans, sum((closes - opens for opens, closes in spans), _ZERO))
            self._opened[day] = found
        return found


class _Edition:
    """An edition with its days looked up by date."""

    def __init__(self, edition: CalendarEdition) -> None:
        document = edition.document
        self._document: CalendarDocument = document
        self._week = document.opening_hours.days
        self._special: dict[date, SpecialDays] = {
            special.first + number * _ONE_DAY: special
            for special in document.special_days
            for number in range((special.until - special.first).days + 1)
        }
        self._holidays: dict[date, Words] = {}
        self._make_up: frozenset[date] = frozenset()
        self._years: Mapping[int, bool] = {}
        if document.public_holidays is not None and edition.holidays is not None:
            years = edition.holidays.years
            self._holidays = {
                day: {"en": name.en, "zh-CN": name.zh_cn}
                for year in years.values()
                for day, name in year.closed.items()
            }
            self._make_up = frozenset(day for year in years.values() for day in year.make_up)
            self._years = {number: year.arranged for number, year in years.items()}

    def day(self, day: date) -> CalendarDay:
        special = self._special.get(day)
        if special is not None:
            words: Words = {"en": special.reason.en, "zh-CN": special.reason.zh_cn}
            return CalendarDay(day, DayKind.SPECIAL, special.hours, words)
        rules = self._document.public_holidays
        if rules is not None:
            if day in self._make_up:
                hours = self._week[0] if rules.make_up_hours is None else rules.make_up_hours
                return CalendarDay(day, DayKind.MAKE_UP, hours, _MAKE_UP)
            name = self._holidays.get(day)
            if name is not None:
                return CalendarDay(day, DayKind.PUBLIC_HOLIDAY, rules.hours, name)
        return CalendarDay(day, DayKind.WEEKDAY, self._week[day.weekday()], None)

    def doubt(self, year: int) -> Words | None:
        rules = self._document.public_holidays
        if rules is None or self._years.get(year):
            return None
        template = _NOT_ARRANGED if year in self._years else _NOT_COVERED
        return {
            "en": template["en"].format(year=year, country=rules.country),
            "zh-CN": template["zh-CN"].format(year=year, country=rules.country),
        }


class Elapsed:
    """All time counts, day and night."""

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """Return ``end - start``; raise ``CalendarError`` when that is negative."""
        start, end = _utc(start), _utc(end)
        if end < start:
            raise CalendarError(f"{end} is before {start}")
        return end - start

    def add_working(self, start: datetime, duration: timedelta) -> datetime:
        """Return ``start + duration``; raise ``CalendarError`` for a negative duration."""
        if duration < _ZERO:
            raise CalendarError(f"working time can only be added, not {duration}")
        return _utc(start) + duration


ELAPSED = Elapsed()
_MAKE_UP: Words = {"en": "Make-up working day", "zh-CN": "调休上班"}
_NOT_ARRANGED: Words = {
    "en": "The arrangement of public holidays and make-up working days for {year} ({country}) was not yet known to "
    "this calendar: only the holidays fixed by law are counted as such, and times may shift when it is published.",
    "zh-CN": "本日历尚无 {year} 年（{country}）节假日及调休安排：目前仅按法定节假日计算，安排公布后时间可能变动。",
}
_NOT_COVERED: Words = {
    "en": "This calendar has no public holidays for {year} ({country}): the weekly hours are used for all its days.",
    "zh-CN": "本日历没有 {year} 年（{country}）的节假日数据：全年按每周营业时间计算。",
}


def first_moment(day: date, minutes: int, time_zone: ZoneInfo) -> datetime:
    """Return the first moment (UTC) at which the clock shows ``minutes`` after midnight of ``day``, or a later time."""
    wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 - a wall clock
    moment = wanted.replace(tzinfo=time_zone).astimezone(UTC)
    if _shown(moment, time_zone) == wanted:
        return moment
    # The clock jumps over the wanted time, somewhere between what its settings before and after the jump make of it.
    early = wanted.replace(tzinfo=time_zone, fold=1).astimezone(UTC)
    low, high = 0, int((moment - early) / timedelta(seconds=1))
    while high - low > 1:
        middle = (low + high) // 2
        if _shown(early + timedelta(seconds=middle), time_zone) < wanted:
            low = middle
        else:
            high = middle
    return early + timedelta(seconds=high)


def _shown(at: datetime, time_zone: ZoneInfo) -> datetime:
    return at.astimezone(time_zone).replace(tzinfo=None)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise CalendarError(f"{at} has no time zone")
    return at.astimezone(UTC)
