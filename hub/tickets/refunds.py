"""What was given back already (R7): one purchase of a device is refunded or exchanged once."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from hub.events.models import Event
from hub.tickets import queries
from hub.tickets.kinds import State
from hub.tickets.models import Ticket
from protocols.serial_numbers import serial_form

AT_ONCE = 100
"""So many tickets are looked at by two statements."""
_GIVING = frozenset({"refund", "exchange"})
_PROPOSED, _FULFILLED = "ticket.propose", "ticket.fulfil"


def gives(proposal: Event | None) -> bool:
    """Whether a proposed decision gives the customer money or another device."""
    return proposal is not None and proposal.payload.get("decision") in _GIVING


def of_same_purchase(session: Session, ticket: Ticket) -> Ticket | None:
    """Return the other ticket by which the device was, or is to be, refunded or exchanged on the same purchase.

    There is one writer at a time, so that of two decisions at the same instant the second sees the first.
    """
    decided = queries.decided_returns_of_device(session, ticket)
    same = [number for number, proof in decided if _of_one_purchase(ticket.proof_number, proof)]
    for first in range(0, len(same), AT_ONCE):
        others = queries.by_number(session, same[first : first + AT_ONCE])
        told = queries.newest_events(session, [one.record for one in others], (_PROPOSED, _FULFILLED))
        for other in others:
            if _stands(other, told) and gives(told.get((other.public_id, _PROPOSED))):
                return other
    return None


def has_number(proof: str | None) -> bool:
    """Whether a proof of purchase has a number that tells it from others."""
    return bool(serial_form(proof or ""))


def _of_one_purchase(mine: str | None, other: str | None) -> bool:
    """Whether a return can be of one purchase with another of its serial number, by the numbers of their proofs.

    A device that is sold again has a proof of its own, with another number. Without a number nothing shows that it was
    sold again, and it is for whoever asks to show it: the other return may be closed, and is not corrected any more.
    The model is not compared, for one device is written down in several ways.
    """
    return not has_number(mine) or serial_form(mine or "") == serial_form(other or "")


def _stands(ticket: Ticket, told: Mapping[tuple[str, str], Event]) -> bool:
    """Whether what was approved is given: what ended, by merging too, was carried out or never will be."""
    ended = ticket.state in {State.CLOSED, State.CANCELLED}
    return not ended or (ticket.public_id, _FULFILLED) in told
