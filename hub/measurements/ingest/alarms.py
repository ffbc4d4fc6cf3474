"""Alarms of stability monitoring (D7): a bench journals one as a step, and here it becomes an event of the ticket.

Staff are told of the event as of any other. It commits with the record, whose key lets it come in once.
"""

from sqlalchemy.orm import Session

from hub.core.ids import public_id
from hub.core.problems import Problem
from hub.events import service as events
from hub.identity.actors import bench_actor
from hub.measurements.models import Run
from hub.measurements.runs import RUN_PREFIX
from hub.tickets import service as tickets
from protocols.messages import records as r

RAISED = "soak.alarm"


def is_alarm(body: r.StepFinished) -> bool:
    """Tell whether a step says that somebody has to look at a device that is being watched."""
    return (body.group, body.step) == (r.SOAK_GROUP, r.SOAK_ALARM)


def tell(session: Session, run: Run, record: r.Record, body: r.StepFinished) -> None:
    """Append the event of an alarm: about the run's ticket, or about the bench where the bench has no such ticket."""
    actor = bench_actor(run.bench, run.operator)
    facts = {
        "run": public_id(RUN_PREFIX, run.id),
        "number": run.bench,
        "model": run.model,
        "outcome": body.outcome.value,
        "reason": body.detail,
    }
    events.append(session, actor, RAISED, _about(session, run), facts, occurred_at=record.at)


def _about(session: Session, run: Run) -> tuple[str, str]:
    if run.ticket is not None:
        try:
            return tickets.get(session, bench_actor(run.bench, None), run.ticket).record
        except Problem:
            pass  # of another bench, or of none
    return ("bench", run.bench)
