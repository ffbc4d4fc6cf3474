"""What ``clocks.deadlines`` answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hub.sla.documents import ClockName, Level, WaitingFor


class ClockState(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    """Past its due time, or ended after it."""
    STOPPED = "stopped"
    """The ticket was cancelled, or the major incident is over: nothing is promised any more."""
    UNTIMED = "untimed"
    """The policy gives no due time for this kind and priority."""


class MarkKind(StrEnum):
    """What is passed on the way."""

    REMINDER = "reminder"
    CUSTOMER_WARNING = "customer_warning"
    BREACH = "breach"
    ESCALATION = "escalation"


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a clock at a percentage of the allowed time; ``level`` is set for an escalation."""

    kind: MarkKind
    percent: int
    level: Level | None = None

    def threshold(self, allowed: timedelta) -> timedelta:
        """Return the counted time at which the mark is passed."""
        return allowed * self.percent / 100


@dataclass(frozen=True, slots=True)
class Passed:
    """A mark and the moment at which it was passed."""

    mark: Mark
    at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A time that did not count; ``end`` is ``None`` while it lasts."""

    waiting_for: WaitingFor
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One clock at the moment of asking. All moments are in UTC.

    ``elapsed`` is the counted time of this round. ``due`` is ``None`` while the clock is paused (it depends on when
    the wait ends; ``allowed - elapsed`` is left then), and when it is stopped or untimed. ``promised`` is the due time
    had there been no pause: a later ``due`` means that the date slipped and the customer has to be told (T7).
    ``passed`` is the whole history of marks, earlier rounds and earlier priorities included. ``next_at`` is when
    ``next_marks`` will be passed if nothing else happens.
    """

    clock: ClockName
    state: ClockState
    started_at: datetime
    ended_at: datetime | None
    allowed: timedelta | None
    elapsed: timedelta
    due: datetime | None
    promised: datetime | None
    pauses: tuple[Pause, ...]
    passed: tuple[Passed, ...]
    next_at: datetime | None
    next_marks: tuple[Mark, ...]

    @property
    def slipped(self) -> bool:
        """Whether the due time is later than was promised, or not known any more because of a pause."""
        if self.state is ClockState.PAUSED:
            return True
        return self.due is not None and self.promised is not None and self.due > self.promised


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The clocks that have begun, the highest level that was ever reached, and when to look again."""

    clocks: tuple[ClockReading, ...]
    level: Level
    next_at: datetime | None

    def __getitem__(self, name: ClockName) -> ClockReading:
        """Return one clock; raise ``KeyError`` if it has not begun."""
        for reading in self.clocks:
            if reading.clock is name:
                return reading
        raise KeyError(name)
