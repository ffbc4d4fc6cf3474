"""What an action on a ticket does to its repair plan and its repair record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.identity.actors import Actor
from hub.repairs import plans, work
from hub.tickets.actions import ApprovePlan, DeclinePlan, NameCause, PreApprove, ProposePlan, Repaired
from hub.tickets.details import Details
from hub.tickets.models import Ticket

Outcome = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Facts for the event, and new values of the ticket's fields."""


def of_action(
    session: Session, ticket: Ticket, actor: Actor, details: Details | None, occurred_at: datetime
) -> Outcome:
    """Carry ``details`` out; raise a problem before anything is written."""
    match details:
        case ProposePlan():
            return plans.propose(session, ticket, actor, details, occurred_at), {}
        case PreApprove():
            plans.require_witness(
                ticket, "preapprove", actor, details.how, said_at=details.said_at, occurred_at=occurred_at
            )
        case ApprovePlan():
            return plans.approve(session, ticket, actor, details, occurred_at), {}
        case DeclinePlan():
            return plans.decline(session, ticket, actor, details, occurred_at), {}
        case Repaired():
            return work.record(session, ticket, actor, details, occurred_at)
        case NameCause():
            work.require_known_cause(session, ticket, details)
    return {}, {}
