"""What the appointment API takes and gives."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from hub.appointments.models import Appointment
from hub.appointments.slots import Slot
from hub.appointments.states import State
from hub.core.bodies import JsonBody
from hub.core.people import UserNumber
from hub.identity.actors import Actor
from hub.identity.permissions import Permission
from hub.policies.values import Moment
from hub.tickets.models import Ticket

Place = Literal["store", "on_site"]
Minutes = Annotated[int, Field(ge=15, le=480)]


class NewAppointment(JsonBody):
    """A time for a ticket; ``person`` left out: whoever is free and has the fewest bookings."""

    starts_at: Moment
    minutes: Minutes = 60
    place: Place
    address: Annotated[str, StringConstraints(min_length=1, max_length=256, strip_whitespace=True)] | None = Field(
        default=None, description="Where to go, for a visit.", examples=["漕溪北路 1 号"]
    )
    person: UserNumber | None = None
    confirmed: bool = Field(default=False, description="The customer has said yes already.")


class Move(JsonBody):
    """Another time, of the same length."""

    starts_at: Moment
    person: UserNumber | None = None


class OutcomeIn(JsonBody):
    """How it went."""

    outcome: Literal["kept", "missed"]


class SlotOut(BaseModel):
    """A time that can be had."""

    starts_at: datetime
    ends_at: datetime
    person: str = Field(examples=["U-000007"])
    bench: str = Field(examples=["bench-01"])

    @classmethod
    def of(cls, slot: Slot) -> "SlotOut":
        """Show one."""
        return cls.model_validate(slot, from_attributes=True)


class AppointmentOut(BaseModel):
    """An appointment."""

    id: str = Field(examples=["V-000003"])
    ticket: str = Field(examples=["T-000042"])
    state: State
    place: Place
    address: str | None = Field(description="`null` too for callers without `contact:read`.")
    person: str
    bench: str
    starts_at: datetime
    ends_at: datetime
    version: int

    @classmethod
    def of(cls, ticket: Ticket, row: Appointment, caller: Actor) -> "AppointmentOut":
        """Show one row to ``caller``."""
        return cls(
            id=row.public_id,
            ticket=ticket.public_id,
            state=State(row.state),
            place="store" if row.place == "store" else "on_site",
            address=row.address if caller.may(Permission.CONTACT_READ) else None,
            person=row.person,
            bench=row.bench,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            version=row.version,
        )
