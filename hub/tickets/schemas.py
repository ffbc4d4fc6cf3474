"""What the ticket API takes and gives."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub.core.i18n import Language
from hub.events.schemas import EventOut
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.measurements.schemas import RunDetail
from hub.tickets.models import Ticket
from hub.tickets.states import TABLES, Kind, State

Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
Priority = Annotated[int, Field(ge=0, le=9, description="0 is the most urgent, 9 the least.", examples=[5])]


class Strict(BaseModel):
    """A body that refuses unknown members, so that a misspelt one is not lost silently."""

    model_config = ConfigDict(extra="forbid")


class Contact(Strict):
    """How to reach the customer."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=128)] = Field(examples=["李雷"])
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9 -]{5,31}$")] | None = Field(
        default=None, examples=["+86 138 0000 0000"]
    )
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = Field(
        default=None, examples=["li.lei@example.com"]
    )


class DeviceIn(Strict):
    """The device that the ticket is about."""

    model: Line = Field(examples=["SP-100"])
    serial: Line = Field(examples=["SN-20260001"])


class NewTicket(Strict):
    """An intake."""

    kind: Kind = Field(default=Kind.REPAIR, description="What is wanted (T1).")
    device: DeviceIn
    symptom: Prose = Field(examples=["No power; the LED stays dark"])
    contact: Contact | None = None
    priority: Priority = 5
    plan: Name | None = Field(default=None, description="Name of the test plan to run.", examples=["sp-100-repair"])


class Assignment(Strict):
    """Which bench gets the ticket; what is left out stays as it is."""

    bench: Name = Field(examples=["bench-01"])
    plan: Name | None = Field(default=None, examples=["sp-100-repair"])
    priority: Priority | None = None


class ActionIn(Strict):
    """One step of a ticket's life."""

    action: Name = Field(examples=["close"], description="One of the ticket's `actions`.")
    note: Annotated[str, StringConstraints(max_length=4000)] | None = Field(default=None, examples=["Delivered"])


class ActionOut(BaseModel):
    """An action that the caller may take now."""

    action: str = Field(examples=["assign"])
    title: str = Field(examples=["Assign to a bench"])


class TicketOut(BaseModel):
    """A ticket as lists show it."""

    id: str = Field(examples=["T-000042"])
    kind: Kind
    state: State
    priority: int
    device: DeviceIn
    symptom: str
    contact: Contact | None = Field(description="`null` too for callers without `contact:read`.")
    plan: str | None
    bench: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    version: int = Field(description="Counts the changes of this ticket.", examples=[3])

    @classmethod
    def fields_of(cls, ticket: Ticket, caller: Actor) -> dict[str, Any]:
        """Return the members of one row that ``caller`` may see."""
        contact = None
        if ticket.contact_name is not None and caller.may(Permission.CONTACT_READ):
            contact = Contact.model_construct(
                name=ticket.contact_name, phone=ticket.contact_phone, email=ticket.contact_email
            )
        return {
            "id": ticket.public_id,
            "kind": ticket.kind,
            "state": ticket.state,
            "priority": ticket.priority,
            "device": DeviceIn.model_construct(model=ticket.model, serial=ticket.serial),
            "symptom": ticket.symptom,
            "contact": contact,
            "plan": ticket.plan,
            "bench": ticket.bench,
            "created_at": ticket.created_at,
            "updated_at": ticket.updated_at,
            "closed_at": ticket.closed_at,
            "version": ticket.version,
        }

    @classmethod
    def of(cls, ticket: Ticket, caller: Actor) -> "TicketOut":
        """Show one row to ``caller``."""
        return cls(**cls.fields_of(ticket, caller))


class TicketDetail(TicketOut):
    """A ticket with everything that was measured and done for it."""

    actions: list[ActionOut] = Field(description="What the caller may do with the ticket in its present state.")
    runs: list[RunDetail] = Field(description="Its 20 newest test runs, the newest first.")
    timeline: list[EventOut] = Field(description="Its 200 newest events, the newest first.")


def offered_actions(ticket: Ticket, caller: Actor, language: Language) -> list[ActionOut]:
    """Return the actions that ``caller`` may take now."""
    rows = TABLES[Kind(ticket.kind)].offered(State(ticket.state))
    return [ActionOut(action=row.action, title=row.title[language]) for row in rows if caller.may(row.permission)]
