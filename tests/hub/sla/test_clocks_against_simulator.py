"""Random histories of tickets, each compared with a stopwatch that counts every minute (T7, T8)."""

import os
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from example_calendars import BERLIN, MALL, STORE, calendar, edition
from minute_clock import open_minutes
from minute_simulator import Happening, simulate

from hub.calendars.calendar import BusinessCalendar
from hub.sla.clocks import deadlines
from hub.sla.documents import SlaPolicy, WaitingFor
from hub.sla.facts import Fact, What
from hub.sla.readings import ClockReading, Deadlines

MINUTE = timedelta(minutes=1)
DAY = 1440
FIRST_DAYS = 17
"""Tickets are created in the first 17 days, and looked at within 6 days; the rest is for due times."""
LENGTH = 45 * DAY
STORES = {
    "spring festival": (STORE, datetime(2026, 2, 5, tzinfo=UTC)),
    "mall": (MALL, datetime(2026, 2, 10, tzinfo=UTC)),
    "summer time": (BERLIN, datetime(2026, 3, 20, tzinfo=UTC)),
    "winter time": (BERLIN, datetime(2026, 10, 15, tzinfo=UTC)),
}
KINDS = ("repair", "complaint", "installation")
REASONS = ("customer", "part", "third_party")


@cache
def store(name: str) -> tuple[BusinessCalendar, datetime, bytearray]:
    document, start = STORES[name]
    holidays = edition(document).holidays
    assert holidays is not None
    closed = {day for year in holidays.years.values() for day in year.closed}
    make_up = {day for year in holidays.years.values() for day in year.make_up}
    return calendar(document), start, open_minutes(document, closed, make_up, start, LENGTH)


def random_policy(pick: random.Random) -> dict[str, Any]:
    def percent(first: int, last: int) -> int:
        return pick.randrange(first, last + 1, 5)

    def minutes() -> str:
        return f"{20 * min(int(pick.expovariate(1 / 18)) + 1, 60)}min"

    def targets() -> dict[str, str]:
        return {name: minutes() for name in ("first_response", "answer", "resolution") if pick.random() < 0.9}

    def escalate() -> dict[str, int]:
        expert = percent(60, 120)
        return pick.choice([{}, {"expert": expert}, {"expert": expert, "management": expert + percent(5, 100)}])

    def watching() -> dict[str, Any]:
        return {
            "time": pick.choice(["working", "working", "elapsed"]),
            "reminders": pick.sample(range(5, 100, 5), pick.randrange(3)),
            "escalate": escalate(),
        }

    def clock() -> dict[str, Any]:
        found = {
            **watching(),
            "paused_by": pick.sample(REASONS, pick.randrange(4)),
            "after_reopening": pick.choice(["stays_ended", "goes_on", "begins_anew"]),
        }
        return {**found, "warn_customer": percent(50, 95)} if pick.random() < 0.5 else found

    return {
        "rules": [
            {"kinds": [pick.choice(KINDS)], "priorities": pick.sample(range(10), 3), **targets()},
            {"priorities": pick.sample(range(10), 4), **targets()},
            targets(),
        ],
        "clocks": {name: clock() for name in ("first_response", "answer", "resolution")},
        "major_incident": {**watching(), "team_within": minutes(), "update_every": minutes()},
    }


