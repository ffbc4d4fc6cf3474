"""Service levels as a store manager would tell them (T5, T7, T8)."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from example_calendars import BERLIN, STORE, calendar, shanghai

from hub.calendars.calendar import WorkingTime
from hub.policies.loading import DocumentError, load, parse
from hub.sla.clocks import deadlines
from hub.sla.documents import ClockName, Level, SlaPolicy, WaitingFor
from hub.sla.facts import Fact, FactsError, What
from hub.sla.readings import ClockReading, ClockState, Deadlines, MarkKind

POLICY = load(SlaPolicy, Path(__file__).parents[3] / "hub" / "sla" / "standard.yaml")
STORE_CALENDAR = calendar(STORE)
HOUR = timedelta(hours=1)


def created(at: str, priority: int = 5) -> Fact:
    return Fact(What.CREATED, shanghai(at), priority=priority)


def then(what: What, at: str, **more: Any) -> Fact:
    return Fact(what, shanghai(at), **more)


def ask(at: str, *facts: Fact, kind: str = "repair", store: WorkingTime = STORE_CALENDAR) -> Deadlines:
    return deadlines(kind, facts, POLICY, store, shanghai(at))


def resolution(at: str, *facts: Fact) -> ClockReading:
    return ask(at, *facts)[ClockName.RESOLUTION]


def passed(clock: ClockReading) -> list[tuple[str, datetime]]:
    names = {MarkKind.ESCALATION: "to "}
    return [
        (names.get(one.mark.kind, "") + (one.mark.level or f"{one.mark.kind.value} {one.mark.percent}"), one.at)
        for one in clock.passed
    ]


class TestWorkingTime:
    def test_complaint_before_lunch_has_its_first_response_due_after_lunch(self) -> None:
        """Two hours, of which one is the lunch break."""
        clock = ask("2026-03-04 11:30", created("2026-03-04 11:00"), kind="complaint")[ClockName.FIRST_RESPONSE]
        assert (clock.state, clock.due) == (ClockState.RUNNING, shanghai("2026-03-04 14:00"))
        assert clock.elapsed == HOUR / 2
        assert (clock.next_at, clock.next_marks[0].percent) == (shanghai("2026-03-04 12:00"), 50)

    def test_answer_is_due_24_hours_later_on_the_customers_clock(self) -> None:
        answer = ask("2026-03-06 17:30", created("2026-03-06 17:00"), kind="complaint")[ClockName.ANSWER]
        assert answer.due == shanghai("2026-03-07 17:00")

    def test_spring_festival_does_not_count_and_its_make_up_saturday_does(self) -> None:
        """Friday 13 February 17:00 and eight hours: one on Friday, seven on the Saturday that is worked."""
        urgent = resolution("2026-02-13 17:00", created("2026-02-13 17:00", priority=0))
        assert urgent.due == shanghai("2026-02-14 17:00")
        usual = resolution("2026-02-13 17:00", created("2026-02-13 17:00", priority=3))
        assert usual.due == shanghai("2026-02-25 17:00")  # 1 + 8 hours, nine days off, 8 + 7 hours

    def test_night_shift_in_the_night_when_the_clocks_change(self) -> None:
        """Open from Saturday 22:00 to Sunday 02:30; at 02:00 it is 03:00 at once, so half an hour is missing."""
        start = datetime.fromisoformat("2026-03-28T22:00:00+01:00")
        facts = [Fact(What.CREATED, start, priority=0)]
        clock = deadlines("repair", facts, POLICY, calendar(BERLIN), start)[ClockName.RESOLUTION]
        # 4 hours until the clock jumps, 2.5 hours from 03:30 to 06:00, 1.5 hours on Monday from 08:00
        assert clock.due == datetime.fromisoformat("2026-03-30T09:30:00+02:00")


class TestPauses:
    def test_waiting_for_the_customer_over_a_weekend_does_not_count(self) -> None:
        facts = [
            created("2026-03-06 14:00", priority=0),
            then(What.PAUSED, "2026-03-06 16:00", waiting_for=WaitingFor.CUSTOMER),
            then(What.RESUMED, "2026-03-09 11:00"),
        ]
        clock = resolution("2026-03-09 11:00", *facts)
        assert (clock.state, clock.elapsed, clock.due) == (ClockState.RUNNING, 2 * HOUR, shanghai("2026-03-09 18:00"))

    def test_due_time_moves_by_the_pause_and_the_promise_shows_that_it_slipped(self) -> None:
        facts = [
            created("2026-03-06 14:00", priority=0),
            then(What.PAUSED, "2026-03-06 17:00", waiting_for=WaitingFor.PART),
        ]
        waiting = resolution("2026-03-08 20:00", *facts)
        assert (waiting.state, waiting.due, waiting.elapsed) == (ClockState.PAUSED, None, 3 * HOUR)
        assert waiting.promised == shanghai("2026-03-09 14:00")
        goes_on = resolution("2026-03-10 13:00", *facts, then(What.RESUMED, "2026-03-10 13:00"))
        assert goes_on.due == shanghai("2026-03-10 18:00")
        assert goes_on.due > (goes_on.promised or goes_on.due)
        assert [(one.waiting_for, one.start, one.end) for one in goes_on.pauses] == [
            (WaitingFor.PART, shanghai("2026-03-06 17:00"), shanghai("2026-03-10 13:00"))
        ]

    def test_waiting_for_a_part_is_no_excuse_for_a_late_first_response(self) -> None:
        facts = [
            created("2026-03-04 09:00"),
            then(What.PAUSED, "2026-03-04 09:30", waiting_for=WaitingFor.PART),
        ]
        found = ask("2026-03-04 14:00", *facts)
        assert found[ClockName.FIRST_RESPONSE].state is ClockState.BREACHED
        assert found[ClockName.RESOLUTION].state is ClockState.PAUSED


class TestReminders:
    def test_who_hears_when_on_the_way_to_a_breach_and_after_it(self) -> None:
        late = ask("2026-03-06 09:00", created("2026-03-04 09:00", priority=0))
        assert passed(late[ClockName.RESOLUTION]) == [
            ("reminder 50", shanghai("2026-03-04 14:00")),
            ("reminder 80", shanghai("2026-03-04 16:24")),
            ("customer_warning 80", shanghai("2026-03-04 16:24")),
            ("breach 100", shanghai("2026-03-04 18:00")),
            ("to expert", shanghai("2026-03-04 18:00")),
            ("to management", shanghai("2026-03-05 14:00")),
        ]
        assert late.level is Level.MANAGEMENT

    def test_whoever_wakes_at_the_next_moment_each_time_misses_nothing(self) -> None:
        """The due-time job sleeps until ``next_at``; walking so gives every mark exactly at its moment."""
        facts = [created("2026-03-04 09:00", priority=3)]
        at = shanghai("2026-03-04 09:00")
        seen = []
        while (found := deadlines("complaint", facts, POLICY, STORE_CALENDAR, at)).next_at is not None:
            announced = {
                (clock.clock, mark)
                for clock in found.clocks
                if clock.next_at == found.next_at
                for mark in clock.next_marks
            }
            at = found.next_at
            new = {
                (clock.clock, one.mark)
                for clock in deadlines("complaint", facts, POLICY, STORE_CALENDAR, at).clocks
                for one in clock.passed
                if one.at == at
            }
            assert new == announced
            seen += sorted(new, key=str)
        everything = deadlines("complaint", facts, POLICY, STORE_CALENDAR, at + 1000 * HOUR)
        assert len(seen) == sum(len(clock.passed) for clock in everything.clocks) == 16


class TestDone:
    def test_done_at_the_due_time_is_in_time_and_a_minute_later_is_not(self) -> None:
        begin = created("2026-03-04 09:00", priority=0)
        in_time = resolution("2026-03-20 09:00", begin, then(What.RESOLVED, "2026-03-04 18:00"))
        assert (in_time.state, in_time.due, passed(in_time)[-1][0]) == (
            ClockState.MET,
            shanghai("2026-03-04 18:00"),
            "customer_warning 80",
        )
        late = resolution("2026-03-20 09:00", begin, then(What.RESOLVED, "2026-03-04 18:01"))
        assert (late.state, late.due) == (ClockState.BREACHED, shanghai("2026-03-04 18:00"))

    def test_solving_is_also_responding_and_answering(self) -> None:
        found = ask("2026-03-20 09:00", created("2026-03-04 09:00"), then(What.RESOLVED, "2026-03-04 10:00"))
        assert [clock.state for clock in found.clocks] == [ClockState.MET] * 3
        assert found.next_at is None

    def test_reopened_ticket_goes_on_where_it_stopped_and_owes_a_new_answer(self) -> None:
        facts = [
            created("2026-03-04 09:00", priority=0),
            then(What.RESPONDED, "2026-03-04 09:30"),
            then(What.RESOLVED, "2026-03-04 15:00"),
            then(What.REOPENED, "2026-03-09 09:00"),
        ]
        found = ask("2026-03-09 09:00", *facts)
        assert found[ClockName.RESOLUTION].due == shanghai("2026-03-09 12:00")  # five of eight hours were used
        assert found[ClockName.ANSWER].due == shanghai("2026-03-10 09:00")
        assert found[ClockName.FIRST_RESPONSE].state is ClockState.MET

    def test_cancelled_ticket_reminds_nobody(self) -> None:
        found = ask("2026-03-20 09:00", created("2026-03-04 09:00"), then(What.CANCELLED, "2026-03-04 10:00"))
        assert [clock.state for clock in found.clocks] == [ClockState.STOPPED] * 3
        assert [clock.passed for clock in found.clocks] == [(), (), ()]
        assert found.next_at is None


class TestPriority:
    def test_raised_priority_can_be_late_at_once(self) -> None:
        facts = [created("2026-03-04 09:00"), then(What.PRIORITY_CHANGED, "2026-03-05 14:00", priority=1)]
        before, after = resolution("2026-03-05 13:59", *facts), resolution("2026-03-05 14:00", *facts)
        assert before.state is ClockState.RUNNING
        assert (after.state, after.due) == (ClockState.BREACHED, shanghai("2026-03-04 18:00"))
        assert ("breach 100", shanghai("2026-03-05 14:00")) in passed(after)

    def test_lowered_priority_gives_time_but_the_breach_stays_on_record(self) -> None:
        facts = [
            created("2026-03-04 09:00", priority=0),
            then(What.PRIORITY_CHANGED, "2026-03-05 10:00", priority=5),
        ]
        found = ask("2026-03-05 10:00", *facts)
        clock = found[ClockName.RESOLUTION]
        assert (clock.state, clock.due) == (ClockState.RUNNING, shanghai("2026-03-10 18:00"))
        assert ("breach 100", shanghai("2026-03-04 18:00")) in passed(clock)
        assert found.level is Level.MANAGEMENT  # by the first response, which is late all the same


class TestMajorIncident:
    FACTS = (
        created("2026-03-07 20:00", priority=0),
        then(What.MAJOR_DECLARED, "2026-03-07 20:10"),
        then(What.TEAM_FORMED, "2026-03-07 20:35"),
        then(What.UPDATE_GIVEN, "2026-03-07 21:00"),
    )

    def test_team_stands_within_half_an_hour_also_on_a_saturday_night(self) -> None:
        team = ask("2026-03-07 20:20", *self.FACTS)[ClockName.TEAM]
        assert (team.state, team.due) == (ClockState.RUNNING, shanghai("2026-03-07 20:40"))
        assert ask("2026-03-07 22:30", *self.FACTS)[ClockName.TEAM].state is ClockState.MET

    def test_every_update_is_due_an_hour_after_the_last(self) -> None:
        update = ask("2026-03-07 21:30", *self.FACTS)[ClockName.UPDATE]
        assert (update.state, update.due) == (ClockState.RUNNING, shanghai("2026-03-07 22:00"))
        missed = ask("2026-03-07 22:30", *self.FACTS)
        assert missed[ClockName.UPDATE].state is ClockState.BREACHED
        assert missed.level is Level.MANAGEMENT

    def test_missed_update_stays_on_record_after_the_incident(self) -> None:
        update = ask("2026-03-08 09:00", *self.FACTS, then(What.MAJOR_ENDED, "2026-03-07 22:30"))[ClockName.UPDATE]
        assert (update.state, passed(update)[-2:]) == (
            ClockState.BREACHED,
            [("breach 100", shanghai("2026-03-07 22:00")), ("to management", shanghai("2026-03-07 22:00"))],
        )


class TestFacts:
    def test_fact_that_a_bench_delivers_late_changes_the_answer_as_if_it_had_been_known(self) -> None:
        facts = [created("2026-03-04 09:00"), then(What.RESOLVED, "2026-03-05 09:00")]
        late = then(What.RESPONDED, "2026-03-04 10:00")
        assert ask("2026-03-06 09:00", *facts, late) == ask("2026-03-06 09:00", facts[0], late, facts[1])
        assert ask("2026-03-06 09:00", late, *facts)[ClockName.FIRST_RESPONSE].ended_at == late.at

    def test_future_is_not_looked_at(self) -> None:
        facts = [created("2026-03-04 09:00")]
        assert ask("2026-03-04 10:00", *facts, then(What.RESOLVED, "2026-03-04 10:01")) == ask(
            "2026-03-04 10:00", *facts
        )

    def test_what_is_no_history_is_refused(self) -> None:
        with pytest.raises(FactsError, match="created once"):
            ask("2026-03-04 10:00", then(What.RESOLVED, "2026-03-04 09:00"))
        with pytest.raises(FactsError, match="created once"):
            ask("2026-03-04 10:00", created("2026-03-04 09:00"), created("2026-03-04 09:01"))
        with pytest.raises(FactsError, match="belongs to created"):
            then(What.RESOLVED, "2026-03-04 09:00", priority=3)
        with pytest.raises(FactsError, match="belongs to paused"):
            then(What.PAUSED, "2026-03-04 09:00")
        with pytest.raises(FactsError, match="no time zone"):
            Fact(What.RESOLVED, datetime(2026, 3, 4))  # noqa: DTZ001


class TestPolicy:
    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            ("first_response: 2h", "first_response: 2 hours", "rules.0.first_response: write a duration like 30min"),
            ("first_response: 2h", "first_response: 0h", "more than nothing"),
            ("first_response: 2h", "first_reply: 2h", "rules.0.first_reply: Extra inputs are not permitted"),
            (
                "  - first_response: 4h",
                "  - kinds: [repair]\n    first_response: 4h",
                "no rule fits a ticket of priority 5, 6",
            ),
            ("priorities: [0, 1]", "priorities: [2, 3]", "rules.2: rules before it take every ticket"),
            (
                "expert: 100, management: 200",
                "expert: 100, management: 100",
                "management (100 %) comes after the expert",
            ),
            ("reminders: [50, 80]", "reminders: [50, 120]", "clocks.first_response.reminders.1: Input should be less"),
        ],
    )
    def test_bad_policy_is_refused_in_one_sentence(self, old: str, new: str, sentence: str) -> None:
        text = (Path(__file__).parents[3] / "hub" / "sla" / "standard.yaml").read_text(encoding="utf-8")
        changed = text.replace(old, new, 1)
        if old.startswith("priorities"):
            changed = changed.replace("priorities: [2, 3, 4]", "priorities: [3]", 1)
        with pytest.raises(DocumentError) as refused:
            parse(SlaPolicy, changed.encode(), "standard.yaml")
        assert str(refused.value).startswith("standard.yaml: ")
        assert sentence in str(refused.value)

    def test_document_survives_being_written_and_read(self) -> None:
        assert parse(SlaPolicy, POLICY.model_dump_json(by_alias=True).encode(), "policy.json") == POLICY
