"""What other domains ask about runs."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.measurements.models import Run


def last_finished_outcome(session: Session, ticket: str, bench: str | None, serial: str) -> str | None:
    """Return how the newest finished run on a ticket's own device at its own bench ended, if there is one."""
    return session.scalar(
        select(Run.outcome)
        .where(Run.ticket == ticket, Run.bench == bench, Run.serial == serial, Run.outcome.is_not(None))
        .order_by(Run.id.desc())
        .limit(1)
    )
