"""The register of consultations and its figures, computed from tickets and their events (T2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.core.paging import after_cursor
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.tickets import queries as tickets
from hub.tickets import remarks
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket

TARGET_WAIT_S = 30
"""Within which a customer is to be answered (T2)."""
_KINDS = ("ticket.promise", "ticket.answer", "ticket.inform")
MOST_IN_FIGURES = 20_000


@dataclass(frozen=True, slots=True)
class Consultation:
    """One question and what became of it."""

    ticket: Ticket
    promised_at: datetime | None
    moved_late: bool
    """Whether a promised time had passed before another was promised: a broken promise stays one."""
    answered_at: datetime | None
    informed_at: datetime | None
    answer: str | None
    outcome: str | None

    @property
    def within_target(self) -> bool | None:
        """Whether the customer was answered in time; ``None`` where the wait was not noted."""
        return None if self.ticket.waited_s is None else self.ticket.waited_s <= TARGET_WAIT_S

    def promise_kept(self, at: datetime) -> bool | None:
        """Whether the answer came by the promised time; ``None`` without a promise, or while there is time."""
        if self.promised_at is None:
            return None
        if self.moved_late:
            return False
        if self.answered_at is None:
            return False if at > self.promised_at or self.ticket.closed_at is not None else None
        return self.answered_at <= self.promised_at


@dataclass(frozen=True, slots=True)
class Figures:
    """How consultations went."""

    consultations: int
    noted_waits: int
    within_target: int
    mean_wait_s: float | None
    promises: int
    promises_kept: int
    promises_broken: int
    open: int


def page(
    session: Session, actor: Actor, cursor: str | None, limit: int, *, overdue_at: datetime | None
) -> list[Consultation]:
    """Return consultations, the newest first, one more than ``limit``; ``overdue_at`` keeps open promises before it."""
    statement = tickets.visible_tickets(actor).where(Ticket.kind == Kind.CONSULTATION)
    if overdue_at is not None:
        statement = statement.where(Ticket.state == State.PROMISED)
    rows = session.scalars(after_cursor(statement, [Ticket.id], [int], cursor, limit)).all()
    found = _with_events(session, rows)
    if overdue_at is None:
        return found
    return [one for one in found if one.promised_at is not None and one.promised_at < overdue_at]


def between(session: Session, actor: Actor, since: datetime, until: datetime) -> list[Consultation]:
    """Return the consultations that came in a span of time, the newest first."""
    statement = tickets.visible_tickets(actor).where(
        Ticket.kind == Kind.CONSULTATION, Ticket.created_at >= since, Ticket.created_at < until
    )
    rows = session.scalars(statement.order_by(Ticket.id.desc()).limit(MOST_IN_FIGURES)).all()
    return _with_events(session, rows)


def figures(found: Iterable[Consultation], at: datetime) -> Figures:
    """Count how consultations went, as of a moment."""
    all_of = list(found)
    waits = [one.ticket.waited_s for one in all_of if one.ticket.waited_s is not None]
    kept = [one.promise_kept(at) for one in all_of if one.promised_at is not None]
    return Figures(
        consultations=len(all_of),
        noted_waits=len(waits),
        within_target=sum(wait <= TARGET_WAIT_S for wait in waits),
        mean_wait_s=sum(waits) / len(waits) if waits else None,
        promises=len(kept),
        promises_kept=kept.count(True),
        promises_broken=kept.count(False),
        open=sum(one.ticket.closed_at is None for one in all_of),
    )


def _with_events(session: Session, rows: Sequence[Ticket]) -> list[Consultation]:
    happened: dict[str, dict[str, Event]] = {}
    words: dict[int, dict[str, Any]] = {}
    late: set[str] = set()
    numbers = [row.public_id for row in rows]
    for first in range(0, len(numbers), 500):
        statement = select(Event).where(
            Event.record_type == "ticket", Event.record_id.in_(numbers[first : first + 500]), Event.kind.in_(_KINDS)
        )
        found = session.scalars(statement.order_by(Event.id)).all()
        words |= {event.id: event.payload for event in remarks.shown(session, found)}
        for event in found:
            newest = happened.setdefault(event.record_id, {})
            before = newest.get(event.kind)
            if event.kind == "ticket.promise" and before and event.occurred_at > _promised(before):
                late.add(event.record_id)
            newest[event.kind] = event
    return [_of(row, happened.get(row.public_id, {}), words, moved_late=row.public_id in late) for row in rows]


def _promised(promise: Event) -> datetime:
    return datetime.fromisoformat(promise.payload["promised_at"])


def _of(
    ticket: Ticket, newest: dict[str, Event], words: dict[int, dict[str, Any]], *, moved_late: bool
) -> Consultation:
    promise, answer, inform = (newest.get(kind) for kind in _KINDS)
    return Consultation(
        ticket=ticket,
        promised_at=_promised(promise) if promise else None,
        moved_late=moved_late,
        answered_at=answer.occurred_at if answer else None,
        informed_at=inform.occurred_at if inform else None,
        answer=words[answer.id].get("answer") if answer else None,
        outcome=words[inform.id].get("outcome") if inform else None,
    )
