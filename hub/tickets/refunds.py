"""What was refunded already (R7): one purchase of a device is refunded once."""

from sqlalchemy.orm import Session

from hub.tickets import queries
from hub.tickets.kinds import State
from hub.tickets.models import Ticket
from protocols.serial_numbers import serial_form


def of_same_purchase(session: Session, ticket: Ticket) -> Ticket | None:
    """Return the other ticket by which the device was, or is to be, refunded on the same proof of purchase.

    A device that is sold again has a proof of its own, and one proof can be of several devices.
    """
    number = serial_form(ticket.proof_number or "")
    if not number:
        return None
    for other in queries.decided_returns_of_device(session, ticket):
        if serial_form(other.proof_number or "") != number:
            continue
        proposal = queries.newest_event(session, other.record, "ticket.propose")
        refused = other.state == State.CLOSED and not queries.newest_event(session, other.record, "ticket.fulfil")
        if proposal is not None and proposal.payload.get("decision") == "refund" and not refused:
            return other
    return None
