"""What the transfer API takes and gives."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub.tickets.details import Code
from hub.tickets.kinds import Kind, State
from hub.tickets.models import Ticket
from hub.transfers.models import Transfer

TicketNumber = Annotated[str, StringConstraints(pattern=r"^T-[0-9]{6,15}$")]
Note = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class Strict(BaseModel):
    """A body that refuses unknown members, so that a misspelt one is not lost silently."""

    model_config = ConfigDict(extra="forbid")


class NewTransfer(Strict):
    """Where the device goes, and why."""

    to_store: Code = Field(examples=["sh-pudong"])
    reason: Note = Field(examples=["BGA work needs the rework station"])


class TransferNote(Strict):
    """A note on how the device arrived, or why it is not taken."""

    note: Note | None = Field(default=None, examples=["arrived with an undamaged seal"])


class TransferRefusal(Strict):
    """Why the device is not taken."""

    reason: Note = Field(examples=["the parcel was empty"])


class MergeIn(Strict):
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
