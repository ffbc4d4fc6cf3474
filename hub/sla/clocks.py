"""By when, and what then: the clocks of a ticket as a pure function of what happened to it.

``deadlines`` walks through the facts once. Between two facts nothing about a clock changes but the time that it has
counted, so whatever is reached between them (a reminder, the due time) lies where the calendar puts it. Nothing is
kept: asked again with one fact more, or with an older fact that a bench delivered late, the answer is as if it had
always been known.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from hub.calendars.calendar import ELAPSED, WorkingTime
from hub.sla.documents import (
    AfterReopening,
    ClockName,
    ClockRules,
    CountedTime,
    Level,
    MajorIncident,
    SlaPolicy,
    WaitingFor,
    Watching,
)
from hub.sla.facts import Fact, FactsError, What
from hub.sla.readings import ClockReading, ClockState, Deadlines, Mark, MarkKind, Passed, Pause

_ZERO = timedelta()


def deadlines(kind: str, facts: Iterable[Fact], policy: SlaPolicy, calendar: WorkingTime, at: datetime) -> Deadlines:
    """Return how the clocks of a ticket of ``kind`` stand ``at`` a moment.

    ``facts`` may come in any order; those later than ``at`` are not looked at, and those before the creation (a bench's
    clock that is late) count as happened with it. What happens at the due time itself is in time. Raises
    ``FactsError`` unless exactly one fact is the creation and it is not later than ``at``.
    """
    if at.tzinfo is None:
        raise FactsError(f"{at} has no time zone")
    at = at.astimezone(UTC)
    ticket = _Ticket(kind, policy)
    clocks = [_Clock(name, ticket, calendar) for name in ClockName]
    for moment, group in groupby(_history(facts, at), key=lambda pair: pair[0]):
        for clock in clocks:
            clock.advance(moment)
        for _, fact in group:
            if ticket.apply(fact):
                for clock in clocks:
                    clock.apply(fact.what, moment)
        for clock in clocks:
            clock.settle(moment)
    readings = tuple(reading for clock in clocks if (reading := clock.read(at)) is not None)
    levels = [one.mark.level for reading in readings for one in reading.passed if one.mark.level is not None]
    return Deadlines(
        readings,
        max(levels, key=lambda level: level.rank, default=Level.FRONT_LINE),
        min((reading.next_at for reading in readings if reading.next_at is not None), default=None),
    )


def _history(facts: Iterable[Fact], at: datetime) -> list[tuple[datetime, Fact]]:
    known = [fact for fact in facts if fact.at <= at]
    created = [fact for fact in known if fact.what is What.CREATED]
    if len(created) != 1:
        raise FactsError(f"a ticket is created once; these facts up to {at} have it {len(created)} times")
    begin = created[0].at
    others = sorted((fact for fact in known if fact.what is not What.CREATED), key=lambda fact: fact.at)
    return [(max(fact.at, begin).astimezone(UTC), fact) for fact in (created[0], *others)]


class _Ticket:
    """What all clocks of a ticket share, after the facts so far."""

    def __init__(self, kind: str, policy: SlaPolicy) -> None:
        self.policy = policy
        self.open = False
        self.major = False
        self.waiting_for: WaitingFor | None = None
        self._kind = kind
        self._priority = 0

    def allowed(self, clock: ClockName) -> timedelta | None:
        return self.policy.target(self._kind, self._priority, clock)

    def apply(self, fact: Fact) -> bool:
        """Take up a fact; return whether it means anything in the ticket's present state."""
        what = fact.what
        if fact.priority is not None:
            self._priority = fact.priority
        if what is What.PRIORITY_CHANGED:
            return True
        if what in {What.CREATED, What.REOPENED}:
            meant = not self.open
            self.open = True
            return meant
        if what is What.MAJOR_DECLARED:
            meant = self.open and not self.major
        elif what in {What.TEAM_FORMED, What.UPDATE_GIVEN, What.MAJOR_ENDED}:
            meant = self.major
        else:
            meant = self.open
        if meant:
            self._change(fact)
        return meant

    def _change(self, fact: Fact) -> None:
        if fact.what in {What.PAUSED, What.RESUMED}:
            self.waiting_for = fact.waiting_for
        elif fact.what is What.MAJOR_DECLARED:
            self.major = True
        elif fact.what is What.MAJOR_ENDED:
            self.major = False
        elif fact.what in {What.RESOLVED, What.CANCELLED}:
            self.open = self.major = False
            self.waiting_for = None


