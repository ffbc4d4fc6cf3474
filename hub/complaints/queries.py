"""All SQL about complaints."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from hub.complaints.models import CaseReview, Complaint, ComplaintPayment, ComplaintPromise
from hub.complaints.policy import Grade
from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket
from hub.tickets.queries import visible_tickets


def complaint(session: Session, ticket_id: int) -> Complaint | None:
    """Return what a ticket of kind complaint has besides."""
    return session.get(Complaint, ticket_id)


def count_earlier(session: Session, ticket: Ticket, since: datetime) -> int:
    """Return how many other complaints its customer has made since a moment."""
    if ticket.customer_id is None:
        return 0
    statement = select(func.count()).where(
        Ticket.customer_id == ticket.customer_id,
        Ticket.kind == Kind.COMPLAINT,
        Ticket.created_at >= since,
        Ticket.state != State.CANCELLED,
        Ticket.id != ticket.id,
    )
    return session.scalar(statement) or 0


def keep_promises(session: Session, ticket_id: int, at: datetime) -> None:
    """Note that a customer who was promised to be heard from was."""
    session.execute(
        update(ComplaintPromise)
        .where(ComplaintPromise.ticket_id == ticket_id, ComplaintPromise.kept_at.is_(None))
        .values(kept_at=at)
    )


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """Which complaints; absent members do not restrict. ``since`` is inclusive, ``until`` exclusive."""

    complaint_class: str | None = None
    grade: str | None = None
    cause: str | None = None
    owner: str | None = None
    store: str | None = None
    open: bool | None = None
    silent_since: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a row of ticket and complaint has to fulfil."""
        equal: list[ColumnElement[bool]] = [
            column == value
            for column, value in (
                (Complaint.complaint_class, self.complaint_class),
                (Complaint.grade, self.grade),
                (Complaint.cause, self.cause),
                (Ticket.owner, self.owner),
                (Ticket.store, self.store),
            )
            if value is not None
        ]
        if self.open is not None:
            equal.append(Ticket.closed_at.is_(None) if self.open else Ticket.closed_at.is_not(None))
        if self.silent_since is not None:
            waits = Ticket.state.not_in((State.ANSWERED, State.CLOSED, State.CANCELLED))
            equal.append(and_(waits, Complaint.told_at < self.silent_since))
        if self.since is not None:
            equal.append(Ticket.created_at >= self.since)
        if self.until is not None:
            equal.append(Ticket.created_at < self.until)
        return equal


def _visible(actor: Actor) -> Select[Ticket]:
    """Start every list of complaints here."""
    return visible_tickets(actor).join(Complaint, Complaint.ticket_id == Ticket.id)


def complaints(
    session: Session, actor: Actor, wanted: ComplaintFilter, cursor: str | None, limit: int
) -> Sequence[tuple[Ticket, Complaint]]:
    """Return visible complaints, the newest first, one more than ``limit`` when there are more."""
    statement = _visible(actor).add_columns(Complaint).where(*wanted.conditions())
    rows = session.execute(after_cursor(statement, [Ticket.id], [int], cursor, limit))
    return [(row[0], row[1]) for row in rows]


def promises(session: Session, ticket_ids: Collection[int]) -> Sequence[ComplaintPromise]:
    """Return the promises of some complaints, the oldest first."""
    statement = select(ComplaintPromise).where(ComplaintPromise.ticket_id.in_(ticket_ids))
    return session.scalars(statement.order_by(ComplaintPromise.id)).all()


def late_promises(
    session: Session, actor: Actor, at: datetime, cursor: str | None, limit: int
) -> Sequence[tuple[ComplaintPromise, Ticket]]:
    """Return promises that were kept late or are late now, the newest first."""
    late = or_(
        and_(ComplaintPromise.kept_at.is_(None), ComplaintPromise.promised_at < at, Ticket.closed_at.is_(None)),
        ComplaintPromise.kept_at > ComplaintPromise.promised_at,
    )
    statement = (
        visible_tickets(actor)
        .join(ComplaintPromise, ComplaintPromise.ticket_id == Ticket.id)
        .add_columns(ComplaintPromise)
        .where(late)
    )
    rows = session.execute(after_cursor(statement, [ComplaintPromise.id], [int], cursor, limit))
    return [(row[1], row[0]) for row in rows]


