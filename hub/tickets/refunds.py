"""What was given back already (R7): one purchase of a device is refunded or exchanged once."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from hub.core.labels import model_key
from hub.events.models import Event
from hub.tickets import queries
from hub.tickets.kinds import State
from hub.tickets.models import Ticket
from protocols.serial_numbers import serial_form

AT_ONCE = 100
"""So many tickets are looked at by two statements."""
_GIVING = frozenset({"refund", "exchange"})
_PROPOSED, _FULFILLED, _MERGED = "ticket.propose", "ticket.fulfil", "ticket.merge"


def gives(proposal: Event | None) -> bool:
    """Whether a proposed decision gives the customer money or another device."""
    return proposal is not None and proposal.payload.get("decision") in _GIVING


def of_same_purchase(session: Session, ticket: Ticket) -> Ticket | None:
    """Return the other ticket by which the device was, or is to be, refunded or exchanged on the same purchase.

    There is one writer at a time, so that of two decisions at the same instant the second sees the first.
    """
    mine = (ticket.model, ticket.proof_number)
    decided = queries.decided_returns_of_device(session, ticket)
    same = [number for number, model, proof in decided if _of_one_purchase(mine, (model, proof))]
    for first in range(0, len(same), AT_ONCE):
        others = queries.by_number(session, same[first : first + AT_ONCE])
        told = queries.newest_events(session, [one.record for one in others], (_PROPOSED, _FULFILLED, _MERGED))
        for other in others:
            if _stands(other, told) and gives(told.get((other.public_id, _PROPOSED))):
                return other
    return None


def _of_one_purchase(one: tuple[str, str | None], other: tuple[str, str | None]) -> bool:
    """Whether two returns with one serial number, each its model and its proof's number, can be of one purchase.

    A device that is sold again has a proof of its own, with another number; where one of the two has none, nothing
    shows that it was sold again. The number of one proof beside one serial number is one device, however its model was
    written down.
    """
    numbers = [serial_form(number or "") for _, number in (one, other)]
    return numbers[0] == numbers[1] if all(numbers) else model_key(one[0]) == model_key(other[0])


def _stands(ticket: Ticket, told: Mapping[tuple[str, str], Event]) -> bool:
    """Whether the proposal was approved, and not refused in the end."""
    if ticket.state == State.CLOSED:
        return (ticket.public_id, _FULFILLED) in told
    if ticket.state == State.CANCELLED:
        merged = told.get((ticket.public_id, _MERGED))
        return merged is not None and merged.payload.get("from") in {State.APPROVED, State.FULFILLED}
    return True
