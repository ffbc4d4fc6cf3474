"""What the dispatch and roster API takes and gives."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from hub.core.bodies import JsonBody
from hub.core.i18n import Language, Words
from hub.core.people import UserNumber
from hub.dispatch.models import Certificate, DispatchEntry, Shift, Workplace
from hub.dispatch.service import Proposal, told
from hub.policies.values import Day, Moment
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

Name = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,63}$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class WorkplaceIn(JsonBody):
    """Where a bench is, what it does, and how many tickets it can hold."""

    store: Code | None = Field(default=None, examples=["sh-xujiahui"])
    region: Code | None = Field(default=None, examples=["east"])
    skill_group: Name | None = Field(default=None, description="`null`: it takes tickets of any group.")
    capacity: Annotated[int, Field(ge=0, le=1000, examples=[6])]


class WorkplaceOut(BaseModel):
    """A bench as dispatch sees it."""

    bench: str = Field(examples=["bench-01"])
    store: str | None
    region: str | None
    skill_group: str | None
    capacity: int
    load: int = Field(description="Tickets on its worklist now.")
    updated_at: datetime

    @classmethod
    def of(cls, row: Workplace, load: int) -> "WorkplaceOut":
        """Show one row."""
        return cls(
            bench=row.bench,
            store=row.store,
            region=row.region,
            skill_group=row.skill_group,
            capacity=row.capacity,
            load=load,
            updated_at=row.updated_at,
        )


class CertificateIn(JsonBody):
    """What a person has proven."""

    level: Annotated[int, Field(ge=1, le=5, description="5 is the highest.", examples=[3])]
    valid_until: Day | None = Field(default=None, description="The last day on which it holds; `null`: no end.")


class CertificateOut(BaseModel):
    """A skill that a person has proven (H1)."""

    person: str = Field(examples=["U-000007"])
    skill: str = Field(examples=["board_repair"])
    level: int
    valid_until: date | None

    @classmethod
    def of(cls, row: Certificate) -> "CertificateOut":
        """Show one row."""
        return cls(person=row.person, skill=row.skill, level=row.level, valid_until=row.valid_until)


class NewShift(JsonBody):
    """Who works at which bench, from when to when."""

    bench: Annotated[str, StringConstraints(min_length=1, max_length=128)] = Field(examples=["bench-01"])
    person: UserNumber = Field(examples=["U-000007"])
    starts_at: Moment
    ends_at: Moment


class ShiftOut(BaseModel):
    """A shift."""

    id: str = Field(examples=["S-000012"])
    bench: str
    person: str
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, row: Shift) -> "ShiftOut":
        """Show one row."""
        return cls(id=row.public_id, bench=row.bench, person=row.person, starts_at=row.starts_at, ends_at=row.ends_at)


class ConsideredOut(BaseModel):
    """A bench, and a person at it where one was looked at, and why it was not chosen."""

    bench: str
    person: str | None
    fits: bool = Field(description="Whether it could have been chosen.")
    because: str = Field(examples=["it is full: 4 of 4 tickets"])


class DispatchOut(BaseModel):
    """What dispatch thinks of a ticket."""

    ticket: str = Field(examples=["T-000042"])
    status: str = Field(description="`proposed`, `waiting`, `review`, `dispatched` or `held`.", examples=["waiting"])
    group: str = Field(examples=["board"])
    skill: str = Field(examples=["board_repair"])
    level: int
    bench: str | None
    person: str | None
    automatic: bool = Field(description="`false`: a person decided.")
    policy_version: int = Field(description="Version of the dispatch policy; 0 is what is delivered.")
    rule: int = Field(description="Which of its rules held; 0 is the first.")
    because: str
    others: list[ConsideredOut]
    at: datetime = Field(description="When this was found out.")
    next_chance_at: datetime | None = Field(description="When the next shift of somebody who may do it begins.")

    @classmethod
    def of(cls, ticket: Ticket, entry: DispatchEntry, language: Language) -> "DispatchOut":
        """Show how the dispatch of a ticket stands."""
        return cls(
            ticket=ticket.public_id,
            status=entry.status,
            group=entry.skill_group,
            skill=entry.skill,
            level=entry.level,
            bench=entry.bench,
            person=entry.person,
            automatic=entry.automatic,
            policy_version=entry.policy_version,
            rule=entry.rule,
            because=entry.told["because"][language],
            others=[_considered(one, language) for one in entry.told["others"]],
            at=entry.tried_at,
            next_chance_at=entry.next_chance_at,
        )

    @classmethod
    def proposed(
        cls, ticket: Ticket, proposal: Proposal, because: Words, language: Language, at: datetime
    ) -> "DispatchOut":
        """Show what the policy would choose."""
        choice, need = proposal.choice, proposal.need
        words = told(choice, because)
        return cls(
            ticket=ticket.public_id,
            status="proposed",
            group=need.group,
            skill=need.skill,
            level=need.level,
            bench=choice.bench,
            person=choice.person,
            automatic=True,
            policy_version=proposal.version,
            rule=proposal.rule,
            because=words["because"][language],
            others=[_considered(one, language) for one in words["others"]],
            at=at,
            next_chance_at=choice.next_chance_at,
        )


class QueuedOut(DispatchOut):
    """A ticket that nobody works on yet."""

    kind: Kind
    state: State
    priority: int
    store: str | None
    created_at: datetime

    @classmethod
    def of_row(cls, ticket: Ticket, entry: DispatchEntry, language: Language) -> "QueuedOut":
        """Show a ticket and how its dispatch stands."""
        return cls(
            **DispatchOut.of(ticket, entry, language).model_dump(),
            kind=Kind(ticket.kind),
            state=State(ticket.state),
            priority=ticket.priority,
            store=ticket.store,
            created_at=ticket.created_at,
        )


class RetryOut(BaseModel):
    """What a retry did."""

    dispatched: list[str] = Field(description="Tickets that left the queue.", examples=[["T-000042"]])
    next_retry_at: datetime | None = Field(description="When the next shift begins that a waiting ticket waits for.")


def _considered(one: dict[str, str], language: Language) -> ConsideredOut:
    return ConsideredOut(bench=one["bench"], person=one["person"], fits=bool(one["fits"]), because=one[language])


class BacklogLine(BaseModel):
    """The open tickets of one store, group, bench or kind."""

    key: str | None = Field(description="`null`: those that have none.", examples=["sh-xujiahui"])
    open: int
    waiting_for_dispatch: int
    on_bench: int
    urgent: int = Field(description="Of priority 0 or 1.")
    at_risk: list[str] = Field(description="Past the reminder of a service level clock.", examples=[["T-000042"]])
    breached: list[str] = Field(description="Past the due time of a service level clock.", examples=[[]])
    oldest: str | None = Field(examples=["T-000017"])
    oldest_at: datetime | None


class BacklogOut(BaseModel):
    """What waits, the fullest line first."""

    lines: list[BacklogLine]
    unread: int = Field(description="Open tickets beyond the 5000 most urgent; they are in no line.")
    at: datetime
