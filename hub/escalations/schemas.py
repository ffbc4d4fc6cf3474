"""What the API takes and gives about escalations."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from hub.core.bodies import JsonBody
from hub.escalations.models import Escalation
from hub.escalations.states import State
from hub.events.schemas import EventOut
from hub.tickets.models import Ticket

Words = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class NewEscalation(JsonBody):
    """A call for the next level."""

    level: Literal["expert", "management"]
    reason: Words = Field(examples=["Third repair of this device; the customer asks for a new one"])


class EscalationAnswer(JsonBody):
    """What is to be done."""

    answer: Words = Field(examples=["Replace the board; Wang calls the customer today"])


class EscalationOut(BaseModel):
    """One escalation (T8) with what it is about."""

    id: str = Field(examples=["E-000003"])
    ticket: str = Field(examples=["T-000042"])
    ticket_kind: str = Field(examples=["repair"])
    ticket_state: str
    store: str | None
    symptom: str
    level: Literal["expert", "management"]
    cause: Literal["clock", "hand"]
    clock: str | None = Field(description="Which clock ran out.", examples=["resolution"])
    state: State
    raised_at: datetime
    raised_by: str = Field(examples=["system:jobs"])
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    answered_at: datetime | None
    answered_by: str | None

    @classmethod
    def fields_of(cls, row: Escalation, ticket: Ticket) -> dict[str, object]:
        """Return the members for one row."""
        return {
            "id": row.public_id,
            "ticket": ticket.public_id,
            "ticket_kind": ticket.kind,
            "ticket_state": ticket.state,
            "store": ticket.store,
            "symptom": ticket.symptom,
            **{name: getattr(row, name) for name in type(row).model_fields.keys() & cls.model_fields if name != "id"},
        }

    @classmethod
    def of(cls, row: Escalation, ticket: Ticket) -> "EscalationOut":
        """Show one row."""
        return cls.model_validate(cls.fields_of(row, ticket))


class EscalationDetail(EscalationOut):
    """An escalation with the history of its ticket, so that nobody has to ask again."""

    history: list[EventOut] = Field(description="The newest 200 events of the ticket, the newest first.")
