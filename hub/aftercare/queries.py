"""All SQL of after-care."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from hub.aftercare.models import TASK_PREFIX, FollowUp, ImprovementTask, RepairWarranty, RepeatRepair
from hub.aftercare.policy import Verdict
from hub.core.ids import row_number
from hub.core.labels import model_key
from hub.core.paging import after_cursor
from hub.identity.actors import Actor
from hub.identity.models import User
from hub.identity.permissions import Permission, Role
from hub.tickets.models import Ticket
from hub.tickets.queries import visible_tickets

_WARRANTIES = (
    select(RepairWarranty)
    .where(
        RepairWarranty.serial == bindparam("of_serial"),
        RepairWarranty.ends_at > bindparam("at"),
    )
    .order_by(RepairWarranty.ticket_id.desc())
)
"""Every intake of a repair asks it: a statement that is made once costs half."""


def follow_up(session: Session, ticket_id: int, *, for_update: bool = False) -> FollowUp | None:
    """Return what is asked about a closed ticket."""
    statement = select(FollowUp).where(FollowUp.ticket_id == ticket_id)
    return session.scalar(statement.with_for_update() if for_update else statement)


def due_surveys(session: Session, at: datetime, limit: int) -> Sequence[tuple[FollowUp, Ticket]]:
    """Return closed tickets whose customers are to be asked by ``at``, were not, and can still answer; oldest first."""
    statement = (
        select(FollowUp, Ticket)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(FollowUp.asked_at.is_(None), FollowUp.survey_due_at <= at, FollowUp.survey_ends_at > at)
        .order_by(FollowUp.survey_due_at, FollowUp.ticket_id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def any_survey_due(session: Session, at: datetime) -> bool:
    """Whether somebody is to be asked: one look into an index."""
    to_ask = (FollowUp.asked_at.is_(None), FollowUp.survey_due_at <= at, FollowUp.survey_ends_at > at)
    return session.scalar(select(FollowUp.ticket_id).where(*to_ask).limit(1)) is not None


def open_callbacks(
    session: Session, actor: Actor, due_by: datetime | None, cursor: str | None, limit: int
) -> Sequence[tuple[FollowUp, Ticket]]:
    """Return visible customers who are still to be called, the longest due last, one more than ``limit``."""
    statement: Select[FollowUp, Ticket] = select(FollowUp, Ticket).join(Ticket, Ticket.id == FollowUp.ticket_id)
    mine = FollowUp.ticket_id.in_(_visible(actor))
    statement = statement.where(FollowUp.called_at.is_(None), FollowUp.callback_due_at.is_not(None), mine)
    if due_by is not None:
        statement = statement.where(FollowUp.callback_due_at <= due_by)
    found = after_cursor(statement, [FollowUp.ticket_id], [int], cursor, limit)
    return [(row[0], row[1]) for row in session.execute(found)]


def due_callbacks(session: Session, at: datetime, limit: int) -> Sequence[tuple[FollowUp, Ticket]]:
    """Return customers who are to be called by ``at`` and were not, the longest due first."""
    statement = (
        select(FollowUp, Ticket)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(FollowUp.called_at.is_(None), FollowUp.callback_due_at <= at)
        .order_by(FollowUp.callback_due_at, FollowUp.ticket_id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def unreminded_callbacks(
    session: Session, since: datetime, due_by: datetime, limit: int
) -> Sequence[tuple[FollowUp, Ticket]]:
    """Return call-backs due between two moments of which staff were not reminded."""
    statement = (
        select(FollowUp, Ticket)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(
            FollowUp.called_at.is_(None),
            FollowUp.callback_due_at.between(since, due_by),
            FollowUp.callback_reminded_at.is_(None),
        )
        .order_by(FollowUp.callback_due_at, FollowUp.ticket_id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which improvement tasks to list."""

    state: str | None = None
    owner: str | None = None
    source: str | None = None
    cause: str | None = None
    open_only: bool = False


