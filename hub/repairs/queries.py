"""All SQL about repair plans and repairs."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.repairs.models import Repair, RepairPlan


def plans(session: Session, ticket_id: int) -> Sequence[RepairPlan]:
    """Return every revision of a ticket's plan, the newest first."""
    statement = select(RepairPlan).where(RepairPlan.ticket_id == ticket_id)
    return session.scalars(statement.order_by(RepairPlan.revision.desc())).all()


def newest_plan(session: Session, ticket_id: int) -> RepairPlan | None:
    """Return the revision that counts."""
    statement = select(RepairPlan).where(RepairPlan.ticket_id == ticket_id)
    return session.scalar(statement.order_by(RepairPlan.revision.desc()).limit(1))


def repairs(session: Session, ticket_id: int) -> Sequence[Repair]:
    """Return the repairs of a ticket, the newest first."""
    return session.scalars(select(Repair).where(Repair.ticket_id == ticket_id).order_by(Repair.number.desc())).all()


def newest_repair(session: Session, ticket_id: int) -> Repair | None:
    """Return the newest repair of a ticket."""
    statement = select(Repair).where(Repair.ticket_id == ticket_id).order_by(Repair.number.desc()).limit(1)
    return session.scalar(statement)
