"""All SQL of the analysis of tickets: one statement, whatever is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, select
from sqlalchemy import case as when
from sqlalchemy.orm import Session

from hub.analysis.days import Segment
from hub.core.labels import model_key
from hub.core.sql import epoch_s, whole
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.sla.facts import What
from hub.sla.history import FACT_OF_EVENT
from hub.tickets.kinds import State
from hub.tickets.models import Ticket
from hub.tickets.queries import visible_tickets

DAY_S = 86_400
HOUR_S = 3600
_RESPONDED = sorted(kind for kind, what in FACT_OF_EVENT.items() if what in {What.RESPONDED, What.ANSWERED})


class Dimension(StrEnum):
    """By what tickets are counted."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    KIND = "kind"
    STORE = "store"
    MODEL = "model"
    CHANNEL = "channel"
    STATE = "state"
    FAULT = "fault"
    """What was noticed."""
    ROOT_CAUSE = "root_cause"
    """What it was (D1)."""


TIMES = frozenset({Dimension.DAY, Dimension.WEEK, Dimension.MONTH})


@dataclass(frozen=True, slots=True)
class TicketsWanted:
    """Which tickets; absent members do not restrict. ``since`` is inclusive, ``until`` exclusive."""

    since: datetime
    until: datetime
    kind: str | None = None
    store: str | None = None
    model: str | None = None
    fault: str | None = None
    channel: str | None = None


@dataclass(slots=True)
class Sums:
    """Figures of some tickets that can be added up. ``answered_s`` and ``closed_s`` are sums of seconds."""

    created: int = 0
    cancelled: int = 0
    closed: int = 0
    closed_s: float = 0.0
    closed_in_24h: int = 0
    closed_in_72h: int = 0
    responded: int = 0
    responded_s: float = 0.0

    def add(self, other: "Sums") -> None:
        """Take up the figures of other tickets."""
        for name in Sums.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def sums(
    session: Session, actor: Actor, wanted: TicketsWanted, by: Sequence[Dimension], segments: Sequence[Segment]
) -> list[tuple[tuple[Any, ...], Sums]]:
    """Return the figures of the visible tickets by day (a number, see ``days``) and the other dimensions."""
    first = _first_responses(wanted)
    to_close = epoch_s(Ticket.closed_at) - epoch_s(Ticket.created_at)
    to_respond = epoch_s(first.c.at) - epoch_s(Ticket.created_at)
    closed = Ticket.state == State.CLOSED
    columns = [_column(one, segments) for one in by]
    statement = (
        visible_tickets(actor)
        .outerjoin(first, first.c.ticket_id == Ticket.id)
        .with_only_columns(
            *columns,
            func.count(),
            _how_many(Ticket.state == State.CANCELLED),
            _how_many(closed),
            func.sum(when((closed, to_close), else_=0.0)),
            _how_many(closed & (to_close <= 24 * HOUR_S)),
            _how_many(closed & (to_close <= 72 * HOUR_S)),
            _how_many(first.c.at.is_not(None)),
            func.sum(when((first.c.at.is_not(None), to_respond), else_=0.0)),
        )
        .where(*_conditions(wanted))
        .group_by(*columns)
    )
    width = len(by)
    return [(tuple(row[:width]), _sums(row[width:])) for row in session.execute(statement)]


def _sums(row: Sequence[Any]) -> Sums:
    created, cancelled, closed, closed_s, in_24h, in_72h, responded, responded_s = row
    return Sums(
        created=int(created),
        cancelled=int(cancelled),
        closed=int(closed),
        closed_s=float(closed_s),
        closed_in_24h=int(in_24h),
        closed_in_72h=int(in_72h),
        responded=int(responded),
        responded_s=float(responded_s),
    )


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(when((condition, 1), else_=0))


def _conditions(wanted: TicketsWanted) -> list[ColumnElement[bool]]:
    equal: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (Ticket.kind, wanted.kind),
            (Ticket.store, wanted.store),
            (Ticket.model_key, None if wanted.model is None else model_key(wanted.model)),
            (Ticket.fault, wanted.fault),
            (Ticket.channel, wanted.channel),
        )
        if value is not None
    ]
    between = (Ticket.created_at >= wanted.since, Ticket.created_at < wanted.until)
    return [Ticket.state != State.DRAFT, *between, *equal]


def _first_responses(wanted: TicketsWanted) -> Any:
    """Return when somebody first responded to each ticket; no response is older than the oldest ticket."""
    return (
        select(
            cast(func.substr(Event.record_id, 3), BigInteger).label("ticket_id"),
            func.min(Event.occurred_at).label("at"),
        )
        .where(Event.record_type == "ticket", Event.kind.in_(_RESPONDED), Event.recorded_at >= wanted.since)
        .group_by(Event.record_id)
        .subquery("first_response")
    )


def _column(dimension: Dimension, segments: Sequence[Segment]) -> ColumnElement[Any]:
    if dimension in TIMES:
        return whole((epoch_s(Ticket.created_at) + _offset(segments)) / DAY_S).label("day")
    column: ColumnElement[Any] = getattr(Ticket, dimension.value)
    return column


def _offset(segments: Sequence[Segment]) -> ColumnElement[float]:
    """Return how far a place's clock is ahead of UTC at the intake, in seconds."""
    last: ColumnElement[float] = literal(float(segments[-1].offset_s))
    if len(segments) == 1:
        return last
    changes = [(Ticket.created_at < one.until, literal(float(one.offset_s))) for one in segments[:-1]]
    return when(*changes, else_=last)
