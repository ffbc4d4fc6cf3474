"""What the transfer API takes and gives."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from hub.core.bodies import JsonBody
from hub.tickets.details import Code
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket
from hub.transfers.models import Transfer

TicketNumber = Annotated[str, StringConstraints(pattern=r"^T-[0-9]{6,15}$")]
Note = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class NewTransfer(JsonBody):
    """Where the device goes, and why."""

    to_store: Code = Field(examples=["sh-pudong"])
    reason: Note = Field(examples=["BGA work needs the rework station"])


class TransferNote(JsonBody):
    """A note on how the device arrived, or why it is not taken."""

    note: Note | None = Field(default=None, examples=["arrived with an undamaged seal"])


class TransferRefusal(JsonBody):
    """Why the device is not taken."""

    reason: Note = Field(examples=["the parcel was empty"])


class MergeIn(JsonBody):
    """Which ticket goes on with it."""

    into: TicketNumber = Field(examples=["T-000041"])
    note: Note | None = None


class TransferOut(BaseModel):
    """One way of a device from a store to another."""

    from_store: str | None
    to_store: str
    sent_by: str = Field(examples=["user:U-000007"])
    sent_at: datetime
    outcome: Literal["received", "refused", "called_back"] | None = Field(description="`null`: on its way.")
    ended_by: str | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Transfer) -> "TransferOut":
        """Show one row."""
        return cls.model_validate(row, from_attributes=True)


class LocationOut(BaseModel):
    """Where a device in our hands is."""

    ticket: str = Field(examples=["T-000042"])
    kind: Kind
    state: State
    model: str
    serial: str
    store: str | None = Field(description="The store that has it, or that sent it.")
    bench: str | None
    in_transit_to: str | None = Field(description="The store that has not received it yet.")
    since: datetime = Field(description="Since when it is there: the last change of the ticket, or the sending.")

    @classmethod
    def of(cls, ticket: Ticket, transfer: Transfer | None) -> "LocationOut":
        """Show where a ticket's device is."""
        return cls(
            ticket=ticket.public_id,
            kind=Kind(ticket.kind),
            state=State(ticket.state),
            model=ticket.model,
            serial=ticket.serial,
            store=ticket.store,
            bench=None if transfer else ticket.bench,
            in_transit_to=transfer.to_store if transfer else None,
            since=transfer.sent_at if transfer else ticket.updated_at,
        )
