"""All SQL about staff records and figures."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from hub.aftercare.models import FollowUp
from hub.core.ids import row_number
from hub.dispatch.models import DispatchEntry
from hub.identity.models import PREFIX as USER_PREFIX
from hub.identity.models import User
from hub.repairs.models import Repair
from hub.staff.models import TRAINING_PREFIX, Assessment, FileEntry, Training
from hub.tickets.kinds import ON_BENCH, State
from hub.tickets.models import Ticket


def trainings(session: Session, people: Collection[str]) -> Sequence[Training]:
    """Return the lessons of some people, the newest first."""
    statement = select(Training).where(Training.person.in_(people))
    return session.scalars(statement.order_by(Training.planned_on.desc(), Training.id.desc())).all()


def training(session: Session, number: str) -> Training | None:
    """Return one lesson."""
    row = row_number(TRAINING_PREFIX, number)
    return session.get(Training, row) if row is not None else None


def assessments(session: Session, people: Collection[str]) -> Sequence[Assessment]:
    """Return the assessments of some people, the newest quarter first."""
    statement = select(Assessment).where(Assessment.person.in_(people))
    return session.scalars(statement.order_by(Assessment.quarter.desc(), Assessment.person)).all()


def assessment(session: Session, person: str, quarter: str) -> Assessment | None:
    """Return one assessment."""
    return session.scalar(select(Assessment).where(Assessment.person == person, Assessment.quarter == quarter))


def file_entries(session: Session, people: Collection[str]) -> Sequence[FileEntry]:
    """Return the rewards and sanctions of some people, the newest first."""
    statement = select(FileEntry).where(FileEntry.person.in_(people))
    return session.scalars(statement.order_by(FileEntry.on_day.desc(), FileEntry.id.desc())).all()


def person(session: Session, number: str) -> User | None:
    """Return one person, whether the account is enabled or not."""
    row = row_number(USER_PREFIX, number)
    return session.get(User, row) if row is not None else None


def enabled_people(session: Session) -> Sequence[User]:
    """Return every person with an enabled account, by number."""
    return session.scalars(select(User).where(User.disabled_at.is_(None)).order_by(User.id)).all()


def workload(session: Session, since: datetime, until: datetime) -> Sequence[Row[str | None, int, int, int]]:
    """Return per person: tickets that came to them in a span, those now on a bench, those closed in the span."""
    came = func.count().filter(DispatchEntry.tried_at >= since, DispatchEntry.tried_at < until)
    standing = func.count().filter(Ticket.state.in_(ON_BENCH))
    closed = func.count().filter(Ticket.state == State.CLOSED, Ticket.closed_at >= since, Ticket.closed_at < until)
    statement = (
        select(DispatchEntry.person, came, standing, closed)
        .join(Ticket, Ticket.id == DispatchEntry.ticket_id)
        .where(DispatchEntry.person.is_not(None))
    )
    return session.execute(statement.group_by(DispatchEntry.person)).all()


def repairs(session: Session, since: datetime, until: datetime) -> Sequence[Row[str | None, int, int, int | None, int]]:
    """Return per person: repairs made in a span on their tickets, reworks among them, minutes, repairs with minutes."""
    statement = (
        select(
            DispatchEntry.person,
            func.count(),
            func.count().filter(Repair.number > 1),
            func.coalesce(func.sum(Repair.minutes), 0),
            func.count(Repair.minutes),
        )
        .join(DispatchEntry, DispatchEntry.ticket_id == Repair.ticket_id)
        .where(DispatchEntry.person.is_not(None), Repair.repaired_at >= since, Repair.repaired_at < until)
    )
    return session.execute(statement.group_by(DispatchEntry.person)).all()


def surveys(session: Session, since: datetime, until: datetime) -> Sequence[Row[str | None, int, Any, Any]]:
    """Return per person: answered surveys of their tickets in a span, mean attitude and mean effectiveness (of 5)."""
    statement = (
        select(DispatchEntry.person, func.count(), func.avg(FollowUp.attitude), func.avg(FollowUp.effectiveness))
        .join(DispatchEntry, DispatchEntry.ticket_id == FollowUp.ticket_id)
        .where(
            DispatchEntry.person.is_not(None),
            FollowUp.attitude.is_not(None),
            FollowUp.answered_at >= since,
            FollowUp.answered_at < until,
        )
    )
    return session.execute(statement.group_by(DispatchEntry.person)).all()
