"""Judge a ticket's priority from what the database knows (T5)."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.customers import tiers
from hub.customers.models import Customer
from hub.dispatch.documents import FAMILY, STANDARD, DispatchPolicy, delivered
from hub.dispatch.priority import Judged, PriorityFacts, judge
from hub.policies import queries as versions
from hub.policies import service as policies
from hub.tickets import queries
from hub.tickets.kinds import Kind, Urgency
from hub.tickets.models import Ticket


def in_force(session: Session) -> tuple[int, DispatchPolicy]:
    """Return the policy that holds now, with its version (0: the delivered one)."""
    row = policies.in_force(policies.in_order(session, FAMILY, STANDARD), now())
    return (0, delivered()) if row is None else (row.version, versions.document(session, row, DispatchPolicy))


def judged(session: Session, ticket: Ticket, policy: DispatchPolicy) -> Judged:
    """Return how urgent ``ticket`` is now; it need not be in the database yet."""
    customer = session.get(Customer, ticket.customer_id) if ticket.customer_id is not None else None
    tier = customer.tier if customer else None
    batch = policy.priority.batch
    alike = 0
    if ticket.fault:
        alike = 1 + queries.count_others_alike(session, ticket, now() - timedelta(days=batch.within_days))
    facts = PriorityFacts(
        kind=Kind(ticket.kind),
        urgency=Urgency(ticket.urgency) if ticket.urgency else None,
        tier=tier,
        tier_raise=tiers.in_force(session).benefits(tier).priority_raise if tier else 0,
        alike=alike,
    )
    return judge(facts, policy.priority)


def judgement(session: Session, ticket: Ticket) -> dict[str, Any]:
    """Return the priority that the policy in force gives, and its reasons, as the ticket's fields."""
    found = judged(session, ticket, in_force(session)[1])
    return {"priority": found.priority, "priority_reasons": list(found.codes)}
