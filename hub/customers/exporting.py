"""Everything that the hub knows of a person, as one JSON document that can be handed to them (M1)."""

from collections.abc import Mapping
from typing import Any

from fastapi.encoders import jsonable_encoder
from sqlalchemy.orm import Session

from hub.core.clock import now
from hub.customers import queries
from hub.customers.service import get, note_access, require_own_stores_alone
from hub.events.models import Event
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.tickets import remarks
from hub.tickets.models import Ticket

ACCESSES = ("customer.read", "customer.listed", "customer.exported")
_PLAIN = frozenset({"customer_id", "bench", "merged_into"})


def export(session: Session, actor: Actor, public_id: str) -> dict[str, Any]:
    """Return the document; that it was made is logged."""
    customer = get(session, actor, public_id)
    actor.require(Permission.CUSTOMER_EXPORT)
    require_own_stores_alone(session, actor, customer)
    note_access(session, actor, [customer], "customer.exported")
    tickets = queries.tickets_of(session, customer.id)
    numbers = [ticket.id for ticket in tickets]
    happened: dict[str, list[Event]] = {}
    for event in queries.events_of_tickets(session, [ticket.public_id for ticket in tickets]):
        happened.setdefault(event.record_id, []).append(event)
    files = queries.attachments_of(session, numbers)
    asked = queries.follow_ups_of(session, numbers)
    visits = queries.appointments_of(session, numbers)
    plans, repairs = queries.plans_of(session, numbers), queries.repairs_of(session, numbers)
    preference = queries.preference(session, customer.id)
    document = {
        "exported_at": now(),
        "customer": customer.model_dump(exclude={"id"}) | {"number": customer.public_id},
        "contact_points": [
            {"kind": one.kind, "value": one.value} for one in queries.contact_points(session, customer.id)
        ],
        "preference": preference.model_dump(exclude={"customer_id"}) if preference is not None else None,
        "purchases": [
            one.model_dump(exclude={"id", "customer_id"}) for one in queries.purchases_of(session, customer.id)
        ],
        "devices": [
            one.model_dump(exclude={"id", "customer_id"}) | {"number": one.public_id}
            for one in queries.devices_of(session, customer.id)
        ],
        "tickets": [
            {
                **_ticket(ticket),
                "timeline": [one.model_dump() for one in remarks.shown(session, happened.get(ticket.public_id, []))],
                "attachments": [
                    one.model_dump(include={"sha256", "media_type", "size", "purpose", "name", "created_at"})
                    for one in files
                    if one.ticket_id == ticket.id
                ],
                "appointments": [
                    one.model_dump(exclude={"id", "ticket_id"}) for one in visits if one.ticket_id == ticket.id
                ],
                "after_care": [
                    one.model_dump(
                        include={"asked_at", "answered_at", "attitude", "speed", "effectiveness", "words", "said"}
                    )
                    for one in asked
                    if one.ticket_id == ticket.id
                ],
                "repair_plans": [
                    one.model_dump(exclude={"id", "ticket_id"}) for one in plans if one.ticket_id == ticket.id
                ],
                "repairs": [
                    one.model_dump(exclude={"id", "ticket_id"}) for one in repairs if one.ticket_id == ticket.id
                ],
            }
            for ticket in tickets
        ],
        "messages": [
            one.model_dump(include={"channel", "address", "subject", "body", "state", "created_at", "sent_at"})
            for one in queries.messages_of(session, customer.id, numbers)
        ],
        "accesses": [
            {"at": one.recorded_at, "kind": one.kind, "by": one.actor_name}
            for one in queries.events_about(session, customer.record, ACCESSES, 1000)
        ],
    }
    encoded: dict[str, Any] = jsonable_encoder(document)
    return encoded


def _ticket(ticket: Ticket) -> Mapping[str, Any]:
    kept = ticket.model_dump(exclude={"id", *_PLAIN})
    return {"number": ticket.public_id, **kept}
