"""Working time as a store manager would count it, and against a clock that looks every minute."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from example_calendars import BERLIN, MALL, NEWFOUNDLAND, SAMOA, STORE, calendar, edition, shanghai, week
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_clock import MINUTE, open_minutes

from hub.calendars.calendar import ELAPSED, BusinessCalendar, CalendarError, DayKind

HOUR = timedelta(hours=1)
BERLIN_ZONE = ZoneInfo("Europe/Berlin")


def test_lunch_does_not_count() -> None:
    store = calendar(STORE)
    assert store.working_between(shanghai("2026-03-04 11:30"), shanghai("2026-03-04 14:00")) == 1.5 * HOUR
    assert store.add_working(shanghai("2026-03-04 11:30"), 2 * HOUR) == shanghai("2026-03-04 14:30")
    assert store.is_open(shanghai("2026-03-04 11:59"))
    assert not store.is_open(shanghai("2026-03-04 12:00"))


def test_friday_evening_goes_on_monday_morning() -> None:
    store = calendar(STORE)
    assert store.add_working(shanghai("2026-03-06 17:00"), 2 * HOUR) == shanghai("2026-03-09 10:00")


def test_what_fits_until_closing_time_is_due_at_closing_time() -> None:
    assert calendar(STORE).add_working(shanghai("2026-03-06 17:00"), HOUR) == shanghai("2026-03-06 18:00")


def test_spring_festival_2026_with_its_make_up_saturdays() -> None:
    """15 to 23 February are off; Saturdays 14 and 28 February are worked instead."""
    store = calendar(STORE)
    assert store.add_working(shanghai("2026-02-13 17:00"), 2 * HOUR) == shanghai("2026-02-14 10:00")
    assert store.add_working(shanghai("2026-02-14 17:00"), 2 * HOUR) == shanghai("2026-02-24 10:00")
    assert store.working_between(shanghai("2026-02-28 00:00"), shanghai("2026-03-01 00:00")) == 8 * HOUR
    eve = store.day(date(2026, 2, 16))
    assert (eve.kind, eve.hours, eve.reason) == (
        DayKind.PUBLIC_HOLIDAY,
        (),
        {"en": "Chinese New Year's Eve", "zh-CN": "农历除夕"},
    )
    make_up = store.day(date(2026, 2, 14))
    assert (make_up.kind, [str(span) for span in make_up.hours]) == (DayKind.MAKE_UP, ["09:00-12:00", "13:00-18:00"])


def test_make_up_sunday_after_new_year() -> None:
    """2 January 2026 is off, Sunday the 4th is worked instead."""
    store = calendar(STORE)
    assert store.add_working(shanghai("2025-12-31 17:00"), 2 * HOUR) == shanghai("2026-01-04 10:00")


def test_year_whose_arrangement_is_unknown_is_not_guessed_but_told() -> None:
    store = calendar(STORE)
    new_year = shanghai("2027-01-01 00:00")
    assert store.doubts(shanghai("2026-12-01 00:00"), new_year - MINUTE) == ()
    (doubt,) = store.doubts(shanghai("2026-12-01 00:00"), new_year)
    assert doubt["en"].startswith(
        "The arrangement of public holidays and make-up working days for 2027 (CN) was not yet"
    )
    assert "2027" in doubt["zh-CN"]
    assert [store.day(date(2027, 2, day)).kind for day in (5, 6, 7, 8, 9)] == [
        DayKind.PUBLIC_HOLIDAY,
        DayKind.PUBLIC_HOLIDAY,
        DayKind.PUBLIC_HOLIDAY,
        DayKind.PUBLIC_HOLIDAY,
        DayKind.WEEKDAY,  # a day off in lieu is certain, but which day is not
    ]
    assert (
        "no public holidays for 2031"
        in store.doubts(shanghai("2031-01-01 12:00"), shanghai("2031-01-02 12:00"))[0]["en"]
    )
    assert calendar({**STORE, "public_holidays": None}).doubts(new_year, new_year) == ()


def test_own_exceptions_go_before_public_holidays() -> None:
    mall = calendar(MALL)
    assert str(mall.day(date(2026, 2, 16)).hours[0]) == "10:00-15:00"
    assert mall.add_working(shanghai("2026-03-07 23:30"), HOUR) == shanghai("2026-03-11 10:30")


def test_day_when_the_clocks_change_has_an_hour_less_or_more() -> None:
    always = calendar({"time_zone": "Europe/Berlin", "opening_hours": week(["09:00-17:00"], [], ["00:00-24:00"])})

    def sunday(day: date) -> timedelta:
        start = datetime(day.year, day.month, day.day, tzinfo=BERLIN_ZONE)
        return always.working_between(start, start + timedelta(days=1))

    assert sunday(date(2026, 3, 22)) == 24 * HOUR
    assert sunday(date(2026, 3, 29)) == 23 * HOUR
    assert sunday(date(2026, 10, 25)) == 25 * HOUR


def test_hours_that_the_clock_skips_begin_when_it_jumps_and_those_shown_twice_count_once() -> None:
    spring = calendar({"time_zone": "Europe/Berlin", "opening_hours": week([], [], ["02:30-05:00"])})
    at = datetime(2026, 3, 29, tzinfo=BERLIN_ZONE)
    assert spring.add_working(at, MINUTE) == datetime(2026, 3, 29, 1, 1, tzinfo=UTC)
    assert spring.working_between(at, at + timedelta(days=1)) == 2 * HOUR
    autumn = calendar({"time_zone": "Europe/Berlin", "opening_hours": week([], [], ["01:00-02:30"])})
    at = datetime(2026, 10, 25, tzinfo=BERLIN_ZONE)
    assert autumn.working_between(at, at + timedelta(days=1)) == 1.5 * HOUR


def test_new_opening_hours_hold_from_their_day_on_and_change_nothing_before() -> None:
    late = {**STORE, "opening_hours": week(["12:00-20:00"])}
    store = BusinessCalendar([(date(2026, 7, 1), edition(late)), (date(2026, 1, 1), edition(STORE))])
    assert store.add_working(shanghai("2026-06-30 17:00"), 2 * HOUR) == shanghai("2026-07-01 13:00")
    assert store.add_working(shanghai("2025-12-30 17:00"), 2 * HOUR) == shanghai("2025-12-31 10:00")


@pytest.mark.parametrize(
    ("document", "start", "days"),
    [
        (STORE, datetime(2026, 1, 30, tzinfo=UTC), 32),
        (MALL, datetime(2026, 2, 6, tzinfo=UTC), 35),
        (BERLIN, datetime(2026, 3, 24, tzinfo=UTC), 14),
        (BERLIN, datetime(2026, 10, 20, tzinfo=UTC), 14),
        (NEWFOUNDLAND, datetime(2010, 11, 4, tzinfo=UTC), 6),
        (NEWFOUNDLAND, datetime(2010, 3, 11, tzinfo=UTC), 6),
        (SAMOA, datetime(2011, 12, 27, tzinfo=UTC), 8),
    ],
    ids=["store", "mall", "berlin-spring", "berlin-autumn", "newfoundland-autumn", "newfoundland-spring", "samoa"],
)
def test_every_minute_is_open_exactly_when_the_wall_clock_says_so(
    document: Mapping[str, Any], start: datetime, days: int
) -> None:
    table = edition(document).holidays
    closed = {day for year in table.years.values() for day in year.closed} if table else set()
    make_up = {day for year in table.years.values() for day in year.make_up} if table else set()
    minutes = open_minutes(document, closed, make_up, start, days * 1440)
    counted = calendar(document)
    before = [0]
    for minute in minutes:
        before.append(before[-1] + minute)
    pick = random.Random(7)
    for number, is_open in enumerate(minutes):
        assert counted.is_open(start + number * MINUTE) == bool(is_open), start + number * MINUTE
    for _ in range(3000):
        first, last = sorted(pick.sample(range(len(minutes) + 1), 2))
        assert counted.working_between(start + first * MINUTE, start + last * MINUTE) == MINUTE * (
            before[last] - before[first]
        )


_MOMENTS = st.timedeltas(timedelta(), timedelta(days=365)).map(lambda later: datetime(2025, 12, 1, tzinfo=UTC) + later)
_CALENDARS = [calendar(document) for document in (STORE, MALL, BERLIN, NEWFOUNDLAND)]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_CALENDARS), _MOMENTS, st.timedeltas(timedelta(), timedelta(hours=300)), _MOMENTS)
def test_adding_and_counting_are_inverse(
    store: BusinessCalendar, start: datetime, duration: timedelta, end: datetime
) -> None:
    due = store.add_working(start, duration)
    assert store.working_between(start, due) == duration
    if duration:
        assert store.working_between(start, due - timedelta(microseconds=1)) < duration
    if end >= start:
        counted = store.working_between(start, end)
        assert store.add_working(start, counted) <= end
        assert (due <= end) is (duration <= counted)


def test_all_time_counts_where_the_policy_says_elapsed() -> None:
    start = shanghai("2026-03-06 17:00")
    assert ELAPSED.add_working(start, 24 * HOUR) == shanghai("2026-03-07 17:00")
    assert ELAPSED.working_between(start, shanghai("2026-03-07 17:00")) == 24 * HOUR


def test_questions_without_an_answer_are_refused() -> None:
    store = calendar(STORE)
    at = shanghai("2026-03-06 17:00")
    with pytest.raises(CalendarError, match="is before"):
        store.working_between(at, at - MINUTE)
    with pytest.raises(CalendarError, match="has no time zone"):
        store.add_working(datetime(2026, 3, 6), HOUR)  # noqa: DTZ001
    with pytest.raises(CalendarError, match="only be added"):
        store.add_working(at, -HOUR)
    with pytest.raises(CalendarError, match="in the ten years after"):
        store.add_working(at, timedelta(days=3000))
    with pytest.raises(CalendarError, match="same time zone"):
        BusinessCalendar([(date(2026, 1, 1), edition(STORE)), (date(2027, 1, 1), edition(BERLIN))])
