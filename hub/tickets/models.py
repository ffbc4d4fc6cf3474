"""Tables of tickets."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from hub.core.database import BigKey, Json, Mapped, Table, UtcDateTime, Versioned
from hub.core.ids import public_id
from hub.core.labels import model_key

PREFIX = "T"

_IS_OPEN = text("closed_at IS NULL")
_HAS_FAULT = text("fault IS NOT NULL")


class Ticket(Versioned, Table, table=True):
    """One ticket (T1). ``state`` changes through ``service.apply`` only; ``version`` counts changes.

    A text that is not there (a consultation without a device, a draft) is empty. ``model_key`` is what all spellings
    of ``model`` share, and changes with it: tickets of one model are found by it. The contact is how this ticket's
    customer wants to be reached; erasing the customer empties it.
    """

    __tablename__ = "ticket"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    kind: Mapped[str] = Field(max_length=32)
    state: Mapped[str] = Field(max_length=32)
    priority: Mapped[int]
    model: Mapped[str] = Field(max_length=64)
    model_key: Mapped[str] = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    serial: Mapped[str] = Field(max_length=64)
    symptom: Mapped[str] = Field(sa_type=Text)
    store: Mapped[str | None] = Field(default=None, max_length=64)
    channel: Mapped[str | None] = Field(default=None, max_length=16)
    urgency: Mapped[str | None] = Field(default=None, max_length=16)
    fault: Mapped[str | None] = Field(default=None, max_length=64)
    accessories: Mapped[list[Any] | None] = Field(default=None, sa_type=Json)
    appearance: Mapped[str | None] = Field(default=None, sa_type=Text)
    proof_kind: Mapped[str | None] = Field(default=None, max_length=16)
    proof_number: Mapped[str | None] = Field(default=None, max_length=64)
    waited_s: Mapped[int | None] = Field(default=None)
    customer_id: Mapped[int | None] = Field(default=None, sa_type=BigKey, foreign_key="customer.id")
    contact_name: Mapped[str | None] = Field(default=None, max_length=128)
    contact_phone: Mapped[str | None] = Field(default=None, max_length=32)
    contact_email: Mapped[str | None] = Field(default=None, max_length=254)
    plan: Mapped[str | None] = Field(default=None, max_length=128)
    bench: Mapped[str | None] = Field(default=None, foreign_key="bench.name", max_length=128)
    owner: Mapped[str | None] = Field(default=None, max_length=64)
    approval: Mapped[str | None] = Field(default=None, max_length=16)
    root_cause: Mapped[str | None] = Field(default=None, max_length=64)
    reviewed: Mapped[bool] = Field(default=False)
    test_waived: Mapped[bool] = Field(default=False)
    priority_pinned: Mapped[bool] = Field(default=False)
    priority_reasons: Mapped[list[Any]] = Field(default_factory=list, sa_type=Json)
    merged_into: Mapped[int | None] = Field(default=None, sa_type=BigKey, foreign_key="ticket.id")
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    updated_at: Mapped[datetime] = Field(sa_type=UtcDateTime)
    closed_at: Mapped[datetime | None] = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority_range"),
        CheckConstraint("state IN ('draft', 'cancelled') OR length(symptom) > 0", name="complete"),
        Index("ix_ticket_state", "state", "id"),
        # A filter of the list whose value is rare would read it to its end; each of these gives its rows in order.
        Index("ix_ticket_bench", "bench", "id"),
        Index("ix_ticket_kind", "kind", "id"),
        Index("ix_ticket_channel", "channel", "id"),
        Index("ix_ticket_priority", "priority", "id"),
        Index("ix_ticket_store", "store", "id"),
        Index("ix_ticket_serial", "serial", "id"),
        Index("ix_ticket_customer", "customer_id", "id"),
        Index("ix_ticket_fault", "fault", "id", sqlite_where=_HAS_FAULT, postgresql_where=_HAS_FAULT),
        Index("ix_ticket_created", "created_at", "id"),
        Index("ix_ticket_updated", "updated_at", "id"),
        Index("ix_ticket_alike", "model_key", "fault", "created_at", "state", "serial"),
        # Few tickets are open, and the desk, the benches and the dispatch ask for these again and again.
        Index("ix_ticket_open", "bench", "state", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        Index("ix_ticket_open_alike", "model_key", "fault", "id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
        {"sqlite_autoincrement": True},
    )

    def __init__(self, **values: Any) -> None:
        """Set the columns that are given, and the key of the model."""
        super().__init__(**values)
        # Set as the columns that are given are: what the ticket begins with is no change of it.
        self.__dict__["model_key"] = model_key(values.get("model", ""))

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a column; with the model its key."""
        super().__setattr__(name, value)
        if name == "model":
            super().__setattr__("model_key", model_key(value))

    @property
    def public_id(self) -> str:
        """The number that people and benches know the ticket by."""
        return public_id(PREFIX, self.id)

    @property
    def record(self) -> tuple[str, str]:
        """The ticket as events name it."""
        return ("ticket", self.public_id)


class Remark(Table, table=True):
    """What people wrote about a ticket, outside of the event that it belongs to.

    Free text can name people, so it must be erasable, and an event is not. The event keeps a commitment to the text:
    the SHA-256 of salt and content. While both are there, a changed text shows; when both are erased, nothing can be
    found out from what the event keeps.
    """

    __tablename__ = "ticket_remark"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    salt: Mapped[str | None] = Field(default=None, max_length=32)
    content: Mapped[dict[str, Any] | None] = Field(default=None, sa_type=Json)

    __table_args__ = (Index("ix_ticket_remark_ticket", "ticket_id", "id"), {"sqlite_autoincrement": True})


class Attachment(Table, table=True):
    """A file that somebody added to a ticket: a photo, a proof of purchase."""

    __tablename__ = "attachment"

    id: Mapped[int] = Field(default=None, sa_type=BigKey, primary_key=True)
    ticket_id: Mapped[int] = Field(sa_type=BigKey, foreign_key="ticket.id")
    sha256: Mapped[str] = Field(max_length=64)
    media_type: Mapped[str] = Field(max_length=64)
    size: Mapped[int] = Field(sa_type=BigInteger)
    purpose: Mapped[str] = Field(max_length=32)
    name: Mapped[str | None] = Field(default=None, max_length=128)
    added_by: Mapped[str] = Field(max_length=64)
    created_at: Mapped[datetime] = Field(sa_type=UtcDateTime)

    __table_args__ = (
        Index("ix_attachment_ticket", "ticket_id", "id"),
        Index("ix_attachment_sha256", "sha256"),
        {"sqlite_autoincrement": True},
    )
