"""What an intake has, and what it lacks by the policy in force (T3)."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from hub.core.i18n import coded
from hub.core.problems import Problem
from hub.tickets import intake, items, queries
from hub.tickets.intake import IntakePolicy
from hub.tickets.items import Item
from hub.tickets.kinds import KINDS, Channel, Kind
from hub.tickets.models import Attachment, Ticket
from hub.tickets.schemas import IntakeParts, NewTicket, Purpose


def given(parts: IntakeParts) -> frozenset[Item]:
    """Return which things an intake has."""
    device, contact = parts.device, parts.contact
    there = {
        Item.CONTACT: contact is not None and bool(contact.phone or contact.email),
        Item.MODEL: device is not None and device.model is not None,
        Item.SERIAL: device is not None and device.serial is not None,
        Item.PURCHASE_PROOF: parts.purchase_proof is not None,
        Item.SYMPTOM: parts.symptom is not None,
        Item.URGENCY: parts.urgency is not None,
        Item.ACCESSORIES: parts.accessories is not None,
        Item.APPEARANCE: parts.appearance is not None,
    }
    if isinstance(parts, NewTicket):
        there[Item.URGENCY] = there[Item.URGENCY] or parts.priority is not None
        there[Item.WAITED_S] = parts.waited_s is not None
        there[Item.PHOTOS] = any(one.purpose is Purpose.PHOTO for one in parts.attachments)
    return frozenset(item for item, is_there in there.items() if is_there)


def given_by(session: Session, ticket: Ticket, files: Sequence[Attachment] | None = None) -> frozenset[Item]:
    """Return which things the intake of a ticket has; ``files`` are all of its files where they are at hand."""
    files = queries.attachments(session, ticket.id) if files is None else files
    there = {
        Item.CONTACT: bool(ticket.contact_phone or ticket.contact_email),
        Item.MODEL: bool(ticket.model),
        Item.SERIAL: bool(ticket.serial),
        Item.PURCHASE_PROOF: ticket.proof_kind is not None,
        Item.SYMPTOM: bool(ticket.symptom),
        Item.URGENCY: ticket.urgency is not None or ticket.priority_pinned,
        Item.ACCESSORIES: ticket.accessories is not None,
        Item.APPEARANCE: ticket.appearance is not None,
        Item.WAITED_S: ticket.waited_s is not None,
        Item.PHOTOS: any(row.purpose == Purpose.PHOTO for row in files),
    }
    return frozenset(item for item, is_there in there.items() if is_there)


def still_wanted(session: Session, ticket: Ticket, files: Sequence[Attachment] | None = None) -> tuple[Item, ...]:
    """Return what is to be taken down when the device comes to the counter; ``files`` as for ``given_by``."""
    return intake.later(intake.in_force(session), Kind(ticket.kind), given_by(session, ticket, files))


def require(policy: IntakePolicy, kind: Kind, channel: Channel | None, there: frozenset[Item]) -> None:
    """Raise the intake-incomplete problem unless everything that is wanted is ``there``."""
    absent = intake.missing(policy, kind, channel, there)
    if absent:
        raise incomplete(kind, absent)


def incomplete(kind: Kind, absent: tuple[Item, ...]) -> Problem:
    """Return the refusal of an intake without ``absent``."""
    return Problem(
        intake.INTAKE_INCOMPLETE,
        errors=items.field_errors(absent),
        count=len(absent),
        ticket_kind=coded(kind, KINDS[kind]),
        missing=items.names(absent),
    )
