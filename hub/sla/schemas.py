"""What the service level API takes and gives."""

from datetime import datetime

from pydantic import BaseModel, Field

from hub.core.i18n import Language
from hub.policies.models import PolicyVersion
from hub.policies.schemas import VersionOut
from hub.policies.values import Document, Moment, duration_text
from hub.sla.documents import ClockName, Level, SlaPolicy, WaitingFor
from hub.sla.readings import ClockReading, ClockState, Mark, MarkKind
from hub.sla.service import TicketDeadlines


class NewSlaPolicy(Document):
    """A new version of a service level policy."""

    valid_from: Moment | None = Field(
        default=None,
        description="For tickets that are created from then on; left out: from now on.",
        examples=["2027-01-01T00:00:00Z"],
    )
    document: SlaPolicy


class SlaPolicyOut(VersionOut[SlaPolicy]):
    """A version of a service level policy."""

    @classmethod
    def of(cls, name: str, row: PolicyVersion | None, policy: SlaPolicy) -> "SlaPolicyOut":
        """Show one row, or what is delivered."""
        return cls(
            name=name,
            version=row.version if row else 0,
            valid_from=row.valid_from if row else None,
            created_at=row.created_at if row else None,
            document=policy,
        )


class MarkOut(BaseModel):
    """A point of a clock."""

    kind: MarkKind
    percent: int = Field(description="Of the allowed time.", examples=[80])
    level: Level | None

    @classmethod
    def of(cls, mark: Mark) -> "MarkOut":
        """Show one mark."""
        return cls(kind=mark.kind, percent=mark.percent, level=mark.level)


class PassedOut(MarkOut):
    """A point that was passed."""

    at: datetime


class PauseOut(BaseModel):
    """A time that did not count."""

    waiting_for: WaitingFor
    start: datetime
    end: datetime | None


class ClockOut(BaseModel):
    """One clock of a ticket."""

    clock: ClockName
    state: ClockState
    started_at: datetime
    ended_at: datetime | None
    allowed: str | None = Field(examples=["2h"])
    elapsed_s: float = Field(description="Counted time, in seconds.", examples=[5400.0])
    due: datetime | None = Field(description="`null` while it is paused or not timed.")
    promised: datetime | None = Field(description="The due time without any pause.")
    slipped: bool = Field(description="The date moved after it was promised; the customer has to know.")
    pauses: list[PauseOut]
    passed: list[PassedOut]
    next_at: datetime | None
    next_marks: list[MarkOut] = Field(description="What is passed at `next_at` if nothing else happens.")

    @classmethod
    def of(cls, clock: ClockReading) -> "ClockOut":
        """Show one clock."""
        return cls(
            clock=clock.clock,
            state=clock.state,
            started_at=clock.started_at,
            ended_at=clock.ended_at,
            allowed=None if clock.allowed is None else duration_text(clock.allowed),
            elapsed_s=clock.elapsed.total_seconds(),
            due=clock.due,
            promised=clock.promised,
            slipped=clock.slipped,
            pauses=[PauseOut(waiting_for=one.waiting_for, start=one.start, end=one.end) for one in clock.pauses],
            passed=[PassedOut(**MarkOut.of(one.mark).model_dump(), at=one.at) for one in clock.passed],
            next_at=clock.next_at,
            next_marks=[MarkOut.of(mark) for mark in clock.next_marks],
        )


class DeadlinesOut(BaseModel):
    """How a ticket stands against its service levels."""

    policy: str = Field(examples=["standard"])
    policy_version: int
    calendar: str = Field(examples=["standard"])
    level: Level = Field(description="The highest level that was ever brought in (T8).")
    next_at: datetime | None = Field(description="When anything changes by itself.")
    clocks: list[ClockOut]
    doubts: list[str] = Field(description="What the calendar does not know about these times.", examples=[[]])

    @classmethod
    def of(cls, found: TicketDeadlines, language: Language) -> "DeadlinesOut":
        """Show a ticket's clocks."""
        return cls(
            policy=found.policy,
            policy_version=found.policy_version,
            calendar=found.calendar,
            level=found.deadlines.level,
            next_at=found.deadlines.next_at,
            clocks=[ClockOut.of(clock) for clock in found.deadlines.clocks],
            doubts=[words[language] for words in found.doubts],
        )
