"""All SQL about tickets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, case, cast, distinct, func, literal, or_, select
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.core.labels import model_key
from hub.core.paging import after_cursor
from hub.core.sql import not_by_index
from hub.customers.models import CUSTOMER_PREFIX
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets.kinds import ON_BENCH, Kind, State
from hub.tickets.models import PREFIX, Attachment, Remark, Ticket
from hub.transfers.models import Transfer
from protocols.serial_numbers import serial_form

# Every intake asks these: a statement that is made once costs half.
_BY_DEVICE = case((Ticket.serial != "", Ticket.serial), else_=literal("#") + cast(Ticket.id, Text))
"""The device of a ticket; one whose serial number nobody knows is a device of its own."""
_COUNT_ALIKE = select(func.count(distinct(_BY_DEVICE))).where(
    Ticket.model_key == bindparam("of_model"),
    Ticket.fault == bindparam("with_fault"),
    Ticket.created_at >= bindparam("since"),
    Ticket.state.not_in([State.DRAFT, State.CANCELLED]),  # one that was merged is cancelled, too
    Ticket.id != bindparam("this"),
    or_(Ticket.serial == "", Ticket.serial != bindparam("of_serial")),
)
_TWINS = (
    select(Ticket)
    .where(
        or_(
            (Ticket.serial == bindparam("of_serial")) & (Ticket.model_key == bindparam("of_model")),
            Ticket.customer_id == bindparam("of_customer"),
        ),  # an absent serial or customer is NULL, which nothing equals
        Ticket.id != bindparam("this"),
        Ticket.closed_at.is_(None),
    )
    .order_by(Ticket.id.desc())
    .limit(bindparam("up_to"))
)
_ATTACHMENTS = select(Attachment).where(Attachment.ticket_id == bindparam("ticket")).order_by(Attachment.id)


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What to list; absent members do not restrict."""

    states: tuple[State, ...] = ()
    kind: str | None = None
    channel: str | None = None
    priority: int | None = None
    store: str | None = None
    customer: str | None = None
    bench: str | None = None
    fault: str | None = None
    model: str | None = None
    serial: str | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    updated_since: datetime | None = None
    updated_until: datetime | None = None

    @property
    def moment(self) -> str | None:
        """The time that is asked for, by which the list is then in order."""
        if self.updated_since is not None or self.updated_until is not None:
            return "updated_at"
        return "created_at" if self.created_since is not None or self.created_until is not None else None

    def key_of(self, ticket: Ticket) -> list[object]:
        """Return where a ticket stands in the list."""
        return [getattr(ticket, self.moment), ticket.id] if self.moment else [ticket.id]

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a ticket has to fulfil."""
        customer = None if self.customer is None else row_number(CUSTOMER_PREFIX, self.customer) or 0
        found: list[ColumnElement[bool]] = [
            column == value
            for column, value in (
                (Ticket.kind, self.kind),
                (Ticket.channel, self.channel),
                (Ticket.priority, self.priority),
                (Ticket.store, self.store),
                (Ticket.customer_id, customer),
                (Ticket.bench, self.bench),
                (Ticket.fault, self.fault),
                (Ticket.model_key, None if self.model is None else model_key(self.model)),
                (Ticket.serial, self.serial and serial_form(self.serial)),
            )
            if value is not None
        ]
        if self.states:
            found.append(Ticket.state.in_(self.states))
        for column, since, until in (
            (Ticket.created_at, self.created_since, self.created_until),
            (Ticket.updated_at, self.updated_since, self.updated_until),
        ):
            found += [column >= since] if since is not None else []
            found += [column < until] if until is not None else []
        return found


def visible_tickets(actor: Actor) -> Select[Ticket]:
    """Start every query about tickets here: a bench sees its own, people see their stores' and what is sent there.

    Complaints exist for those alone who may read them (C1).
    """
    return _seen_by(select(Ticket), actor)


def _seen_by(statement: Select[Ticket], actor: Actor) -> Select[Ticket]:
    if not actor.may(Permission.COMPLAINT_READ):
        statement = statement.where(Ticket.kind != Kind.COMPLAINT)
    if actor.stores is not None:
        coming = select(Transfer.ticket_id).where(Transfer.to_store.in_(actor.stores), Transfer.ended_at.is_(None))
        mine = not_by_index(Ticket.store).in_(actor.stores)  # or each page would sort all of a store's
        statement = statement.where(or_(mine, Ticket.id.in_(coming)))
    return statement if actor.bench is None else statement.where(Ticket.bench == actor.bench)


def visible_ticket(session: Session, actor: Actor, public_id: str, *, for_update: bool = False) -> Ticket | None:
    """Return a ticket that ``actor`` may see, locked for the transaction when it is going to change."""
    number = row_number(PREFIX, public_id)
    if number is None:
        return None
    statement = visible_tickets(actor).where(Ticket.id == number)
    return session.scalar(statement.with_for_update() if for_update else statement)


def tickets(session: Session, actor: Actor, wanted: TicketFilter, cursor: str | None, limit: int) -> Sequence[Ticket]:
    """Return visible tickets, one more than ``limit`` when there are more, the newest first.

    Asked by a time, they come in its order, so that an index gives them at once, however many there are.
    """
    statement = visible_tickets(actor).where(*wanted.conditions())
    key: list[Any] = [getattr(Ticket, wanted.moment), Ticket.id] if wanted.moment else [Ticket.id]
    types = [datetime, int] if wanted.moment else [int]
    return session.scalars(after_cursor(statement, key, types, cursor, limit)).all()


def open_visible(actor: Actor) -> Select[Ticket]:
    """Start a query about open tickets, drafts aside, that ``actor`` may see."""
    return visible_tickets(actor).where(Ticket.closed_at.is_(None), Ticket.state != State.DRAFT)


def count_open(session: Session, actor: Actor) -> int:
    """Return how many open tickets there are that ``actor`` may see."""
    return session.scalar(select(func.count()).select_from(open_visible(actor).subquery())) or 0


def worklist(session: Session, bench: str, limit: int) -> Sequence[Ticket]:
    """Return the tickets on a bench's worklist, the most urgent and then the oldest first."""
    statement = (
        select(Ticket)
        .where(Ticket.bench == bench, Ticket.closed_at.is_(None), Ticket.state.in_(ON_BENCH))
        .order_by(Ticket.priority, Ticket.id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def remarks(session: Session, ids: Sequence[int]) -> dict[int, Remark]:
    """Return remarks by their id."""
    if not ids:
        return {}
    return {row.id: row for row in session.scalars(select(Remark).where(Remark.id.in_(ids)))}


def attachments(session: Session, ticket_id: int) -> Sequence[Attachment]:
    """Return a ticket's attachments, the oldest first."""
    return session.scalars(_ATTACHMENTS, {"ticket": ticket_id}).all()


def attachment(session: Session, ticket_id: int, number: int) -> Attachment | None:
    """Return one of a ticket's attachments."""
    return session.scalar(select(Attachment).where(Attachment.ticket_id == ticket_id, Attachment.id == number))


def decided_returns_of_device(session: Session, ticket: Ticket) -> list[tuple[int, str | None]]:
    """Return other returns with the ticket's serial number that were approved, closed or merged, the newest first.

    All of them: a serial number of which many devices have none of their own ("无") would hide the oldest otherwise.
    Each is its number and that of the proof of purchase.
    """
    statement = select(Ticket.id, Ticket.proof_number).where(
        Ticket.serial == ticket.serial,
        Ticket.serial != "",
        Ticket.id != ticket.id,
        Ticket.kind == Kind.RETURN_EXCHANGE,
        Ticket.state.in_([State.APPROVED, State.FULFILLED, State.CLOSED]) | Ticket.merged_into.is_not(None),
    )
    return [(row[0], row[1]) for row in session.execute(statement.order_by(Ticket.id.desc()))]


def by_number(session: Session, numbers: Sequence[int]) -> Sequence[Ticket]:
    """Return tickets by their numbers, the newest first."""
    return session.scalars(select(Ticket).where(Ticket.id.in_(numbers)).order_by(Ticket.id.desc())).all()


def newest_events(
    session: Session, records: Sequence[tuple[str, str]], kinds: Collection[str]
) -> dict[tuple[str, str], Event]:
    """Return the newest event of each of some kinds about tickets, by the ticket's public number and the kind."""
    of_records = [Event.record_type == "ticket", Event.record_id.in_([number for _, number in records])]
    statement = select(Event).where(*of_records, Event.kind.in_(kinds)).order_by(Event.id)
    return {(event.record_id, event.kind): event for event in session.scalars(statement)}


def newest_event(session: Session, record: tuple[str, str], kind: str) -> Event | None:
    """Return the newest event of one kind about a record."""
    statement = select(Event).where(Event.record_type == record[0], Event.record_id == record[1], Event.kind == kind)
    return session.scalar(statement.order_by(Event.id.desc()).limit(1))


def count_others_alike(session: Session, ticket: Ticket, since: datetime) -> int:
    """Return how many other devices of the model came with the fault since a moment; ``ticket`` may be new."""
    alike = {"of_model": ticket.model_key, "with_fault": ticket.fault, "since": since}
    return session.scalar(_COUNT_ALIKE, {**alike, "this": ticket.id or 0, "of_serial": ticket.serial}) or 0


def open_alike(session: Session, ticket: Ticket, limit: int) -> Sequence[Ticket]:
    """Return open tickets of a ticket's model with its fault whose priority nobody set by hand."""
    statement = select(Ticket).where(
        Ticket.model_key == ticket.model_key,
        Ticket.fault == ticket.fault,
        Ticket.closed_at.is_(None),
        Ticket.state != State.DRAFT,
        Ticket.priority_pinned.is_(False),
    )
    return session.scalars(statement.order_by(Ticket.id.desc()).limit(limit)).all()


def open_of_customer(session: Session, customer_id: int, limit: int) -> Sequence[Ticket]:
    """Return a customer's open tickets, the newest first."""
    statement = select(Ticket).where(Ticket.customer_id == customer_id, Ticket.closed_at.is_(None))
    return session.scalars(statement.order_by(Ticket.id.desc()).limit(limit)).all()


def twins(session: Session, actor: Actor, ticket: Ticket, limit: int) -> Sequence[Ticket]:
    """Return visible open tickets about the same device or of the same customer, the newest first."""
    of_ticket = {
        "this": ticket.id,
        "of_model": ticket.model_key,
        "of_serial": ticket.serial or None,
        "of_customer": ticket.customer_id,
        "up_to": limit,
    }
    return session.scalars(_seen_by(_TWINS, actor), of_ticket).all()
