"""What other domains ask about many tickets at once."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.identity.actors import Actor
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket
from hub.tickets.queries import visible_tickets


def faults_asked(session: Session, since: datetime, until: datetime, limit: int) -> list[tuple[str, str, int]]:
    """Return model, fault and number of the tickets that came in a span of time, the most frequent first."""
    count = func.count().label("tickets")
    name = func.min(Ticket.model).label("name")  # of its spellings the first
    statement = (
        select(name, Ticket.fault, count)
        .where(Ticket.created_at >= since, Ticket.created_at < until)
        .where(Ticket.fault.is_not(None), Ticket.state != State.DRAFT)
        .group_by(Ticket.model_key, Ticket.fault)
        .order_by(count.desc(), Ticket.model_key, Ticket.fault)
        .limit(limit)
    )
    return [(model, fault or "", tickets) for model, fault, tickets in session.execute(statement)]


def closed_repairs(session: Session, actor: Actor, limit: int) -> Sequence[Ticket]:
    """Return the newest repairs that were closed with a test and that ``actor`` may see."""
    statement = (
        visible_tickets(actor)
        .where(Ticket.state == State.CLOSED, Ticket.kind == Kind.REPAIR, Ticket.test_waived.is_(False))
        .order_by(Ticket.id.desc())
        .limit(limit)
    )
    return session.scalars(statement).all()
