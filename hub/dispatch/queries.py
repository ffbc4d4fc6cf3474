"""All SQL about benches as workplaces, certificates, shifts, and the dispatch of tickets."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from hub.core.ids import row_number
from hub.core.paging import after_cursor
from hub.dispatch.models import SHIFT_PREFIX, Certificate, DispatchEntry, Shift, Workplace
from hub.identity.actors import Actor
from hub.identity.models import PREFIX as USER_PREFIX
from hub.identity.models import User
from hub.stores.models import Store
from hub.tickets.kinds import ON_BENCH, State
from hub.tickets.models import Ticket

_WORKPLACES = select(Workplace).order_by(Workplace.bench)
_CLOSED = select(Store.code).where(Store.closed_at.is_not(None))
_WORKING = _WORKPLACES.where(or_(Workplace.store.is_(None), Workplace.store.not_in(_CLOSED)))
"""Every dispatch asks it: a statement that is made once costs half."""


def workplaces(session: Session, actor: Actor | None = None) -> Sequence[Workplace]:
    """Return every workplace by its bench, those of the actor's stores where one is given."""
    statement = _WORKPLACES
    if actor is not None and actor.stores is not None:
        statement = statement.where(Workplace.store.in_(actor.stores))
    return session.scalars(statement).all()


def working(session: Session) -> Sequence[Workplace]:
    """Return every workplace by its bench, but for those of closed stores, which nobody sends anything to."""
    return session.scalars(_WORKING).all()


def workplace(session: Session, bench: str, *, for_update: bool = False) -> Workplace | None:
    """Return one workplace."""
    statement = select(Workplace).where(Workplace.bench == bench)
    return session.scalar(statement.with_for_update() if for_update else statement)


def certificates(session: Session, *, person: str | None = None, skill: str | None = None) -> Sequence[Certificate]:
    """Return certificates by person and skill."""
    statement = select(Certificate).order_by(Certificate.person, Certificate.skill)
    if person is not None:
        statement = statement.where(Certificate.person == person)
    if skill is not None:
        statement = statement.where(Certificate.skill == skill)
    return session.scalars(statement).all()


def certificate(session: Session, person: str, skill: str) -> Certificate | None:
    """Return one certificate."""
    return session.scalar(select(Certificate).where(Certificate.person == person, Certificate.skill == skill))


def shifts(
    session: Session,
    *,
    ends_after: datetime,
    starts_before: datetime,
    bench: str | None = None,
    person: str | None = None,
) -> Sequence[Shift]:
    """Return shifts that lie at least partly between two moments, by their beginning."""
    statement = select(Shift).where(Shift.ends_at > ends_after, Shift.starts_at < starts_before)
    if bench is not None:
        statement = statement.where(Shift.bench == bench)
    if person is not None:
        statement = statement.where(Shift.person == person)
    return session.scalars(statement.order_by(Shift.starts_at, Shift.id)).all()


def shift_page(
    session: Session, actor: Actor, cursor: str | None, limit: int, *, bench: str | None, person: str | None
) -> Sequence[Shift]:
    """Return shifts at benches that the actor sees, the latest first, one more than ``limit`` when there are more."""
    statement = select(Shift)
    if actor.stores is not None:
        statement = statement.join(Workplace, Workplace.bench == Shift.bench).where(Workplace.store.in_(actor.stores))
    if bench is not None:
        statement = statement.where(Shift.bench == bench)
    if person is not None:
        statement = statement.where(Shift.person == person)
    return session.scalars(after_cursor(statement, [Shift.starts_at, Shift.id], [datetime, int], cursor, limit)).all()


def shift(session: Session, public_id: str) -> Shift | None:
    """Return one shift."""
    number = row_number(SHIFT_PREFIX, public_id)
    return session.get(Shift, number) if number is not None else None


def people(session: Session, ids: Collection[str]) -> dict[str, User]:
    """Return the users who have these numbers."""
    numbers = {number for one in ids if (number := row_number(USER_PREFIX, one)) is not None}
    if not numbers:
        return {}
    found = session.scalars(select(User).where(User.id.in_(numbers)))
    return {user.public_id: user for user in found}


def bench_loads(session: Session) -> dict[str, int]:
    """Return how many tickets stand on each bench's worklist."""
    statement = select(Ticket.bench, func.count()).where(
        Ticket.closed_at.is_(None), Ticket.bench.is_not(None), Ticket.state.in_(ON_BENCH)
    )
    return {str(bench): count for bench, count in session.execute(statement.group_by(Ticket.bench))}


def person_loads(session: Session) -> dict[str, int]:
    """Return how many tickets that stand on a worklist each person was chosen for."""
    statement = (
        select(DispatchEntry.person, func.count())
        .join(Ticket, Ticket.id == DispatchEntry.ticket_id)
        .where(Ticket.closed_at.is_(None), Ticket.state.in_(ON_BENCH), DispatchEntry.person.is_not(None))
    )
    return {str(person): count for person, count in session.execute(statement.group_by(DispatchEntry.person))}


def entry(session: Session, ticket_id: int) -> DispatchEntry | None:
    """Return how the dispatch of a ticket stands."""
    return session.get(DispatchEntry, ticket_id)


def waiting(
    session: Session, group: str | None, limit: int, *, due: tuple[datetime, datetime] | None = None
) -> Sequence[Ticket]:
    """Return new tickets that wait for a bench, the most urgent and then the oldest first.

    ``due`` = (now, long ago) keeps those whose next chance has come by now, and those that were tried long ago.
    """
    statement = (
        select(Ticket)
        .join(DispatchEntry, DispatchEntry.ticket_id == Ticket.id)
        .where(DispatchEntry.status == "waiting", Ticket.state == State.NEW)
    )
    if group is not None:
        statement = statement.where(DispatchEntry.skill_group == group)
    if due is not None:
        statement = statement.where(or_(DispatchEntry.next_chance_at <= due[0], DispatchEntry.tried_at < due[1]))
    return session.scalars(statement.order_by(Ticket.priority, Ticket.id).limit(limit).with_for_update()).all()


def queue(
    session: Session,
    actor: Actor,
    statuses: Collection[str],
    *,
    store: str | None,
    group: str | None,
    limit: int,
) -> Sequence[Row[Ticket, DispatchEntry]]:
    """Return open tickets that nobody works on yet with how their dispatch stands, the most urgent first."""
    statement = (
        select(Ticket, DispatchEntry)
        .join(DispatchEntry, DispatchEntry.ticket_id == Ticket.id)
        .where(DispatchEntry.status.in_(statuses), Ticket.state.in_([State.NEW, State.IN_REVIEW]))
    )
    if actor.stores is not None:
        statement = statement.where(Ticket.store.in_(actor.stores))
    if store is not None:
        statement = statement.where(Ticket.store == store)
    if group is not None:
        statement = statement.where(DispatchEntry.skill_group == group)
    return session.execute(statement.order_by(Ticket.priority, Ticket.id).limit(limit)).all()


def next_chance(session: Session) -> datetime | None:
    """Return when the next shift begins that a waiting ticket waits for."""
    return session.scalar(select(func.min(DispatchEntry.next_chance_at)).where(DispatchEntry.status == "waiting"))