class Case:
    """A random ticket of a random store under a random policy, made from its number alone."""

    def __init__(self, number: int) -> None:
        pick = random.Random(number)
        self.store, self.start, self.working = store(pick.choice(list(STORES)))
        self.policy = random_policy(pick)
        self.parsed = SlaPolicy.model_validate(self.policy)
        self.kind = pick.choice(KINDS)
        begin = pick.randrange(3 * DAY, FIRST_DAYS * DAY)
        self.happenings: list[Happening] = [(begin, "created", pick.randrange(10))]
        self.at = begin
        longest = int(pick.choice([0.1, 0.5, 1, 3]) * DAY)
        for _ in range(pick.randrange(14)):
            what = pick.choice(list(What)[1:]).value
            self.at = self._moment(pick, begin, longest)
            extra = {"priority_changed": pick.randrange(10), "paused": pick.choice(REASONS)}.get(what)
            self.happenings.append((self.at, what, extra))
        if pick.random() < 0.1:
            self.happenings.append((begin - pick.randrange(100), "responded", None))
        self.at = max(
            self._moment(pick, begin, longest) if pick.random() < 0.8 else self.at - pick.randrange(60), begin
        )

    def _moment(self, pick: random.Random, begin: int, longest: int) -> int:
        """A minute not before the last one: the same, the very moment at which something is due, or any."""
        choice = pick.random()
        if choice < 0.15:
            return self.at
        if choice < 0.4:
            due = self.answer(self.at).next_at
            if due is not None and self.minute(due) < begin + 6 * DAY:
                return self.minute(due)
        return min(self.at + pick.randrange(longest), begin + 6 * DAY)

    def answer(self, at: int, shuffle: random.Random | None = None) -> Deadlines:
        facts = [
            Fact(
                What(what),
                self.start + minute * MINUTE,
                priority=extra if isinstance(extra, int) else None,
                waiting_for=WaitingFor(extra) if isinstance(extra, str) else None,
            )
            for minute, what, extra in self.happenings
        ]
        if shuffle is not None:
            order = {fact.at: shuffle.random() for fact in facts}
            facts.sort(key=lambda fact: order[fact.at])
        return deadlines(self.kind, facts, self.parsed, self.store, self.start + at * MINUTE)

    def minute(self, moment: datetime | None) -> int:
        """The number of a moment, which has to be a whole minute."""
        assert moment is not None
        minutes, rest = divmod(moment - self.start, MINUTE)
        assert not rest
        return minutes

    def shown(self, reading: ClockReading) -> dict[str, Any]:
        def minute(moment: datetime | None) -> int | None:
            return None if moment is None else self.minute(moment)

        return {
            "state": reading.state.value,
            "started": minute(reading.started_at),
            "ended": minute(reading.ended_at),
            "allowed": None if reading.allowed is None else reading.allowed // MINUTE,
            "elapsed": reading.elapsed / MINUTE,
            "due": minute(reading.due),
            "promised": minute(reading.promised),
            "pauses": [(pause.waiting_for.value, minute(pause.start), minute(pause.end)) for pause in reading.pauses],
            "passed": sorted(
                (self.minute(one.at), one.mark.percent, one.mark.kind.value, one.mark.level or "")
                for one in reading.passed
            ),
            "next_at": minute(reading.next_at),
            "next": {(mark.percent, mark.kind.value, mark.level or "") for mark in reading.next_marks},
        }


def check(number: int) -> Iterator[str]:
    """Compare one case, and give the states that its clocks have."""
    case = Case(number)
    known = [one for one in case.happenings if one[0] <= case.at]
    expected: Mapping[str, Mapping[str, Any]] = simulate(case.kind, known, case.policy, case.working, case.at)
    found = case.answer(case.at, random.Random(number))
    assert {reading.clock.value: case.shown(reading) for reading in found.clocks} == expected, f"case {number}"
    ranks = {"": 0, "expert": 1, "management": 2}
    level = max((ranks[one[3]] for clock in expected.values() for one in clock["passed"]), default=0)
    assert found.level.rank == level, f"case {number}"
    moments = [clock["next_at"] for clock in expected.values() if clock["next_at"] is not None]
    assert (None if found.next_at is None else case.minute(found.next_at)) == min(moments, default=None), (
        f"case {number}"
    )
    yield from (str(clock["state"]) for clock in expected.values())


ALL_STATES = {"running", "paused", "met", "breached", "stopped", "untimed"}


def test_clocks_agree_with_the_stopwatch() -> None:
    assert {state for number in range(400) for state in check(number)} == ALL_STATES


@pytest.mark.campaign
def test_clocks_agree_with_the_stopwatch_in_100_000_histories() -> None:
    # SLA_CAMPAIGN_SHARE=1/4 runs the second of four equal shares, so that several processes can divide the histories.
    share, shares = (int(part) for part in os.environ.get("SLA_CAMPAIGN_SHARE", "0/1").split("/"))
    numbers = range(1_000 + share, 101_000, shares)
    assert {state for number in numbers for state in check(number)} == ALL_STATES
