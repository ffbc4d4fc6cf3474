"""Priorities follow what happens (T5): each change is an event with its reasons."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from hub.dispatch.judging import judgement
from hub.dispatch.service import DISPATCHER
from hub.tickets import queries, service
from hub.tickets.kinds import OPEN, State
from hub.tickets.models import Ticket

MAX_AT_ONCE = 1000


def rejudge(session: Session, tickets: Iterable[Ticket]) -> list[Ticket]:
    """Give open tickets the priority that they have by now, but for those that a person set; return the changed."""
    changed = []
    for ticket in tickets:
        if ticket.priority_pinned or State(ticket.state) not in OPEN - {State.DRAFT}:
            continue
        found = judgement(session, ticket)
        if found["priority"] == ticket.priority and _names(found) == _names(
            {"priority_reasons": ticket.priority_reasons}
        ):
            continue
        service.apply(session, ticket, "rejudge", DISPATCHER, writes=found)
        changed.append(ticket)
    return changed


def rejudge_alike(session: Session, ticket: Ticket) -> list[Ticket]:
    """Raise the earlier tickets of a batch problem that ``ticket`` made one; those already raised stay as they are."""
    if not ticket.fault:
        return []
    reasons = judgement(session, ticket)["priority_reasons"] if ticket.priority_pinned else None
    if not _is_batch(ticket.priority_reasons if reasons is None else reasons):
        return []
    found = queries.open_alike(session, ticket, MAX_AT_ONCE)
    return rejudge(session, [one for one in found if one.id != ticket.id and not _is_batch(one.priority_reasons)])


def rejudge_customer(session: Session, customer_id: int) -> list[Ticket]:
    """Give a customer's open tickets the priority that the customer's tier now brings."""
    return rejudge(session, queries.open_of_customer(session, customer_id, MAX_AT_ONCE))


def _is_batch(reasons: Iterable[str]) -> bool:
    return any(code.startswith("batch:") for code in reasons)


def _names(values: dict[str, list[str]]) -> list[str]:
    """Return reasons without the number of a batch, which grows with each ticket."""
    return [code.partition(":")[0] if code.startswith("batch:") else code for code in values["priority_reasons"]]