def tasks(
    session: Session, actor: Actor, wanted: TaskFilter, cursor: str | None, limit: int
) -> Sequence[ImprovementTask]:
    """Return improvement tasks that an actor sees, the newest first, one more than ``limit``."""
    statement = select(ImprovementTask).where(_seen_by(actor))
    for column, value in (
        (ImprovementTask.state, wanted.state),
        (ImprovementTask.owner, wanted.owner),
        (ImprovementTask.source, wanted.source),
        (ImprovementTask.cause, wanted.cause),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.open_only:
        statement = statement.where(ImprovementTask.ended_at.is_(None))
    return session.scalars(after_cursor(statement, [ImprovementTask.id], [int], cursor, limit)).all()


def task(session: Session, actor: Actor, number: str, *, for_update: bool = False) -> ImprovementTask | None:
    """Return one improvement task that an actor sees."""
    row = row_number(TASK_PREFIX, number)
    if row is None:
        return None
    statement = select(ImprovementTask).where(ImprovementTask.id == row, _seen_by(actor))
    return session.scalar(statement.with_for_update() if for_update else statement)


def tasks_about(session: Session, causes: Collection[str]) -> Sequence[ImprovementTask]:
    """Return all improvements about some causes."""
    statement = select(ImprovementTask).where(ImprovementTask.cause.in_(causes))
    return session.scalars(statement.order_by(ImprovementTask.id)).all()


def overdue_tasks(session: Session, today: date, limit: int) -> Sequence[tuple[ImprovementTask, Ticket | None]]:
    """Return unfinished tasks whose day is over and of which nobody was told, the oldest first."""
    statement = (
        select(ImprovementTask, Ticket)
        .outerjoin(Ticket, Ticket.id == ImprovementTask.ticket_id)
        .where(
            ImprovementTask.ended_at.is_(None),
            ImprovementTask.due_on < today,
            ImprovementTask.overdue_told_at.is_(None),
        )
        .order_by(ImprovementTask.due_on, ImprovementTask.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def task_of(session: Session, ticket_id: int, source: str) -> ImprovementTask | None:
    """Return the task that one source opened about a ticket."""
    return session.scalar(
        select(ImprovementTask).where(ImprovementTask.ticket_id == ticket_id, ImprovementTask.source == source)
    )


def forget_words(session: Session, ticket_ids: Sequence[int]) -> None:
    """Empty what customers said about some tickets; their scores stay, without a person."""
    session.execute(update(FollowUp).where(FollowUp.ticket_id.in_(ticket_ids)).values(words=None, said=None))


def people_with_role(session: Session, role: Role) -> Sequence[User]:
    """Return who works with a role, the longest there first."""
    return session.scalars(
        select(User).where(User.role == role.value, User.disabled_at.is_(None)).order_by(User.id)
    ).all()


def warranty_of(session: Session, ticket_id: int) -> RepairWarranty | None:
    """Return the warranty that a repair has."""
    return session.get(RepairWarranty, ticket_id)


def warranties(session: Session, model: str, serial: str, at: datetime) -> Sequence[RepairWarranty]:
    """Return the warranties of a device that hold at a moment, the newest first."""
    found = session.scalars(_WARRANTIES, {"of_serial": serial, "at": at}).all()
    return [one for one in found if model_key(one.model) == model_key(model)]


def repeat_of(session: Session, ticket_id: int) -> RepeatRepair | None:
    """Return what a ticket may repeat."""
    return session.get(RepeatRepair, ticket_id)


def count_repeats(session: Session, since: datetime, until: datetime) -> int:
    """Return how many tickets of a time were repeats within the warranty (T15, Q1)."""
    statement = select(func.count()).where(
        RepeatRepair.verdict == Verdict.REPEAT, RepeatRepair.created_at >= since, RepeatRepair.created_at < until
    )
    return session.scalar(statement) or 0


def repeats(session: Session, actor: Actor, cursor: str | None, limit: int) -> Sequence[tuple[RepeatRepair, Ticket]]:
    """Return repeats within the warranty, the newest first, one more than ``limit``."""
    statement: Select[RepeatRepair, Ticket] = (
        select(RepeatRepair, Ticket)
        .join(Ticket, Ticket.id == RepeatRepair.ticket_id)
        .where(RepeatRepair.verdict == Verdict.REPEAT, RepeatRepair.ticket_id.in_(_visible(actor)))
    )
    found = after_cursor(statement, [RepeatRepair.ticket_id], [int], cursor, limit)
    return [(row[0], row[1]) for row in session.execute(found)]


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    """Return what is asked of an improvement: it is seen with its ticket, one without by who reads complaints."""
    mine: ColumnElement[bool] = ImprovementTask.ticket_id.in_(_visible(actor))
    return mine | ImprovementTask.ticket_id.is_(None) if actor.may(Permission.COMPLAINT_READ) else mine


def _visible(actor: Actor) -> Select[int]:
    """Return the numbers of the tickets that an actor may see: what belongs to a ticket is seen with it."""
    return visible_tickets(actor).with_only_columns(Ticket.id)
