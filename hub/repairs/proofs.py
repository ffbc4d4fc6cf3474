"""What the database knows of the proof that a device works again."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.measurements import runs
from hub.policies import routes
from hub.repairs import evidence
from hub.repairs.evidence import Evidence, FunctionalTests, Work
from hub.tickets import queries
from hub.tickets.kinds import Kind
from hub.tickets.models import Ticket

_WORK = {Kind.REPAIR: "ticket.repaired", Kind.UPGRADE: "ticket.upgraded"}


@dataclass(frozen=True, slots=True)
class Proof:
    """The evidence of the newest work, who did it, and whether the device goes back without."""

    evidence: Evidence
    worked_by: tuple[str, str] | None
    given_back: bool


def proof(session: Session, ticket: Ticket) -> Proof:
    """Return how a ticket stands."""
    kind = _WORK.get(Kind(ticket.kind))
    done = queries.newest_event(session, ticket.record, kind) if kind is not None else None
    back = queries.newest_event(session, ticket.record, "ticket.give_back")
    work = Work(done.occurred_at, done.actor_id if done.actor_kind == "bench" else None) if done else None
    rules = routes.in_force(session, evidence.FAMILY, FunctionalTests, evidence.delivered())[1]
    found = evidence.judge(
        rules.rule(ticket.model),
        ticket.plan,
        ticket.model,
        work,
        runs.finished_runs(session, ticket.public_id, ticket.bench, ticket.serial),
    )
    worked_by = (
        None if done is None else (done.payload.get("by", f"{done.actor_kind}:{done.actor_id}"), done.actor_name)
    )
    return Proof(found, worked_by, back is not None and (done is None or back.id > done.id))