def review(session: Session, ticket_id: int) -> CaseReview | None:
    """Return the review of a case."""
    return session.get(CaseReview, ticket_id)


def unreviewed(session: Session, actor: Actor, limit: int) -> Sequence[tuple[Ticket, Complaint]]:
    """Return archived major cases that nobody has reviewed, the oldest first."""
    statement = (
        _visible(actor)
        .add_columns(Complaint)
        .outerjoin(CaseReview, CaseReview.ticket_id == Ticket.id)
        .where(Complaint.grade == Grade.MAJOR, Ticket.state == State.CLOSED, CaseReview.ticket_id.is_(None))
        .order_by(Ticket.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


@dataclass(frozen=True, slots=True)
class Group:
    """How many complaints of a class and cause there were, and how they went."""

    complaint_class: str | None
    cause: str | None
    complaints: int
    archived: int
    major: int
    second_rounds: int


def groups(session: Session, actor: Actor, wanted: ComplaintFilter) -> list[Group]:
    """Return complaints counted by class and cause, the most frequent first."""

    def how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    count = func.count()
    statement = (
        _visible(actor)
        .with_only_columns(
            Complaint.complaint_class,
            Complaint.cause,
            count,
            how_many(Ticket.state == State.CLOSED),
            how_many(Complaint.grade == Grade.MAJOR),
            how_many(Complaint.round > 1),
        )
        .where(*wanted.conditions(), Ticket.state != State.CANCELLED)
        .group_by(Complaint.complaint_class, Complaint.cause)
        .order_by(count.desc(), Complaint.complaint_class, Complaint.cause)
    )
    return [Group(row[0], row[1], row[2], int(row[3]), int(row[4]), int(row[5])) for row in session.execute(statement)]


def payments(session: Session, ticket_id: int) -> Sequence[ComplaintPayment]:
    """Return what was paid for a complaint, the oldest first."""
    statement = select(ComplaintPayment).where(ComplaintPayment.ticket_id == ticket_id)
    return session.scalars(statement.order_by(ComplaintPayment.id)).all()


def paid(
    session: Session, actor: Actor, wanted: ComplaintFilter
) -> dict[tuple[str | None, str | None], dict[str, int]]:
    """Return what was paid, by class and cause, in each currency's smallest unit."""
    group = (Complaint.complaint_class, Complaint.cause, ComplaintPayment.currency)
    statement = (
        _visible(actor)
        .join(ComplaintPayment, ComplaintPayment.ticket_id == Ticket.id)
        .with_only_columns(*group, func.sum(ComplaintPayment.amount_minor))
        .where(*wanted.conditions())
        .group_by(*group)
        .order_by(ComplaintPayment.currency)
    )
    found: dict[tuple[str | None, str | None], dict[str, int]] = {}
    for complaint_class, cause, currency, amount in session.execute(statement):
        found.setdefault((complaint_class, cause), {})[currency] = int(amount)
    return found


def promise_counts(session: Session, actor: Actor, wanted: ComplaintFilter, at: datetime) -> tuple[int, int]:
    """Return how many promises were made about some complaints, and how many were not kept in time."""
    until = func.coalesce(ComplaintPromise.kept_at, at)
    statement = (
        _visible(actor)
        .join(ComplaintPromise, ComplaintPromise.ticket_id == Ticket.id)
        .with_only_columns(func.count(), func.sum(case((until > ComplaintPromise.promised_at, 1), else_=0)))
        .where(*wanted.conditions())
    )
    made, late = session.execute(statement).one()
    return made, int(late or 0)
