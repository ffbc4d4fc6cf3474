"""What was given back already (R7): one purchase of a device is refunded or exchanged once."""

from sqlalchemy.orm import Session

from hub.core.labels import model_key
from hub.events.models import Event
from hub.tickets import queries
from hub.tickets.kinds import State
from hub.tickets.models import Ticket
from protocols.serial_numbers import serial_form

_GIVING = frozenset({"refund", "exchange"})


def gives(proposal: Event | None) -> bool:
    """Whether a proposed decision gives the customer money or another device."""
    return proposal is not None and proposal.payload.get("decision") in _GIVING


def of_same_purchase(session: Session, ticket: Ticket) -> Ticket | None:
    """Return the other ticket by which the device was, or is to be, refunded or exchanged on the same purchase.

    There is one writer at a time, so that of two decisions at the same instant the second sees the first.
    """
    for other in queries.decided_returns_of_device(session, ticket):
        if not _of_one_purchase(ticket, other) or not _stands(session, other):
            continue
        if gives(queries.newest_event(session, other.record, "ticket.propose")):
            return other
    return None


def _of_one_purchase(one: Ticket, other: Ticket) -> bool:
    """Whether two returns with one serial number can be of one purchase.

    A device that is sold again has a proof of its own, with another number; where one of the two has none, nothing
    shows that it was sold again. The number of one proof beside one serial number is one device, however its model was
    written down.
    """
    numbers = [serial_form(ticket.proof_number or "") for ticket in (one, other)]
    return numbers[0] == numbers[1] if all(numbers) else model_key(one.model) == model_key(other.model)


def _stands(session: Session, ticket: Ticket) -> bool:
    """Whether the proposal was approved, and not refused in the end."""
    if ticket.state == State.CLOSED:
        return queries.newest_event(session, ticket.record, "ticket.fulfil") is not None
    if ticket.state == State.CANCELLED:
        merged = queries.newest_event(session, ticket.record, "ticket.merge")
        return merged is not None and merged.payload.get("from") in {State.APPROVED, State.FULFILLED}
    return True
