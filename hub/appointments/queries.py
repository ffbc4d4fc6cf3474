"""All SQL about appointments."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from hub.appointments.models import PREFIX, Appointment
from hub.appointments.states import HOLDS_TIME
from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.tickets import queries as tickets
from hub.tickets.models import Ticket


def appointment(
    session: Session, actor: Actor, public_id: str, *, for_update: bool = False
) -> Row[Ticket, Appointment] | None:
    """Return an appointment with its ticket, where the actor may see this."""
    number = row_number(PREFIX, public_id)
    statement = (
        tickets.visible_tickets(actor)
        .join(Appointment, Appointment.ticket_id == Ticket.id)
        .add_columns(Appointment)
        .where(Appointment.id == (number or 0))
    )
    return session.execute(statement.with_for_update() if for_update else statement).one_or_none()


def of_ticket(session: Session, ticket_id: int) -> Sequence[Appointment]:
    """Return a ticket's appointments, the newest first."""
    return session.scalars(
        select(Appointment).where(Appointment.ticket_id == ticket_id).order_by(Appointment.id.desc())
    ).all()


def holding(session: Session, starts_before: datetime, ends_after: datetime, but: int | None) -> Sequence[Appointment]:
    """Return appointments that hold a time within two moments, ``but`` one."""
    statement = select(Appointment).where(
        Appointment.state.in_(HOLDS_TIME), Appointment.starts_at < starts_before, Appointment.ends_at > ends_after
    )
    return session.scalars(statement if but is None else statement.where(Appointment.id != but)).all()


def page(
    session: Session, actor: Actor, cursor: str | None, limit: int, *, person: str | None, since: datetime | None
) -> Sequence[Row[Ticket, Appointment]]:
    """Return appointments of tickets that the actor sees, the latest first, one more than ``limit``."""
    statement = (
        tickets.visible_tickets(actor).join(Appointment, Appointment.ticket_id == Ticket.id).add_columns(Appointment)
    )
    if person is not None:
        statement = statement.where(Appointment.person == person)
    if since is not None:
        statement = statement.where(Appointment.ends_at > since)
    key, types = [Appointment.starts_at, Appointment.id], [datetime, int]
    return session.execute(after_cursor(statement, key, types, cursor, limit)).all()