_BEGINS = {
    ClockName.FIRST_RESPONSE: frozenset({What.CREATED}),
    ClockName.ANSWER: frozenset({What.CREATED}),
    ClockName.RESOLUTION: frozenset({What.CREATED}),
    ClockName.TEAM: frozenset({What.MAJOR_DECLARED}),
    ClockName.UPDATE: frozenset({What.MAJOR_DECLARED, What.UPDATE_GIVEN}),
}
_ENDS: dict[ClockName, frozenset[What]] = {
    ClockName.FIRST_RESPONSE: frozenset({What.RESPONDED, What.ANSWERED, What.RESOLVED}),
    ClockName.ANSWER: frozenset({What.ANSWERED, What.RESOLVED}),
    ClockName.RESOLUTION: frozenset({What.RESOLVED}),
    ClockName.TEAM: frozenset({What.TEAM_FORMED}),
    ClockName.UPDATE: frozenset(),
}
_OF_MAJOR_INCIDENTS = frozenset({ClockName.TEAM, ClockName.UPDATE})


class _Clock:
    """A clock on its way through the facts: ``advance`` to a moment, ``apply`` its facts, ``settle`` their meaning."""

    def __init__(self, name: ClockName, ticket: _Ticket, calendar: WorkingTime) -> None:
        self._name = name
        self._ticket = ticket
        rules = _rules(ticket.policy, name)
        self._after_reopening = rules.after_reopening if isinstance(rules, ClockRules) else AfterReopening.STAYS_ENDED
        self._paused_by = frozenset(rules.paused_by if isinstance(rules, ClockRules) else ())
        self._time: WorkingTime = calendar if rules.time is CountedTime.WORKING else ELAPSED
        self._marks = _marks(rules)
        self._started_at: datetime | None = None
        self._ended_at: datetime | None = None
        self._allowed: timedelta | None = None
        self._elapsed = _ZERO
        self._counting = False
        self._since: datetime | None = None
        self._counted: list[tuple[datetime, timedelta]] = []
        """This round's stretches of counting: when each began, and what had been counted before."""
        self._reached: set[Mark] = set()
        """The marks whose percentage the counted time has reached, by what is allowed now."""
        self._passed: list[Passed] = []
        self._pauses: list[Pause] = []

    def advance(self, to: datetime) -> None:
        """Count the time until ``to``, and pass the marks that were reached before it."""
        if self._counting and self._since is not None and self._since < to:
            gained = self._time.working_between(self._since, to)
            if self._allowed is not None:
                for mark in self._marks:
                    missing = mark.threshold(self._allowed) - self._elapsed
                    if mark not in self._reached and missing <= gained:
                        moment = self._time.add_working(self._since, missing)
                        if moment < to:
                            self._pass(mark, moment)
            self._elapsed += gained
        self._since = to

    def apply(self, what: What, at: datetime) -> None:
        """Take up a fact that means something."""
        if what in _BEGINS[self._name]:
            self._begin(at)
        elif self._started_at is None:
            return
        elif what is What.FEEDBACK:
            if self._name is ClockName.ANSWER and self._ended_at is not None:
                self._begin(at)
        elif what in _ENDS[self._name]:
            self._ended_at = self._ended_at or at
        elif what is What.REOPENED and self._ended_at is not None:
            if self._after_reopening is AfterReopening.BEGINS_ANEW:
                self._begin(at)
            elif self._after_reopening is AfterReopening.GOES_ON:
                self._ended_at = None

    def settle(self, at: datetime) -> None:
        """See what the facts of a moment make of the clock: its allowed time, its marks, and whether it counts on."""
        active = self._active
        if active:
            self._allowed = self._ticket.allowed(self._name)
            self._recheck(at)
        waiting_for = self._ticket.waiting_for if active and self._ticket.waiting_for in self._paused_by else None
        self._note_pause(waiting_for, at)
        counting = active and waiting_for is None
        if counting and (not self._counting or not self._counted):
            self._counted.append((at, self._elapsed))
        self._counting = counting

    def read(self, at: datetime) -> ClockReading | None:
        """Return the clock's reading, ``None`` if it has not begun."""
        self.advance(at)
        if self._active:
            self._recheck(at)
        if self._started_at is None:
            return None
        next_at, next_marks = self._next(at)
        return ClockReading(
            clock=self._name,
            state=self._state(),
            started_at=self._started_at,
            ended_at=self._ended_at,
            allowed=self._allowed,
            elapsed=self._elapsed,
            due=self._due(at),
            promised=None if self._allowed is None else self._time.add_working(self._started_at, self._allowed),
            pauses=tuple(self._pauses),
            passed=tuple(self._passed),
            next_at=next_at,
            next_marks=next_marks,
        )

    @property
    def _active(self) -> bool:
        ticket = self._ticket
        promised = ticket.open and (ticket.major or self._name not in _OF_MAJOR_INCIDENTS)
        return promised and self._started_at is not None and self._ended_at is None

    def _begin(self, at: datetime) -> None:
        self._started_at = at
        self._ended_at = None
        self._allowed = self._ticket.allowed(self._name)
        self._elapsed = _ZERO
        self._counted.clear()
        self._reached.clear()

    def _recheck(self, at: datetime) -> None:
        for mark in self._marks:
            reached = self._allowed is not None and self._elapsed >= mark.threshold(self._allowed)
            if reached and mark not in self._reached:
                self._pass(mark, at)
            elif not reached:
                self._reached.discard(mark)

    def _pass(self, mark: Mark, at: datetime) -> None:
        self._reached.add(mark)
        self._passed.append(Passed(mark, at))

    def _note_pause(self, waiting_for: WaitingFor | None, at: datetime) -> None:
        current = self._pauses[-1] if self._pauses and self._pauses[-1].end is None else None
        if current is not None and current.waiting_for is not waiting_for:
            self._pauses[-1] = Pause(current.waiting_for, current.start, at)
            current = None
        if waiting_for is not None and current is None:
            self._pauses.append(Pause(waiting_for, at, None))

    def _state(self) -> ClockState:
        if self._allowed is None:
            return ClockState.UNTIMED
        if _BREACH in self._reached:
            return ClockState.BREACHED
        if self._ended_at is not None:
            return ClockState.MET
        if not self._active:
            return ClockState.STOPPED
        return ClockState.RUNNING if self._counting else ClockState.PAUSED

    def _due(self, at: datetime) -> datetime | None:
        allowed = self._allowed
        if allowed is None:
            return None
        if self._elapsed >= allowed:
            start, before = next(one for one in reversed(self._counted) if one[1] < allowed)
            return self._time.add_working(start, allowed - before)
        if self._counting or self._ended_at is not None:
            return self._time.add_working(self._ended_at or at, allowed - self._elapsed)
        return None

    def _next(self, at: datetime) -> tuple[datetime | None, tuple[Mark, ...]]:
        ahead = [mark for mark in self._marks if mark not in self._reached]
        if not self._counting or self._allowed is None or not ahead:
            return None, ()
        first = ahead[0].percent
        missing = ahead[0].threshold(self._allowed) - self._elapsed
        return self._time.add_working(at, missing), tuple(mark for mark in ahead if mark.percent == first)


_BREACH = Mark(MarkKind.BREACH, 100)


def _rules(policy: SlaPolicy, name: ClockName) -> ClockRules | MajorIncident:
    if name is ClockName.FIRST_RESPONSE:
        return policy.clocks.first_response
    if name is ClockName.ANSWER:
        return policy.clocks.answer
    if name is ClockName.RESOLUTION:
        return policy.clocks.resolution
    return policy.major_incident


def _marks(rules: Watching) -> Sequence[Mark]:
    """Return all marks of a clock, in the order in which they are passed."""
    marks = [Mark(MarkKind.REMINDER, percent) for percent in sorted(set(rules.reminders))]
    if isinstance(rules, ClockRules) and rules.warn_customer is not None:
        marks.append(Mark(MarkKind.CUSTOMER_WARNING, rules.warn_customer))
    marks.append(_BREACH)
    for level, percent in ((Level.EXPERT, rules.escalate.expert), (Level.MANAGEMENT, rules.escalate.management)):
        if percent is not None:
            marks.append(Mark(MarkKind.ESCALATION, percent, level))
    return sorted(marks, key=lambda mark: mark.percent)
